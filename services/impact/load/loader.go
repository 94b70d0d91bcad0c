package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/run"
)

// Config bounds the batches. Only Key is required.
type Config struct {
	// Key of the HMAC of subscriber IDs, 16 bytes or more. With another key
	// the same person counts as another.
	Key []byte
	// MaxRows ends a batch, which may exceed it by one event; 0 is 50,000.
	MaxRows int
	// Linger is how long the first event of a batch waits for others; 0 is
	// 50 ms. While an insert is under way, the next batch gathers.
	Linger time.Duration
	// Pace is the least time from one insert to the next of a stream that
	// flows, unless a batch is full; 0 is 250 ms. It bounds the parts that
	// ClickHouse has to merge.
	Pace time.Duration
	// Standby is for how long a position that another program writes must be
	// still before this one takes over; 0 is 10 s.
	Standby time.Duration
}

func (c *Config) validate() error {
	if len(c.Key) < 16 {
		return errors.New("load: the key is shorter than 16 bytes")
	}
	if c.MaxRows < 0 || c.MaxRows > 1_000_000 || c.Linger < 0 || c.Pace < 0 || c.Standby < 0 {
		return errors.New("load: MaxRows is not between 0 and 1,000,000, or a duration is negative")
	}
	if c.MaxRows == 0 {
		c.MaxRows = 50_000
	}
	c.Linger = orDefault(c.Linger, 50*time.Millisecond)
	c.Pace = orDefault(c.Pace, 250*time.Millisecond)
	c.Standby = orDefault(c.Standby, 10*time.Second)
	return nil
}

func orDefault(d, byDefault time.Duration) time.Duration {
	if d == 0 {
		return byDefault
	}
	return d
}

// target is one stream and the rows it becomes.
type target struct {
	stream, consumer string // consumer names the reader in dead letters and replays
	prefix           string // of the stream's subjects
	rows             func() rows
}

func (c Config) targets() []target {
	return []target{
		{bus.StreamReceipts, bus.ConsumerImpact, events.SubjectReceipt, func() rows { return &receiptRows{people: newPseudonyms(c.Key)} }},
		{bus.StreamPublications, bus.ConsumerImpactPublications, events.SubjectPublication, func() rows { return &publicationRows{} }},
		{bus.StreamMessages, bus.ConsumerImpactMessages, events.SubjectMessage, func() rows { return &messageRows{} }},
	}
}

// Loader loads the streams. Make it with New, use it for one Run at a time.
type Loader struct {
	cfg     Config
	deps    run.Deps
	conn    driver.Conn
	metrics metrics
	onStep  func(step) // of tests: what was just done

	mu   sync.Mutex
	errs map[string]error // by stream: why it is not loading
}

// step is a moment of a batch's life, for the tests that end it there.
type step string

const (
	stepIntended step = "intended"
	stepInserted step = "inserted"
	stepSettled  step = "settled"
)

type metrics struct {
	rows, letters *prometheus.CounterVec
	lag           *prometheus.GaugeVec
	insert        *prometheus.HistogramVec
}

// New validates and does no I/O.
func New(deps run.Deps, conn driver.Conn, cfg Config) (*Loader, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	deps = deps.WithDefaults()
	stage := run.NewStage(deps.Metrics, "impact")
	label := run.Label{Name: "stream", Values: []string{bus.StreamReceipts, bus.StreamPublications, bus.StreamMessages}}
	l := &Loader{
		cfg: cfg, deps: deps, conn: conn, onStep: func(step) {}, errs: map[string]error{},
		metrics: metrics{
			rows:    stage.Counter("rows_total", "Rows inserted into ClickHouse.", label),
			letters: stage.Counter("dead_letters_total", "Events that were not valid.", label),
			lag:     stage.Gauge("lag_messages", "Events of the stream not yet in ClickHouse; absent until known.", run.Label{Name: "stream"}),
			insert: stage.Histogram("insert_seconds", "Time of one insert.",
				[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 10}, label),
		},
	}
	l.reportAll(errStarting)
	return l, nil
}

// Run loads until ctx ends; the tables and the bus must exist. What fails is
// tried again: Err tells.
func (l *Loader) Run(ctx context.Context) error {
	defer l.reportAll(errStarting)
	kv, err := l.deps.JetStream.KeyValue(ctx, bus.BucketImpact)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	tables, ok := l.tables(ctx)
	if !ok {
		return nil
	}
	var wg sync.WaitGroup
	for _, t := range l.cfg.targets() {
		s := &reader{
			Loader: l, target: t, log: l.deps.Logger.With("stream", t.stream),
			ledger: ledger{kv: kv, key: "position." + tables + "." + t.stream},
		}
		l.report(t.stream, errStarting)
		wg.Go(func() { s.run(ctx) })
	}
	wg.Wait()
	return nil
}

// tables asks which tables these are, until ClickHouse answers; false when ctx
// ended.
func (l *Loader) tables(ctx context.Context) (string, bool) {
	for delay := firstRetry; ; delay = min(delay*2, maxRetry) {
		id, err := identity(ctx, l.conn)
		if err == nil {
			return id, true
		}
		l.reportAll(err)
		l.deps.Logger.Warn("not loading", "err", err)
		if !l.sleep(ctx, delay) {
			return "", false
		}
	}
}

var errStarting = errors.New("reading the position")

// Err tells why some stream is not being loaded, nil when all are; before Run,
// and after it, none is.
func (l *Loader) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.cfg.targets() {
		if err := l.errs[t.stream]; err != nil {
			return fmt.Errorf("load: %s: %w", t.stream, err)
		}
	}
	return nil
}

// report keeps the state of a stream and says whether it changed between
// loading and not.
func (l *Loader) report(stream string, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := (l.errs[stream] == nil) != (err == nil)
	l.errs[stream] = err
	return changed
}

func (l *Loader) reportAll(err error) {
	for _, t := range l.cfg.targets() {
		l.report(t.stream, err)
	}
}

// sleep waits, false when ctx ended.
func (l *Loader) sleep(ctx context.Context, d time.Duration) bool {
	timer := l.deps.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// reader loads one stream.
type reader struct {
	*Loader
	target
	ledger ledger
	log    *slog.Logger
	spare  sync.Pool // of rows: a batch costs no memory that the one before had

	newest atomic.Uint64 // sequence of the newest event known to be in the stream
	floor  uint64        // sequence before the oldest that the stream held at the start
}
