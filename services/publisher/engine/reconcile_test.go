package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/engine"
)

// account is a channel whose posts are kept in memory, by the delivery that
// made them.
type account struct {
	mu     sync.Mutex
	posts  map[string]string // by remote: the delivery it shows
	next   int
	calls  []string
	away   error // what every call answers, when set
	unable bool  // cannot tell what it has
	quiet  *registry.QuietHours
	// carries is what the channel's renditions are made for.
	carries string
}

var (
	_ channel.Updater    = (*account)(nil)
	_ channel.Withdrawer = (*account)(nil)
	_ channel.Reconciler = (*account)(nil)
)

func (a *account) Render(events.Publication, channel.Profile) (events.Rendition, error) {
	return events.Rendition{}, nil
}

func (a *account) Endpoints(events.Publication) []channel.Profile { return nil }

func (a *account) call(name string, f func() (channel.Result, error)) (channel.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, name)
	if a.away != nil {
		return channel.Result{}, a.away
	}
	r, err := f()
	r.At, r.Delivered = time.Now(), true
	return r, err
}

func (a *account) add(delivery string) string {
	a.next++
	remote := fmt.Sprint(a.next)
	a.posts[remote] = delivery
	return remote
}

func (a *account) Deliver(_ context.Context, p channel.Post) (channel.Result, error) {
	return a.call("deliver", func() (channel.Result, error) { return channel.Result{Remote: a.add(p.Delivery.ID)}, nil })
}

func (a *account) Update(_ context.Context, p channel.Post) (channel.Result, error) {
	return a.call("update "+p.Remote, func() (channel.Result, error) {
		a.posts[p.Remote] = p.Delivery.ID
		return channel.Result{Remote: p.Remote}, nil
	})
}

func (a *account) Withdraw(_ context.Context, p channel.Post) (channel.Result, error) {
	return a.call("withdraw "+p.Remote, func() (channel.Result, error) {
		delete(a.posts, p.Remote)
		return channel.Result{Remote: p.Remote}, nil
	})
}

func (a *account) Reconcile(_ context.Context, p channel.Post) (channel.Result, error) {
	return a.call("reconcile", func() (channel.Result, error) {
		if a.unable {
			return channel.Result{}, events.Transient(events.ReasonUnavailable, errors.New("too many posts"), 0)
		}
		for remote, id := range a.posts {
			if id == p.Delivery.ID {
				return channel.Result{Remote: remote}, nil
			}
		}
		return channel.Result{}, channel.NeverPosted("account")
	})
}

func (a *account) said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.calls...)
}

// Channel implements engine.Channels.
func (a *account) Channel(string, string) (engine.Made, error) {
	return engine.Made{Channel: a, Kind: "account", Name: "account", QuietHours: a.quiet, Carries: a.carries}, nil
}

// office is an engine on one account; its clock runs ahead by later.
type office struct {
	*engine.Engine
	account *account
	js      jetstream.JetStream
	mu      sync.Mutex
	later   time.Duration
}

func newOffice(t *testing.T) *office {
	t.Helper()
	nc := eventstest.Dial(t, eventstest.Server(t))
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	ledger, err := js.KeyValue(t.Context(), bus.BucketLedger)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := engine.NewMetrics(prometheus.NewRegistry(), "account")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{account: &account{posts: map[string]string{}}, js: js}
	o.Engine = engine.New(engine.Config{}, engine.Deps{
		JS: js, Ledger: ledger, Channels: o.account, Emit: bus.NewEmitter(pub).Publish, Now: o.now,
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics,
		Location: func(string) *time.Location { return registry.Authority{TimeZone: "Europe/Paris"}.Location() },
		Profile:  func(_ events.Publication, p channel.Profile) channel.Profile { return p },
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-o.Ready()
	return o
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.later)
}

func (o *office) wait(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.later += d
}

func delivery(revision int, action events.Action, class events.Class) events.Delivery {
	p := channeltest.Publication()
	return events.Delivery{
		ID: events.DeliveryID(p.ID, revision, "compte", "compte", 0), Publication: p.ID, Revision: revision, Authority: p.Authority,
		Stream: p.Stream, Channel: "compte", Kind: "account", Class: class, Topic: p.Topic, Severity: p.Severity, Action: action,
		Endpoint: "compte", Rendition: events.Rendition{Channel: "compte", Kind: "account", Hash: "h", Body: []byte(`{}`), Text: "t", Units: 1},
		SourceAt: p.SourceAt, FetchedAt: p.FetchedAt, ApprovedAt: p.At, NotBefore: p.NotBefore, Expires: p.Expires, CreatedAt: time.Now().UTC(),
	}
}

// last returns the status and reason of the last receipt of a revision, and
// how many receipts it has.
func (o *office) last(t *testing.T, revision int) (events.Recipient, int) {
	t.Helper()
	stream, err := o.js.Stream(t.Context(), bus.StreamReceipts)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var last events.Recipient
	n := 0
	for seq := info.State.FirstSeq; seq > 0 && seq <= info.State.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		r, err := events.Unmarshal[events.Receipt](msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		if r.Revision == revision {
			last, n = r.Recipients[0], n+1
		}
	}
	return last, n
}

func (o *office) sweep(t *testing.T) {
	t.Helper()
	if err := o.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestInterrupted kills, by hand, at the one moment that matters: after the
// intent, with or without the provider having done it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		action events.Action
		class  events.Class
		done   bool
		again  bool // the delivery comes again; else only the sweeper is left
		status events.ReceiptStatus
		reason events.Reason
		posts  int
	}{
		{"publish done", events.ActionPublish, events.ClassService, true, false, events.StatusDelivered, "", 1},
		{"publish not done", events.ActionPublish, events.ClassService, false, false, events.StatusFailed, events.ReasonTimeout, 0},
		{"publish done, comes again", events.ActionPublish, events.ClassService, true, true, events.StatusDelivered, "", 1},
		{"publish not done, comes again", events.ActionPublish, events.ClassService, false, true, events.StatusFailed, events.ReasonTimeout, 0},
		{"alert not done, comes again", events.ActionPublish, events.ClassAlert, false, true, events.StatusDelivered, "", 1},
		{"update done", events.ActionUpdate, events.ClassService, true, false, events.StatusDelivered, "", 1},
		{"update not done", events.ActionUpdate, events.ClassService, false, false, events.StatusDelivered, "", 1},
		{"update not done, comes again", events.ActionUpdate, events.ClassService, false, true, events.StatusDelivered, "", 1},
		{"withdrawal done", events.ActionWithdraw, events.ClassService, true, false, events.StatusDelivered, "", 0},
		{"withdrawal not done", events.ActionWithdraw, events.ClassService, false, false, events.StatusDelivered, "", 0},
		{"withdrawal not done, comes again", events.ActionWithdraw, events.ClassAlert, false, true, events.StatusDelivered, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			revision := 1
			if c.action != events.ActionPublish {
				if err := o.Deliver(t.Context(), delivery(1, events.ActionPublish, c.class)); err != nil {
					t.Fatal(err)
				}
				revision = 2
			}
			d := delivery(revision, c.action, c.class)
			if err := o.Interrupt(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if c.done {
				o.account.do(t, d)
			}
			if c.again {
				if err := o.Deliver(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			} else {
				o.sweep(t) // too early: somebody may be working on it
				if _, n := o.last(t, revision); n != 0 {
					t.Fatal("the sweeper does not wait")
				}
				o.wait(time.Hour)
				o.sweep(t)
				if r, _ := o.last(t, revision); r.Status != events.StatusUnknown {
					t.Fatalf("after the first sweep: %+v", r)
				}
			}
			o.sweep(t)
			r, n := o.last(t, revision)
			if r.Status != c.status || r.Reason != c.reason || len(o.account.posts) != c.posts {
				t.Errorf("receipt %+v, %d posts after %q; want %s %s, %d", r, len(o.account.posts), o.account.said(), c.status, c.reason, c.posts)
			}
			for _, shown := range o.account.posts {
				if shown != d.ID {
					t.Errorf("revision %d is not what shows", revision)
				}
			}
			o.sweep(t)
			if _, again := o.last(t, revision); again != n {
				t.Errorf("%d receipts, then %d: a settled delivery is settled again", n, again)
			}
		})
	}
}

// do is what the provider did before its answer was lost.
func (a *account) do(t *testing.T, d events.Delivery) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch d.Action {
	case events.ActionPublish:
		a.add(d.ID)
	case events.ActionUpdate:
		a.posts["1"] = d.ID
	case events.ActionWithdraw:
		delete(a.posts, "1")
	}
}

func TestWithdrawalFindsAPostWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		done, unable bool
		want         events.ReceiptStatus
		transient    bool
	}{
		{"it was posted", true, false, events.StatusDelivered, false},
		{"it was not", false, false, events.StatusDelivered, false},
		{"nobody can tell", true, true, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			first := delivery(1, events.ActionPublish, events.ClassService)
			if err := o.Interrupt(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			if c.done {
				o.account.do(t, first)
			}
			o.account.unable = c.unable
			err := o.Deliver(t.Context(), delivery(2, events.ActionWithdraw, events.ClassService))
			if transient := events.OutcomeOf(err).Kind == events.TransientFailure; transient != c.transient {
				t.Fatalf("deliver: %v", err)
			}
			if r, _ := o.last(t, 2); r.Status != c.want || (!c.transient && len(o.account.posts) != 0) {
				t.Errorf("receipt %+v, %d posts", r, len(o.account.posts))
			}
		})
	}
}

func TestNothingToWithdrawIsSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if err := o.Deliver(t.Context(), delivery(2, events.ActionWithdraw, events.ClassService)); err != nil {
		t.Fatal(err)
	}
	if r, _ := o.last(t, 2); r.Status != events.StatusFailed || r.Reason != events.ReasonNotFound {
		t.Errorf("receipt %+v", r)
	}
}

func TestUnknownIsAskedAboutUntilTheProviderTells(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	d := delivery(1, events.ActionPublish, events.ClassService)
	o.account.away = events.Transient(events.ReasonAmbiguous, errors.New("no answer"), 0)
	if err := o.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	o.account.do(t, d)
	for range 3 {
		o.sweep(t)
	}
	if r, n := o.last(t, 1); r.Status != events.StatusUnknown || n != 1 {
		t.Errorf("while it does not answer: %+v, %d receipts", r, n)
	}
	o.account.mu.Lock()
	o.account.away = nil
	o.account.mu.Unlock()
	o.sweep(t)
	if r, n := o.last(t, 1); r.Status != events.StatusDelivered || n != 2 {
		t.Errorf("once it tells: %+v, %d receipts", r, n)
	}
}

func TestQuietHoursHoldAllButAlertsAndWithdrawals(t *testing.T) {
	t.Parallel()
	paris := registry.Authority{TimeZone: "Europe/Paris"}.Location()
	at := time.Now().In(paris)
	now := registry.TimeOfDay(at.Hour()*60 + at.Minute())
	around := &registry.QuietHours{From: (now + 24*60 - 60) % (24 * 60), To: (now + 60) % (24 * 60)}
	for _, c := range []struct {
		name  string
		class events.Class
		quiet *registry.QuietHours
		later time.Duration
		held  bool
	}{
		{"service by day", events.ClassService, nil, 0, false},
		{"service by night", events.ClassService, around, 0, true},
		{"promotional by night", events.ClassPromotional, around, 0, true},
		{"alert by night", events.ClassAlert, around, 0, false},
		{"service in the morning", events.ClassService, around, 61 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.account.quiet = c.quiet
			o.wait(c.later)
			err := o.Deliver(t.Context(), delivery(1, events.ActionPublish, c.class))
			outcome := events.OutcomeOf(err)
			if held := outcome.Kind == events.TransientFailure; held != c.held || (c.held && (outcome.RetryAfter < 58*time.Minute || outcome.RetryAfter > time.Hour)) {
				t.Fatalf("%v, again in %s", err, outcome.RetryAfter)
			}
			if _, n := o.last(t, 1); (n == 0) != c.held {
				t.Errorf("%d receipts", n)
			}
		})
	}
}
