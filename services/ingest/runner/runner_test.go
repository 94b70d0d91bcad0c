package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest/source"
)

const within = 30 * time.Second

// script is a source that a test drives.
type script struct {
	fetch func(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error)
}

func (s *script) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	return s.fetch(ctx, cur)
}

// box is a pushed source whose items are the header's.
type box struct{}

func (box) Accept(_ context.Context, h http.Header, body []byte) ([]source.Record, error) {
	if string(body) == "bad" {
		return nil, events.Permanent(events.ReasonInvalidContent, &source.InvalidError{Body: body, Err: errors.New("bad")})
	}
	return []source.Record{item(h.Get("Item"), string(body), "", time.Time{})}, nil
}

// bench is a runner on a real bucket, with its outputs.
type bench struct {
	*Runner
	kv     jetstream.KeyValue
	health *registry.Repository[registry.SourceHealth]

	mu       sync.Mutex
	raws     []events.Raw
	rejected []record.Rejection
	refuse   atomic.Bool // the bus
}

func newBench(t *testing.T, js jetstream.JetStream, owns func(string) bool, fetch func(spec source.Spec) *script) *bench {
	t.Helper()
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := registry.OpenBucket(t.Context(), js, jetstream.KeyValueConfig{Bucket: "cursors"})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{kv: kv, health: reg.SourceHealth}
	every := source.Interval{Least: 10 * time.Millisecond, Usual: 10 * time.Millisecond, Most: 10 * time.Millisecond}
	b.Runner = New(Config{Gap: -1, Workers: 8}, Deps{
		Kinds: []source.Kind{
			{Name: "script", Interval: every, New: func(_ source.Deps, spec source.Spec) (any, error) { return fetch(spec), nil }},
			{Name: "list", Interval: every, VanishWithdraws: true, New: func(_ source.Deps, spec source.Spec) (any, error) { return fetch(spec), nil }},
			{Name: "box", New: func(source.Deps, source.Spec) (any, error) { return box{}, nil }},
		},
		Cursors: kv, Health: reg.SourceHealth, Owns: owns, Clock: run.SystemClock{}, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(nil),
		Publish: func(_ context.Context, evs ...events.Event) error {
			if b.refuse.Load() {
				return errors.New("the bus is away")
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, e := range evs {
				b.raws = append(b.raws, e.(events.Raw))
			}
			return nil
		},
		Reject: func(_ context.Context, r record.Rejection) (bool, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if slices.ContainsFunc(b.rejected, func(other record.Rejection) bool { return other.ID() == r.ID() }) {
				return false, nil
			}
			b.rejected = append(b.rejected, r)
			return true, nil
		},
	})
	return b
}

func (b *bench) start(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (b *bench) published() []events.Raw {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.raws)
}

func (b *bench) set(t *testing.T, spec source.Spec) {
	t.Helper()
	if err := b.Set(t.Context(), spec, 0); err != nil {
		t.Fatal(err)
	}
}

func spec(id string) source.Spec { return source.Spec{Authority: "a", ID: id, Kind: "script"} }

func always(records ...source.Record) func(source.Spec) *script {
	return func(source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			return slices.Clone(records), cur, nil
		}}
	}
}

// email-alert-api ADR-009, huginn#2438: what fails halfway is neither lost nor skipped.
func TestCursorIsSavedOnlyOnceTheRawsAreStored(t *testing.T) {
	var turns atomic.Int64
	b := newBench(t, eventstest.JetStream(t), nil, func(source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			turns.Add(1)
			if cur.ETag == "seen" {
				return nil, cur, source.ErrUnchanged
			}
			return []source.Record{item("1", "Un", "", time.Now())}, source.Cursor{ETag: "seen"}, nil
		}}
	})
	b.refuse.Store(true)
	b.set(t, spec("s"))
	b.start(t)
	eventstest.Eventually(t, func() bool { return turns.Load() >= 1 }, within, "turn")
	eventstest.Eventually(t, func() bool {
		h, _, err := b.health.Get(t.Context(), "a", "s")
		return err == nil && h.ErrorStreak == 1
	}, within, "health")
	if _, err := b.kv.Get(t.Context(), "a.s"); !errors.Is(err, jetstream.ErrKeyNotFound) {
		t.Fatalf("the cursor was saved: %v", err)
	}
	b.refuse.Store(false)
	eventstest.Eventually(t, func() bool { b.Hurry("a.s"); return len(b.published()) == 1 }, within, "raw")
	if raw := b.published()[0]; raw.ID != events.RawID("a", "s", "1", raw.Hash) || raw.Revision != 1 || raw.Backlog {
		t.Errorf("raw %+v", raw)
	}
}

func TestSecondProcessGoesOnFromTheCursor(t *testing.T) {
	js := eventstest.JetStream(t)
	for range 2 {
		b := newBench(t, js, nil, always(item("1", "Un", "", time.Now())))
		b.set(t, spec("s"))
		stop := b.start(t)
		eventstest.Eventually(t, func() bool { _, err := b.kv.Get(t.Context(), "a.s"); return err == nil && b.Sources() == 1 }, within, "cursor")
		b.Hurry("a.s")
		eventstest.Eventually(t, func() bool {
			h, _, err := b.health.Get(t.Context(), "a", "s")
			return err == nil && !h.LastSuccess.IsZero()
		}, within, "success")
		stop()
		if n := len(b.published()); n > 1 {
			t.Errorf("%d raws", n)
		}
	}
}

func TestListWithdrawsWhatVanishes(t *testing.T) {
	var shown atomic.Value
	shown.Store([]source.Record{item("1", "Un", "", time.Now()), item("2", "Deux", "", time.Now())})
	b := newBench(t, eventstest.JetStream(t), nil, func(source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			return slices.Clone(shown.Load().([]source.Record)), cur, nil
		}}
	})
	s := spec("s")
	s.Kind = "list"
	b.set(t, s)
	b.start(t)
	eventstest.Eventually(t, func() bool { return len(b.published()) == 2 }, within, "raws")
	shown.Store([]source.Record{item("2", "Deux", "", time.Now())})
	eventstest.Eventually(t, func() bool { return len(b.published()) == 3 }, within, "withdrawal")
	if raw := b.published()[2]; !raw.Withdrawn || raw.Item != "1" || raw.Record != nil {
		t.Errorf("raw %+v", raw)
	}
}

func TestPanickingConnectorEndsItsTurnOnly(t *testing.T) {
	b := newBench(t, eventstest.JetStream(t), nil, func(s source.Spec) *script {
		if s.ID == "bad" {
			return &script{func(context.Context, source.Cursor) ([]source.Record, source.Cursor, error) { panic("s3cret") }}
		}
		return always(item("1", "Un", "", time.Now()))(s)
	})
	b.set(t, spec("bad"))
	b.set(t, spec("good"))
	b.start(t)
	eventstest.Eventually(t, func() bool {
		h, _, err := b.health.Get(t.Context(), "a", "bad")
		return err == nil && h.LastReason == events.ReasonInternal && len(b.published()) == 1
	}, within, "both")
}

// TestConnectorThatHangsKeepsNoWorker: its health says so, the others are read, and
// it is not asked a second time at once.
func TestConnectorThatHangsKeepsNoWorker(t *testing.T) {
	hang := make(chan struct{})
	var asked atomic.Int64
	b := newBench(t, eventstest.JetStream(t), nil, func(s source.Spec) *script {
		return &script{func(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			switch s.ID {
			case "hangs":
				if asked.Add(1) == 1 {
					<-hang // whatever becomes of ctx
				}
			case "slow":
				<-ctx.Done()
				return nil, cur, ctx.Err()
			}
			return []source.Record{item("1", "x", "", time.Time{})}, cur, nil
		}}
	})
	b.cfg.Workers, b.cfg.ReadWithin, b.cfg.ReturnWithin = 1, 10*time.Millisecond, 10*time.Millisecond
	for _, id := range []string{"hangs", "slow", "good"} {
		b.set(t, spec(id))
	}
	b.start(t)
	eventstest.Eventually(t, func() bool { return len(b.published()) == 1 }, within, "the good source is read")
	for _, id := range []string{"hangs", "slow"} {
		eventstest.Eventually(t, func() bool {
			h, _, err := b.health.Get(t.Context(), "a", id)
			return err == nil && h.LastReason == events.ReasonTimeout
		}, within, "its health tells of "+id)
	}
	b.Hurry("a.hangs")
	eventstest.Eventually(t, func() bool {
		h, _, err := b.health.Get(t.Context(), "a", "hangs")
		return err == nil && h.ErrorStreak > 1
	}, within, "another turn")
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times while it hangs", n)
	}
	close(hang)
	eventstest.Eventually(t, func() bool { b.Hurry("a.hangs"); return len(b.published()) == 2 }, within, "it is read once it came back")
}

func TestRefusedItemIsKeptOnceAndTheOthersGoOn(t *testing.T) {
	var turns atomic.Int64
	b := newBench(t, eventstest.JetStream(t), nil, func(source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			turns.Add(1)
			refused := source.Record{Item: "2", Refused: events.Permanent(events.ReasonInvalidContent, &source.InvalidError{Body: []byte("<x>"), Err: errors.New("not an alert")})}
			huge := source.Record{Item: "3", Value: record.Entry{Title: "x", Body: fmt.Sprintf("%0800000d", 1)}}
			return []source.Record{item("1", "Un", "", time.Now()), refused, huge}, cur, nil
		}}
	})
	b.set(t, spec("s"))
	b.start(t)
	eventstest.Eventually(t, func() bool { return turns.Load() > 5 }, within, "turns")
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.raws) != 1 || len(b.rejected) != 2 || string(b.rejected[0].Body) != "<x>" || b.rejected[1].Reason != events.ReasonTooLarge {
		t.Errorf("%d raws, rejected %+v", len(b.raws), b.rejected)
	}
}

func TestSourcesComeAndGo(t *testing.T) {
	var mu sync.Mutex
	turns := map[string]int{}
	b := newBench(t, eventstest.JetStream(t), nil, func(s source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			mu.Lock()
			defer mu.Unlock()
			turns[s.ID+s.URL]++
			return nil, cur, source.ErrUnchanged
		}}
	})
	count := func(key string) int { mu.Lock(); defer mu.Unlock(); return turns[key] }
	b.start(t)
	b.set(t, spec("s"))
	eventstest.Eventually(t, func() bool { return count("s") > 2 }, within, "added")
	changed := spec("s")
	changed.URL = "https://new.example"
	b.set(t, changed)
	eventstest.Eventually(t, func() bool { return count("shttps://new.example") > 2 }, within, "changed")
	if b.Sources() != 1 {
		t.Errorf("%d sources", b.Sources())
	}
	paused := changed
	paused.Paused = true
	b.set(t, paused)
	eventstest.Eventually(t, func() bool { return b.Sources() == 0 }, within, "paused")
	if err := b.Set(t.Context(), source.Spec{Authority: "a", ID: "x", Kind: "nothing"}, 0); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
		t.Errorf("unknown kind: %v", err)
	}
	if h, _, err := b.health.Get(t.Context(), "a", "x"); err != nil || h.LastReason != events.ReasonInvalidConfig {
		t.Errorf("its health: %+v, %v", h, err)
	}
}

func TestPushedItems(t *testing.T) {
	b := newBench(t, eventstest.JetStream(t), nil, nil)
	b.set(t, source.Spec{Authority: "a", ID: "hook", Kind: "box"})
	var group sync.WaitGroup
	for i := range 8 { // writers that meet lose nothing
		group.Go(func() {
			if status, err := b.Push(t.Context(), "a.hook", http.Header{"Item": {fmt.Sprint(i)}}, []byte("Rue barrée")); status != http.StatusAccepted || err != nil {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, raw := range b.published() {
		seen[raw.ID] = true
		if raw.Backlog {
			t.Error("a pushed item is backlog")
		}
	}
	before := len(b.published())
	if len(seen) != 8 {
		t.Errorf("%d raws, want 8", len(seen))
	}
	if status, err := b.Push(t.Context(), "a.hook", http.Header{"Item": {"3"}}, []byte("Rue barrée")); status != http.StatusAccepted || err != nil || len(b.published()) != before {
		t.Errorf("sent again: %d, %v", status, err)
	}
	if status, _ := b.Push(t.Context(), "a.hook", nil, []byte("bad")); status != http.StatusUnprocessableEntity || len(b.rejected) != 1 {
		t.Errorf("bad: %d, %d rejected", status, len(b.rejected))
	}
	if status, _ := b.Push(t.Context(), "a.other", nil, nil); status != http.StatusNotFound {
		t.Errorf("unknown: %d", status)
	}
}

// told is a source that is polled, pushed to, and says when it changes.
type told struct {
	*script
	watches chan func()
}

func (w *told) Watch(ctx context.Context, changed func()) error {
	select {
	case w.watches <- changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-ctx.Done()
	return ctx.Err()
}

func (w *told) Serve(rw http.ResponseWriter, r *http.Request, publish func(context.Context, []source.Record) error) {
	if err := publish(r.Context(), []source.Record{item(r.Header.Get("Item"), "Poussé "+r.Header.Get("Item"), "", time.Time{})}); err != nil {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	rw.WriteHeader(http.StatusAccepted)
}

// TestSignOfAChangeHurriesTheNextTurn: a source asked every hour is read at once
// when it says that it changed, also while it is being read.
func TestSignOfAChangeHurriesTheNextTurn(t *testing.T) {
	turns := make(chan struct{})
	w := &told{watches: make(chan func())}
	w.script = &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
		turns <- struct{}{}
		return nil, cur, source.ErrUnchanged
	}}
	b := newBench(t, eventstest.JetStream(t), nil, nil)
	b.kinds["told"] = &source.Kind{Name: "told", Interval: source.Interval{Least: time.Hour, Usual: time.Hour, Most: time.Hour}, New: func(source.Deps, source.Spec) (any, error) { return w, nil }}
	b.start(t)
	s := spec("s")
	s.Kind = "told"
	b.set(t, s)
	changed := <-w.watches
	changed() // during the first turn, which waits for the channel
	<-turns
	<-turns
	eventstest.Eventually(t, func() bool {
		changed()
		select {
		case <-turns:
			return true
		default:
			return false
		}
	}, within, "a third turn")
	paused := s
	paused.Paused = true
	go func() {
		for range turns { // one may be under way
		}
	}()
	b.set(t, paused)
	b.watches.Wait() // its line is closed
}

// TestPolledAndPushedTo: what is pushed to a source that is polled too is neither
// lost, nor said twice, nor does it spoil the turn; its backlog stays backlog.
func TestPolledAndPushedTo(t *testing.T) {
	old := time.Now().AddDate(-1, 0, 0)
	start := make(chan struct{})
	w := &told{watches: make(chan func(), 1)}
	w.script = &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
		<-start
		return []source.Record{item("1", "Ancien", "", old), item("2", "Poussé 2", "", time.Now())}, cur, nil
	}}
	b := newBench(t, eventstest.JetStream(t), nil, nil)
	every := 5 * time.Millisecond
	b.kinds["told"] = &source.Kind{Name: "told", Interval: source.Interval{Least: every, Usual: every, Most: every}, New: func(source.Deps, source.Spec) (any, error) { return w, nil }}
	s := spec("s")
	s.Kind = "told"
	b.set(t, s)
	push := func(id string) {
		req := httptest.NewRequest(http.MethodPost, "/", nil)
		req.Header.Set("Item", id)
		rec := httptest.NewRecorder()
		if !b.Serve(s.Key(), rec, req) || rec.Code != http.StatusAccepted {
			t.Errorf("push %s: %d", id, rec.Code)
		}
	}
	push("2")
	b.start(t)
	close(start)
	for i := range 20 {
		push(fmt.Sprint(100 + i))
	}
	eventstest.Eventually(t, func() bool { return len(b.published()) >= 22 }, within, "all published")
	seen := map[string]bool{}
	for _, raw := range b.published() {
		seen[raw.ID] = true
		if raw.Backlog != (raw.Item == "1") {
			t.Errorf("item %s: backlog %t", raw.Item, raw.Backlog)
		}
	}
	if len(seen) != 22 {
		t.Errorf("%d raws, want 22", len(seen))
	}
	if h, _, err := b.health.Get(t.Context(), s.Authority, s.ID); err != nil || h.ErrorStreak > 0 {
		t.Errorf("health %+v, %v", h, err)
	}
}

// prometheus/alertmanager#4108: two instances both act.
func TestTwoProcessesNeverFetchOneSource(t *testing.T) {
	js := eventstest.JetStream(t)
	var busy sync.Map
	var both atomic.Int64
	by := [2]atomic.Int64{}
	kv, err := registry.OpenBucket(t.Context(), js, jetstream.KeyValueConfig{Bucket: "cursors"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := MembersConfig{TTL: 600 * time.Millisecond, Clock: run.SystemClock{}, Log: slog.New(slog.DiscardHandler)}
	process := func(n int) (leave func()) {
		m, err := Join(t.Context(), kv, cfg)
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t, js, m.Owns, func(s source.Spec) *script {
			return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
				if _, taken := busy.LoadOrStore(s.ID, n); taken {
					both.Add(1)
				}
				by[n].Add(1)
				busy.Delete(s.ID)
				return nil, cur, source.ErrUnchanged
			}}
		})
		for i := range 40 {
			b.set(t, spec(fmt.Sprint("s", i)))
		}
		stop := b.start(t)
		go func() { // sources of the other are looked at again soon
			for t.Context().Err() == nil {
				for i := range 40 {
					b.Hurry(fmt.Sprint("a.s", i))
				}
				select {
				case <-time.After(20 * time.Millisecond):
				case <-t.Context().Done():
				}
			}
		}()
		return func() { stop(); m.Leave() }
	}
	leave := process(0)
	eventstest.Eventually(t, func() bool { return by[0].Load() > 100 }, within, "the first alone")
	process(1)
	eventstest.Eventually(t, func() bool { return by[1].Load() > 100 }, within, "the second's share")
	first := by[0].Load()
	eventstest.Eventually(t, func() bool { return by[0].Load() > first+100 }, within, "the first's share")
	leave()
	m, err := Join(t.Context(), kv, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Leave()
	owned := func() (n int) {
		for i := range 50 {
			if m.Owns(fmt.Sprintf("%d.example", i)) {
				n++
			}
		}
		return n
	}
	if n := owned(); n != 0 {
		t.Errorf("a newcomer takes %d hosts before the others know of it", n)
	}
	eventstest.Eventually(t, func() bool { return owned() > 0 }, within, "the newcomer's share")
	if both.Load() != 0 {
		t.Errorf("%d sources were fetched by two at once", both.Load())
	}
}
