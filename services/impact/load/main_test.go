package load

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/impact/engine"
)

func TestMain(m *testing.M) {
	engine.ChildMain()
	if os.Getenv(envChild) != "" {
		os.Exit(loaderProcess())
	}
	os.Exit(m.Run())
}

const patience = 60 * time.Second

var testKey = []byte("0123456789abcdef0123456789abcdef")

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// world makes receipts as publisher and audience would, the same for a seed.
type world struct {
	random *rand.Rand
	n      int
}

func newWorld(seed uint64) *world { return &world{random: rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](w *world, of ...T) T { return of[w.random.IntN(len(of))] }

// receipt makes one for up to most recipients.
func (w *world) receipt(most int) events.Receipt {
	w.n++
	channel := pick(w, "sms", "email", "panneau")
	publication := events.NewID("p", pick(w, "1", "2", "3", "4"))
	approved := start().Add(time.Duration(w.random.IntN(48)) * time.Hour)
	r := events.Receipt{
		Step: fmt.Sprint("step-", w.n), Publication: publication, Revision: 1 + w.random.IntN(2),
		Authority: pick(w, "bordeaux", "merignac"), Stream: pick(w, "voirie", "alertes"), Channel: channel, Kind: channel,
		Class: pick(w, events.Classes()...), Topic: pick(w, "travaux", "crue"), Batch: w.random.IntN(3),
		SourceAt: approved.Add(-3 * time.Minute), FetchedAt: approved.Add(-2 * time.Minute), ApprovedAt: approved,
		CreatedAt: approved.Add(time.Duration(w.random.IntN(4_000_000)) * time.Millisecond),
	}
	status := pick(w, events.ReceiptStatuses()...)
	if channel == "panneau" {
		r.Kind = "sign"
		r.Delivery = events.DeliveryID(publication, r.Revision, channel, "mairie", r.Batch)
		r.Recipients = []events.Recipient{{ID: "mairie", Status: status, At: r.CreatedAt, Units: 2}}
	} else {
		r.Delivery = events.DeliveryID(publication, r.Revision, channel, "", r.Batch)
		for range 1 + w.random.IntN(most) {
			r.Recipients = append(r.Recipients, events.Recipient{
				ID: fmt.Sprint("s-", w.random.IntN(500)), Status: status, Units: 1 + w.random.IntN(3), CostMicroEUR: int64(w.random.IntN(90_000)),
				At: r.CreatedAt.Add(time.Duration(w.random.IntN(600_000)) * time.Millisecond), Duplicates: w.random.IntN(20) / 18,
			})
		}
	}
	r.ID = events.ReceiptID(r.Delivery, r.Step)
	return r
}

// fixture is a bus.
type fixture struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	emitter *bus.Emitter
}

func newFixture(t testing.TB, nc *nats.Conn) *fixture {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	return &fixture{nc: nc, js: js, emitter: bus.NewEmitter(pub)}
}

// receipts publishes n receipts and returns how many rows they are.
func (f *fixture) receipts(t testing.TB, w *world, n, most int) (rows int) {
	t.Helper()
	list := make([]events.Event, n)
	for i := range list {
		r := w.receipt(most)
		rows += len(r.Recipients)
		list[i] = r
	}
	if err := f.emitter.Publish(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	return rows
}

func (f *fixture) deps(t testing.TB) run.Deps {
	return run.Deps{NATS: f.nc, JetStream: f.js, Logger: slog.New(slog.NewTextHandler(testLog{t}, nil))}
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	select {
	case <-l.t.Context().Done(): // a test that ended may not log
	default:
		l.t.Logf("%s", p)
	}
	return len(p), nil
}

// loading runs a loader until the returned function is called.
func loading(t testing.TB, l *Loader) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func number(t testing.TB, conn driver.Conn, sql string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}
