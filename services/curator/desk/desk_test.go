package desk_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run/clocktest"
	"github.com/crieur/crieur/services/curator/desk"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/journal"
)

const within = 30 * time.Second

// emitter is the bus's, that dies where a test says.
type emitter struct {
	*bus.Emitter
	mu     sync.Mutex
	before bool // it dies before publications are stored
	after  bool // it dies once they are
}

var errDied = errors.New("died")

func (e *emitter) Publish(ctx context.Context, evs ...events.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, publication := evs[0].(events.Publication)
	if publication && e.before {
		return errDied
	}
	if err := e.Emitter.Publish(ctx, evs...); err != nil {
		return err
	}
	if publication && e.after {
		return errDied
	}
	return nil
}

func (e *emitter) die(before, after bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before, e.after = before, after
}

type world struct {
	t       *testing.T
	js      jetstream.JetStream
	items   jetstream.KeyValue
	reg     *registry.Registry
	clock   *clocktest.Clock
	emitter *emitter
	journal *journal.Journal
}

func newWorld(t *testing.T, policy registry.Policy) *world {
	t.Helper()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, bus.Ensure(t.Context(), js, bus.Options{}))
	reg, err := registry.Open(t.Context(), js)
	must(t, err)
	_, err = reg.Authorities.Put(t.Context(), registry.Authority{ID: "begles", Name: "Bègles", Kind: registry.Municipality, INSEE: []string{"33039"}})
	must(t, err)
	_, err = reg.Sources.Put(t.Context(), registry.Source{Authority: "begles", ID: "site", Name: "Site", Kind: "feed"})
	must(t, err)
	_, err = reg.Streams.Put(t.Context(), registry.Stream{Authority: "begles", ID: "infos", Name: "Infos", Policy: policy, Channels: []string{"sms"}})
	must(t, err)
	items, err := js.KeyValue(t.Context(), bus.BucketItems)
	must(t, err)
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	must(t, err)
	t.Cleanup(func() { _ = pub.Close() })
	e := &emitter{Emitter: bus.NewEmitter(pub)}
	return &world{t: t, js: js, items: items, reg: reg, emitter: e, clock: clocktest.New(time.Now()), journal: journal.New(items, js, e)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open is a desk, as a process of its own would have.
func (w *world) open() *desk.Desk {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	dir := desk.Directory{
		Authorities: registry.NewView(ctx, w.reg.Authorities), Streams: registry.NewView(ctx, w.reg.Streams), Sources: registry.NewView(ctx, w.reg.Sources),
	}
	must(w.t, errors.Join(dir.Authorities.Wait(ctx), dir.Streams.Wait(ctx), dir.Sources.Wait(ctx)))
	d := desk.New(ctx, desk.Deps{
		Logger: slog.New(slog.NewTextHandler(w.t.Output(), nil)), Clock: w.clock, Items: w.items, Emitter: w.emitter,
		Journal: journal.New(w.items, w.js, w.emitter), Directory: dir, Metrics: desk.NewMetrics(nil),
	})
	must(w.t, d.Items().Wait(ctx))
	w.t.Cleanup(func() { cancel(); <-d.Items().Done() })
	return d
}

func (w *world) message(id string) events.Message {
	now := w.clock.Now()
	m := events.Message{
		ID: events.MessageID("begles", "site", id), Revision: 1, Authority: "begles", Source: "site", Status: events.StatusActual,
		MsgType: events.MsgAlert, Class: events.ClassService, Topic: "eau", Severity: events.SeverityMinor,
		Urgency: events.UrgencyExpected, Certainty: events.CertaintyLikely,
		Content: events.Content{Language: "fr", Title: "Coupure d’eau"}, Sent: now, Expires: now.Add(24 * time.Hour), FetchedAt: now, CreatedAt: now,
		Origin: []events.Provenance{{Authority: "begles", Source: "site"}},
	}
	m.Incident, m.Seq = m.ID, events.MessageSeq(m.ID, "1")
	return m
}

func keyOf(m events.Message) registry.Key {
	return registry.Key{"begles", "infos", events.PublicationID("begles", "infos", m.ID)}
}

func (w *world) stored() uint64 {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), bus.StreamPublications)
	must(w.t, err)
	info, err := s.Info(w.t.Context())
	must(w.t, err)
	return info.State.Msgs
}

func (w *world) state(d *desk.Desk, m events.Message) item.Item {
	w.t.Helper()
	it, err := d.Get(w.t.Context(), keyOf(m))
	must(w.t, err)
	return it
}

func TestCrashAroundThePublication(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		before, after bool
		policy        registry.Policy
		repair        func(*testing.T, *desk.Desk, events.Message) error
		storedAtCrash uint64
	}{
		{name: "before it is stored, approved", before: true, policy: registry.Review},
		{name: "after it is stored, approved", after: true, policy: registry.Review, storedAtCrash: 1},
		{name: "before it is stored, automatic", before: true, policy: registry.Automatic},
		{name: "after it is stored, automatic", after: true, policy: registry.Automatic, storedAtCrash: 1},
		{name: "after it is stored, redelivered", after: true, policy: registry.Automatic, storedAtCrash: 1, repair: func(t *testing.T, d *desk.Desk, m events.Message) error {
			return d.Receive(t.Context(), m)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.policy)
			d, m := w.open(), w.message("1")
			w.emitter.die(tt.before, tt.after)
			err := d.Receive(t.Context(), m)
			if tt.policy == registry.Review {
				must(t, err)
				_, err = d.Approve(t.Context(), keyOf(m), 0, "ana", time.Time{})
			}
			if !errors.Is(err, errDied) {
				t.Fatalf("error %v", err)
			}
			if it := w.state(d, m); it.State == item.Published || it.Outgoing == nil {
				t.Fatalf("after the crash the item is %s, outgoing %v", it.State, it.Outgoing)
			}
			if n := w.stored(); n != tt.storedAtCrash {
				t.Fatalf("%d publications at the crash", n)
			}
			w.emitter.die(false, false)
			next := w.open() // another life
			if tt.repair == nil {
				tt.repair = func(t *testing.T, d *desk.Desk, _ events.Message) error { return d.Repair(t.Context()) }
			}
			must(t, tt.repair(t, next, m))
			it := w.state(next, m)
			if it.State != item.Published || it.Outgoing != nil || it.Revision() != 1 || w.stored() != 1 {
				t.Errorf("after repair: %s, revision %d, %d publications", it.State, it.Revision(), w.stored())
			}
			trail, err := w.journal.Read(t.Context(), "begles", 10)
			if err != nil || trail.Fault != nil || trail.Count == 0 || it.Audited != it.Changes {
				t.Errorf("journal of %d, fault %v, %v; %d of %d audited", trail.Count, trail.Fault, err, it.Audited, it.Changes)
			}
		})
	}
}

func TestRedeliveryAndConcurrencyChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Automatic)
	one, two := w.open(), w.open()
	m := w.message("1")
	var wg sync.WaitGroup
	for i := range 8 {
		d := one
		if i%2 == 1 {
			d = two
		}
		wg.Go(func() {
			if err := d.Receive(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if it := w.state(one, m); it.State != item.Published || w.stored() != 1 {
		t.Errorf("%s, %d publications", it.State, w.stored())
	}
}

func TestOneOfTwoOfficersWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Review)
	one, two := w.open(), w.open()
	m := w.message("1")
	must(t, one.Receive(t.Context(), m))
	seen, err := one.Get(t.Context(), keyOf(m))
	must(t, err)
	errs := make(chan error, 2)
	for officer, d := range map[string]*desk.Desk{"ana": one, "bob": two} {
		go func() {
			_, err := d.Approve(context.Background(), keyOf(m), seen.Changes, officer, time.Time{})
			errs <- err
		}()
	}
	a, b := <-errs, <-errs
	if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), desk.ErrConflict) {
		t.Fatalf("errors %v and %v", a, b)
	}
	if n := w.stored(); n != 1 {
		t.Errorf("%d publications", n)
	}
}

// That a change was audited is noted while an officer reads, or acts: it is no
// change of what he read.
func TestWhatIsNotedBesideIsNoConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Review)
	d := w.open()
	m := w.message("1")
	must(t, d.Receive(t.Context(), m))
	seen := w.state(d, m)
	key := "item." + strings.Join(keyOf(m), ".")
	noted := func() {
		stored, err := w.items.Get(t.Context(), key)
		must(t, err)
		_, err = w.items.Put(t.Context(), key, stored.Value())
		must(t, err)
	}
	noted()
	meanwhile := sync.OnceFunc(noted)
	_, err := d.Approve(t.Context(), keyOf(m), seen.Changes, "ana", time.Time{}, func(*item.Item, item.Rules, time.Time) error {
		meanwhile()
		return nil
	})
	must(t, err)
	if n := w.stored(); n != 1 {
		t.Errorf("%d publications", n)
	}
}

func TestScheduleOverRestarts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		away time.Duration // how long nothing runs
		want item.State
		sent uint64
	}{
		{"at its time", time.Hour, item.Published, 1},
		{"late, after an outage", 5 * time.Hour, item.Published, 1},
		{"too late to be of use", 30 * time.Hour, item.Expired, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, registry.Review)
			d, m := w.open(), w.message("1")
			must(t, d.Receive(t.Context(), m))
			_, err := d.Approve(t.Context(), keyOf(m), 0, "ana", w.clock.Now().Add(time.Hour))
			must(t, err)
			w.clock.Advance(tt.away)
			next := w.open()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- next.Sweep(ctx) }()
			eventstest.Eventually(t, func() bool { return w.state(next, m).State == tt.want }, within, "it is "+string(tt.want))
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if n := w.stored(); n != tt.sent {
				t.Errorf("%d publications, want %d", n, tt.sent)
			}
		})
	}
}

// TestSuspendedStreamHoldsItsSchedule, and an alert all the same leaves.
func TestSuspendedStreamHoldsItsSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Review)
	d, m := w.open(), w.message("1")
	alert := w.message("2")
	alert.Class = events.ClassAlert
	for _, m := range []events.Message{m, alert} {
		must(t, d.Receive(t.Context(), m))
		officers := []string{"ana"}
		if m.Class == events.ClassAlert {
			officers = append(officers, "bob")
		}
		for _, officer := range officers {
			_, err := d.Approve(t.Context(), keyOf(m), 0, officer, w.clock.Now().Add(time.Hour))
			must(t, err)
		}
	}
	suspend := func(paused bool) {
		_, _, err := w.reg.Streams.Modify(t.Context(), registry.Key{"begles", "infos"}, func(s *registry.Stream) error { s.Paused = paused; return nil })
		must(t, err)
	}
	suspend(true)
	w.clock.Advance(2 * time.Hour)
	next := w.open()
	go func() { _ = next.Sweep(t.Context()) }()
	eventstest.Eventually(t, func() bool { return w.state(next, alert).State == item.Published }, within, "the alert leaves")
	if it := w.state(next, m); it.State != item.Scheduled {
		t.Errorf("what is scheduled on a suspended stream is %s", it.State)
	}
	suspend(false)
	eventstest.Eventually(t, func() bool {
		w.clock.Advance(time.Minute)
		return w.state(next, m).State == item.Published
	}, within, "it leaves once the stream is resumed")
}

func TestSweepWakesAtTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Review)
	d, m := w.open(), w.message("1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Sweep(ctx) }()
	must(t, d.Receive(t.Context(), m))
	_, err := d.Approve(t.Context(), keyOf(m), 0, "ana", w.clock.Now().Add(10*time.Second))
	must(t, err)
	eventstest.Eventually(t, func() bool {
		w.clock.Advance(time.Second) // the sweep sets its timer anew after each change
		return w.state(d, m).State == item.Published
	}, within, "what is scheduled leaves")
	cancel()
	<-ended
}

func TestForgetsWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, registry.Automatic)
	d, m := w.open(), w.message("1")
	must(t, d.Receive(t.Context(), m))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Sweep(ctx) }()
	w.clock.Advance(25 * time.Hour)
	eventstest.Eventually(t, func() bool { w.clock.Advance(time.Minute); return w.state(d, m).State == item.Expired }, within, "it expires")
	w.clock.Advance(desk.Keep)
	eventstest.Eventually(t, func() bool {
		w.clock.Advance(time.Minute)
		_, err := d.Get(t.Context(), keyOf(m))
		return errors.Is(err, registry.ErrNotFound)
	}, within, "it is forgotten")
	cancel()
	<-ended
}
