package fanout_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/fanout"
)

// rig is a fan-out on a real server, with subscribers who are their numbers.
type rig struct {
	t     testing.TB
	js    jetstream.JetStream
	f     *fanout.Fanout
	emit  func(context.Context, ...events.Event) error
	who   map[string]*roaring.Bitmap // by authority
	quiet *roaring.Bitmap
	until time.Time
	size  int
	// forget keeps no delivery, for a great many.
	forget bool
	stop   context.CancelFunc
	// rendering is called for each rendition asked for; may be nil.
	rendering func(events.Publication)

	mu      sync.Mutex
	emitted map[string]int // deliveries by ID, as often as they were emitted
	seen    []events.Delivery
	after   func(n int) // called after each group
	lose    int         // answers to lose, after the group is stored
}

func newRig(t testing.TB, window, size int) *rig {
	t.Helper()
	nc := eventstest.Connect(t)
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
	g := &rig{t: t, js: js, who: map[string]*roaring.Bitmap{}, quiet: roaring.New(), size: size, emitted: map[string]int{}}
	emitter := bus.NewEmitter(pub)
	g.emit = func(ctx context.Context, evs ...events.Event) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emitter.Publish(ctx, evs...); err != nil {
			return err
		}
		g.mu.Lock()
		for _, e := range evs {
			if d, ok := e.(events.Delivery); ok && !g.forget {
				if g.emitted[d.ID]++; g.emitted[d.ID] == 1 {
					g.seen = append(g.seen, d)
				}
			}
		}
		n, after, lost := len(g.seen), g.after, g.lose > 0
		if lost {
			g.lose--
		}
		g.mu.Unlock()
		if lost {
			return errors.New("the answer is lost")
		}
		if after != nil {
			after(n)
		}
		return nil
	}
	g.start(window)
	return g
}

func id(o uint32) string { return "s" + strconv.FormatUint(uint64(o), 10) }

func (g *rig) start(window int) {
	g.t.Helper()
	kv, err := g.js.KeyValue(g.t.Context(), bus.BucketFanout)
	if err != nil {
		g.t.Fatal(err)
	}
	g.f = fanout.New(fanout.Deps{
		KV: kv, JS: g.js, Batch: g.size, Emit: func(ctx context.Context, evs ...events.Event) error { return g.emit(ctx, evs...) },
		Render: func(_ context.Context, q call.RenderRequest) (call.RenderReply, error) {
			if g.rendering != nil {
				g.rendering(q.Publication)
			}
			return call.RenderReply{Rendered: []call.Rendered{{Channel: "sms", Rendition: events.Rendition{Channel: "sms", Kind: "sms", Hash: "h", Body: []byte(`"texte"`), Text: "texte", Units: 1}}}}, nil
		},
		Select: func(p events.Publication, _ []string) map[string]*roaring.Bitmap {
			return map[string]*roaring.Bitmap{"sms": g.who[p.Authority].Clone()}
		},
		Hold: func(_ string, b *roaring.Bitmap, now time.Time) map[time.Time]*roaring.Bitmap {
			held := roaring.And(g.quiet, b)
			if held.IsEmpty() || !g.until.After(now) {
				return map[time.Time]*roaring.Bitmap{}
			}
			return map[time.Time]*roaring.Bitmap{g.until: held}
		},
		IDs: func(list []uint32) []string {
			ids := make([]string, len(list))
			for i, o := range list {
				ids[i] = id(o)
			}
			return ids
		},
		Ordinal: func(s string) (uint32, bool) {
			n, err := strconv.ParseUint(strings.TrimPrefix(s, "s"), 10, 32)
			return uint32(n), err == nil
		},
		Channel: func(authority, ch string) (registry.Channel, bool) {
			return registry.Channel{Authority: authority, ID: ch, Kind: "sms", Window: 8}, ch == "sms"
		},
		Clock: run.SystemClock{}, Logger: slog.New(slog.DiscardHandler), Metrics: fanout.NewMetrics(prometheus.NewRegistry()),
	}, window)
	if err := g.f.Load(g.t.Context(), rand.Text()); err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = g.f.Run(ctx) }()
	var once sync.Once
	g.stop = func() { once.Do(func() { cancel(); <-done }) }
	g.t.Cleanup(g.stop)
}

func (g *rig) people(authority string, from, to uint64) {
	b := roaring.New()
	b.AddRange(from, to)
	g.who[authority] = b
}

func publication(authority, name string, revision int) events.Publication {
	now := time.Now().UTC()
	return events.Publication{
		ID: events.PublicationID(authority, "infos", name), Revision: revision, Authority: authority, Stream: "infos", Message: name,
		MsgType: events.MsgAlert, Class: events.ClassService, Topic: "eau", Content: events.Content{Language: "fr", Title: "Titre"},
		Channels: []string{"sms"}, NotBefore: now, Expires: now.Add(time.Hour), By: []string{"claire"}, At: now,
	}
}

func (g *rig) plan(p events.Publication) {
	g.t.Helper()
	if err := g.f.Plan(g.t.Context(), p); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) deliveries() []events.Delivery {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]events.Delivery(nil), g.seen...)
}

func (g *rig) wait(n int) []events.Delivery {
	g.t.Helper()
	eventstest.Eventually(g.t, func() bool { return len(g.deliveries()) >= n }, 20*time.Second, fmt.Sprintf("%d batches", n))
	return g.deliveries()
}

// answer ends a batch.
func (g *rig) answer(d events.Delivery, status events.ReceiptStatus) {
	to := make([]events.Recipient, len(d.Subscribers))
	for i, s := range d.Subscribers {
		to[i] = events.Recipient{ID: s, Status: status, At: time.Now()}
	}
	if err := g.f.Receipt(context.Background(), events.NewReceipt(d, "submit", time.Now(), to)); err != nil {
		g.t.Error(err)
	}
}

// once fails unless exactly the people of a range are in the deliveries, once.
func once(t *testing.T, list []events.Delivery, from, to uint32) {
	t.Helper()
	got := map[string]int{}
	for _, d := range list {
		for _, s := range d.Subscribers {
			got[s]++
		}
	}
	for o := from; o < to; o++ {
		if n := got[id(o)]; n != 1 {
			t.Fatalf("%s is told %d times", id(o), n)
		}
		delete(got, id(o))
	}
	if len(got) > 0 {
		t.Fatalf("others are told: %d", len(got))
	}
}

func TestWindowHoldsAndReceiptsRefill(t *testing.T) {
	t.Parallel()
	g := newRig(t, 4, 10)
	g.people("pessac", 1, 101)
	g.plan(publication("pessac", "a", 1))
	first := g.wait(4)
	if len(first) != 4 {
		t.Fatalf("%d batches before any receipt, 4 wanted", len(first))
	}
	for done := 0; done < 10; {
		for _, d := range g.wait(min(done+1, 10))[done:] {
			if open := len(g.deliveries()) - done; open > 4 {
				t.Fatalf("%d batches in the queue", open)
			}
			g.answer(d, events.StatusSent)
			done++
		}
	}
	once(t, g.deliveries(), 1, 101)
}

func TestAMillionDoesNotStarveTen(t *testing.T) {
	t.Parallel()
	g := newRig(t, 64, 32)
	g.people("metropole", 1, 1_000_001)
	g.people("village", 2_000_000, 2_000_010)
	g.plan(publication("metropole", "a", 1))
	g.wait(1)
	g.plan(publication("village", "b", 1))
	eventstest.Eventually(t, func() bool {
		for _, d := range g.deliveries() {
			if d.Authority == "village" {
				return true
			}
		}
		return false
	}, 20*time.Second, "the village waits for the metropolis")
	if n := len(g.deliveries()); n > 65 {
		t.Errorf("%d batches are in the queue", n)
	}
}

func TestResumesWhereItWas(t *testing.T) {
	t.Parallel()
	g := newRig(t, 1000, 7)
	g.people("pessac", 1, 5001)
	for round := range 6 { // stopped in the middle of a group, again and again
		at := 40 + 100*round
		reached := make(chan struct{})
		var once sync.Once
		g.mu.Lock()
		g.after = func(n int) {
			if n >= at {
				once.Do(func() { close(reached) })
			}
		}
		g.mu.Unlock()
		if round == 0 {
			g.plan(publication("pessac", "a", 1))
		}
		<-reached
		g.stop()
		g.start(1000)
	}
	g.wait((5000 + 6) / 7)
	once(t, g.deliveries(), 1, 5001)
	stream, err := g.js.Stream(t.Context(), bus.StreamDeliveries)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != (5000+6)/7 {
		t.Errorf("%d messages in the queue: the same batch is there twice", n)
	}
}

// What was stored without our knowing, as in a crash before the cursor, is
// stored again under the same IDs: nobody is told twice.
func TestStoredButNotKnownIsTheSameAgain(t *testing.T) {
	t.Parallel()
	g := newRig(t, 1000, 7)
	g.people("pessac", 1, 701)
	g.lose = 1
	g.plan(publication("pessac", "a", 1))
	twice := 0
	eventstest.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		twice = 0
		for _, n := range g.emitted {
			if n > 1 {
				twice++
			}
		}
		return len(g.seen) == 100 && twice > 0
	}, 30*time.Second, "nothing was stored again")
	once(t, g.deliveries(), 1, 701)
	stream, err := g.js.Stream(t.Context(), bus.StreamDeliveries)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 100 {
		t.Errorf("%d messages in the queue", n)
	}
}

func TestCorrectionGoesToWhoGotTheError(t *testing.T) {
	t.Parallel()
	g := newRig(t, 100, 10)
	g.people("pessac", 1, 51)
	g.plan(publication("pessac", "a", 1))
	for _, d := range g.wait(5) {
		status := events.StatusSent
		if d.Batch == 1 { // 11 to 20
			status = events.StatusFailed
		}
		g.answer(d, status)
	}
	g.people("pessac", 1, 1001) // who came since did not get the error
	p := publication("pessac", "a", 2)
	p.MsgType, p.Audience.CorrectionOf = events.MsgUpdate, 1
	g.plan(p)
	var list []events.Delivery
	for _, d := range g.wait(9) {
		if d.Revision == 2 {
			list = append(list, d)
		}
	}
	got := map[string]bool{}
	for _, d := range list {
		for _, s := range d.Subscribers {
			got[s] = true
		}
	}
	if len(list) != 4 || len(got) != 40 || got[id(11)] || got[id(20)] || !got[id(10)] || !got[id(50)] {
		t.Errorf("%d batches to %d people", len(list), len(got))
	}
	if list[0].Action != events.ActionUpdate {
		t.Errorf("action %s", list[0].Action)
	}
}

// What is being put in the queue while a withdrawal is made ready is withdrawn, too.
func TestWithdrawalGoesToThoseBeingSentTo(t *testing.T) {
	t.Parallel()
	g := newRig(t, 2, 10)
	g.people("pessac", 1, 101)
	withdrawal := publication("pessac", "a", 2)
	withdrawal.MsgType, withdrawal.Audience.CorrectionOf = events.MsgCancel, 1
	kv, err := g.js.KeyValue(t.Context(), bus.BucketFanout)
	if err != nil {
		t.Fatal(err)
	}
	var first sync.Once
	g.after = func(int) { // the group is stored, the cursor is not
		first.Do(func() {
			g.plan(withdrawal)
			eventstest.Eventually(t, func() bool {
				e, err := kv.Get(t.Context(), "plan."+withdrawal.ID+".2")
				return err == nil && strings.Contains(string(e.Value()), `"begun"`)
			}, 20*time.Second, "the withdrawal does not begin")
		})
	}
	g.plan(publication("pessac", "a", 1))
	var told []events.Delivery
	for _, d := range g.wait(4) {
		if d.Revision == 2 {
			told = append(told, d)
		}
	}
	once(t, told, 1, 21)
}

// TestACorrectionIsNotLostWithWhatItPassed: revisions that waited together, as
// while this process was away, are told once, to whom the first one was for.
func TestACorrectionIsNotLostWithWhatItPassed(t *testing.T) {
	t.Parallel()
	type revision struct {
		number, corrects int
		kind             events.MsgType
	}
	first := revision{1, 0, events.MsgAlert}
	for _, c := range []struct {
		name    string
		sent    []revision // and received, before
		waiting []revision // in the order in which they are planned
		batches int        // of ten people, of the last revision
		last    uint32     // of the people who are told it
	}{
		{"in order", nil, []revision{first, {2, 1, events.MsgUpdate}}, 10, 100},
		{"the correction first", nil, []revision{{2, 1, events.MsgUpdate}, first}, 10, 100},
		{"two corrections", nil, []revision{first, {2, 1, events.MsgUpdate}, {3, 2, events.MsgUpdate}}, 10, 100},
		{"two corrections of what was received", []revision{first}, []revision{{2, 1, events.MsgUpdate}, {3, 2, events.MsgUpdate}}, 5, 50},
		{"the second correction first", []revision{first}, []revision{{3, 2, events.MsgUpdate}, {2, 1, events.MsgUpdate}}, 5, 50},
		{"news to all, corrected", []revision{first}, []revision{{2, 0, events.MsgUpdate}, {3, 2, events.MsgUpdate}}, 10, 100},
		{"withdrawn before anybody knew", nil, []revision{first, {2, 1, events.MsgCancel}}, 0, 0},
		{"corrected and withdrawn", []revision{first}, []revision{{2, 1, events.MsgUpdate}, {3, 2, events.MsgCancel}}, 5, 50},
		{"news to all, withdrawn", []revision{first}, []revision{{2, 0, events.MsgUpdate}, {3, 2, events.MsgCancel}}, 5, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, 100, 10)
			plan := func(r revision) {
				p := publication("pessac", "a", r.number)
				p.MsgType, p.Audience.CorrectionOf = r.kind, r.corrects
				g.plan(p)
			}
			g.people("pessac", 1, 51)
			before := 0
			for _, r := range c.sent {
				plan(r)
				before += 5
				for _, d := range g.wait(before)[before-5:] {
					g.answer(d, events.StatusSent)
				}
			}
			g.stop()
			g.people("pessac", 1, 101)
			newest := 0
			for _, r := range c.waiting {
				plan(r)
				newest = max(newest, r.number)
			}
			g.start(100)
			g.people("floirac", 1, 11)
			g.plan(publication("floirac", "b", 1)) // begins after those
			var list []events.Delivery
			for _, d := range g.wait(before + c.batches + 1)[before:] {
				switch {
				case d.Authority == "floirac":
				case d.Revision != newest:
					t.Errorf("revision %d is sent", d.Revision)
				default:
					list = append(list, d)
				}
			}
			if len(list) != c.batches {
				t.Fatalf("%d batches, %d wanted", len(list), c.batches)
			}
			once(t, list, 1, c.last+1)
		})
	}
}

func TestNewRevisionEndsTheOld(t *testing.T) {
	t.Parallel()
	g := newRig(t, 2, 10)
	g.people("pessac", 1, 101)
	g.plan(publication("pessac", "a", 1))
	g.wait(2)
	p := publication("pessac", "a", 2)
	p.MsgType = events.MsgCancel // nobody is to be told
	g.plan(p)
	g.plan(publication("pessac", "a", 1)) // late again
	g.givenUp(80)
	if n := len(g.deliveries()); n != 2 {
		t.Errorf("%d batches sent", n)
	}
}

// A revision that is begun while the next one is made ready ends as well.
func TestNewRevisionEndsTheOldThatBeginsMeanwhile(t *testing.T) {
	t.Parallel()
	g := newRig(t, 2, 10)
	g.people("pessac", 1, 101)
	g.rendering = func(p events.Publication) {
		if p.Revision == 2 {
			g.plan(publication("pessac", "a", 1))
			g.wait(2)
		}
	}
	g.plan(publication("pessac", "a", 2))
	g.givenUp(80)
}

// givenUp waits until so many people, and no more, are told nothing because of a
// newer revision.
func (g *rig) givenUp(want int) {
	t := g.t
	t.Helper()
	people := 0
	eventstest.Eventually(t, func() bool {
		people = 0
		stream, err := g.js.Stream(t.Context(), bus.StreamReceipts)
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
			msg, err := stream.GetMsg(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			r, err := events.Unmarshal[events.Receipt](msg.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range r.Recipients {
				if to.Reason == events.ReasonSuperseded {
					people++
				}
			}
		}
		return people >= want
	}, 30*time.Second, "the rest has no end")
	if people != want {
		t.Errorf("%d given up, %d wanted", people, want)
	}
}

func TestQuietHoursWaitAndHoldNobodyElse(t *testing.T) {
	t.Parallel()
	g := newRig(t, 1000, 10)
	g.people("pessac", 1, 101)
	g.quiet.AddRange(41, 61)
	g.until = time.Now().Add(400 * time.Millisecond)
	g.plan(publication("pessac", "a", 1))
	for _, d := range g.wait(10) {
		for _, s := range d.Subscribers {
			if n, _ := strconv.Atoi(s[1:]); n >= 41 && n < 61 && d.CreatedAt.Before(g.until) {
				t.Fatalf("%s is sent to in quiet hours", s)
			}
		}
	}
	once(t, g.deliveries(), 1, 101)
}

// BenchmarkFanout is a million subscribers, with receipts that come at once.
func BenchmarkFanout(b *testing.B) {
	const people = 1_000_000
	for b.Loop() {
		g := newRig(b, 64, 32)
		g.people("metropole", 1, people+1)
		answers := make(chan events.Delivery, 4096)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for d := range answers {
				g.answer(d, events.StatusSent)
			}
		}()
		told := 0
		finished := make(chan struct{})
		g.after = func(n int) {
			g.mu.Lock()
			fresh := g.seen[told:n]
			told = n
			g.mu.Unlock()
			for _, d := range fresh {
				answers <- d
			}
			if n == people/32 {
				close(finished)
			}
		}
		start := time.Now()
		g.plan(publication("metropole", "a", 1))
		<-finished
		b.ReportMetric(people/time.Since(start).Seconds(), "subscribers/s")
		close(answers)
		<-done
		g.stop()
	}
}
