package publisher_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// The faults of the README's table. Each counts what it did to deliveries, and
// says so in one line.

// tally is what a fault did: recipients, without any end, sent to more than
// once, and with an end that nobody knows. None is lost, no service message is
// doubled, and of alerts a window at most.
type tally struct{ recipients, lost, doubled, unknown int }

// account compares what the providers accepted with the receipts.
func (tw *town) account(t *testing.T, fault string, recipients int, accepted map[string]int) tally {
	t.Helper()
	ends, alerts := map[string]events.ReceiptStatus{}, map[string]bool{}
	for _, r := range tw.receipts(t) {
		for _, to := range r.Recipients {
			ends[to.ID], alerts[to.ID] = to.Status, r.Class == events.ClassAlert
		}
	}
	sum := tally{recipients: recipients, lost: recipients - len(ends)}
	for id, status := range ends {
		switch {
		case accepted[id] > 1:
			sum.doubled++
			if !alerts[id] {
				t.Errorf("%s: %s had a service message %d times", fault, id, accepted[id])
			}
		case status == events.StatusUnknown:
			sum.unknown++
		case status != events.StatusFailed && accepted[id] == 0:
			t.Errorf("%s: %s is %s, and nothing was sent", fault, id, status)
		}
	}
	t.Logf("fault=%q deliveries=%d lost=%d doubled=%d unknown=%d", fault, sum.recipients, sum.lost, sum.doubled, sum.unknown)
	if sum.lost != 0 || sum.doubled > window {
		t.Errorf("%s: %d lost, %d doubled", fault, sum.lost, sum.doubled)
	}
	return sum
}

// ended counts recipients whose end, or its ignorance, is known.
func (tw *town) ended(t *testing.T) int {
	t.Helper()
	n := 0
	for status, of := range tw.statuses(t) {
		if status != events.StatusAccepted {
			n += of
		}
	}
	return n
}

// acceptedBy is how often each recipient was accepted by SMSCs.
func acceptedBy(peers ...*smsctest.SMSC) map[string]int {
	got := map[string]int{}
	for _, p := range peers {
		for _, e := range p.Submits() {
			got["s"+strings.TrimPrefix(e.To, "336")]++
		}
	}
	return got
}

// numbers is an HTTP provider that takes messages unless told otherwise.
type numbers struct {
	mu    sync.Mutex
	taken map[string]int
	// refuse writes an answer instead of taking a message; nil takes it.
	refuse func(w http.ResponseWriter) bool
}

func (n *numbers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a short one is not accepted below
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuse != nil && n.refuse(w) {
		return
	}
	_, rest, ok := strings.Cut(string(body), `"recipient":"`)
	number, _, _ := strings.Cut(rest, `"`)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	n.taken["s"+strings.TrimPrefix(strings.TrimPrefix(number, "+"), "336")]++
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"reference":"r","messageId":%d,"smsCount":1}`, len(n.taken))
}

func (n *numbers) accepted() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	got := map[string]int{}
	for id, times := range n.taken {
		got[id] = times
	}
	return got
}

func httpTown(t *testing.T, n *numbers) *town {
	t.Helper()
	n.taken = map[string]int{}
	tw := townOn(t, eventstest.Server(t), smsHTTP(t, "sms", "", provider(t, n.ServeHTTP), "key"))
	audience(t, tw.nc)
	tw.start(t)
	return tw
}

func TestFaultAcceptedWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 0, window/2)
	for i := range d.Subscribers {
		d.Subscribers[i] = fmt.Sprintf("s3%03d0003", i) // taken, never answered
	}
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.ended(t) == window/2 }, 30*time.Second, "no end")
	if sum := tw.account(t, "accepted, then no answer", window/2, acceptedBy(peer)); sum.unknown != window/2 {
		t.Errorf("%d unknown", sum.unknown)
	}
}

func TestFaultTooManyRequests(t *testing.T) {
	t.Parallel()
	left := 6
	n := &numbers{refuse: func(w http.ResponseWriter) bool {
		if left == 0 {
			return false
		}
		left--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}}
	tw := httpTown(t, n)
	r := tw.rendition(t, "sms")
	for k := range 4 {
		tw.deliver(t, httpBatch(r, k, 10_000_000+k*10_000, window/2))
	}
	eventstest.Eventually(t, func() bool { return tw.ended(t) == 4*window/2 }, 60*time.Second, "no end")
	if sum := tw.account(t, "429", 4*window/2, n.accepted()); sum.unknown != 0 {
		t.Errorf("%d unknown", sum.unknown)
	}
}

// TestFaultServerErrors: the hour is ten seconds here. That the tries outlast a
// real one is TestTriesOutlastAnHour's.
func TestFaultServerErrors(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(10 * time.Second)
	n := &numbers{refuse: func(w http.ResponseWriter) bool {
		if time.Now().After(until) {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}}
	tw := httpTown(t, n)
	r := tw.rendition(t, "sms")
	for k := range 4 {
		tw.deliver(t, httpBatch(r, k, 10_000_000+k*10_000, window/2))
	}
	eventstest.Eventually(t, func() bool { return tw.ended(t) == 4*window/2 }, 90*time.Second, "no end")
	if sum := tw.account(t, "503 for an hour", 4*window/2, n.accepted()); sum.unknown != 0 {
		t.Errorf("%d unknown", sum.unknown)
	}
}

// relay passes connections on, and can let those it has go silent, as a
// firewall does that forgot them.
type relay struct {
	addr   string
	silent atomic.Pointer[chan struct{}] // closed: what was accepted before passes nothing
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := &relay{addr: l.Addr().String()}
	first := make(chan struct{})
	r.silent.Store(&first)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			t.Cleanup(func() { _, _ = in.Close(), out.Close() })
			silent := *r.silent.Load()
			go pass(in, out, silent)
			go pass(out, in, silent)
		}
	}()
	return r
}

func pass(from, to net.Conn, silent <-chan struct{}) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		select {
		case <-silent: // swallowed
		default:
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}

// forget lets the connections of now go silent. New ones are passed on.
func (r *relay) forget() {
	next := make(chan struct{})
	close(*r.silent.Swap(&next))
}

func TestFaultHalfOpenConnection(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	between := startRelay(t, peer.Addr)
	behind := &smsctest.SMSC{Addr: between.addr}
	tw := townOn(t, eventstest.Server(t), smppTo(t, "sms", "", behind))
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	tw.deliver(t, batchOf(r, events.ClassService, 0, 10_000_000, window/2))
	eventstest.Eventually(t, func() bool { return tw.ended(t) == window/2 }, 20*time.Second, "nothing is sent")
	between.forget()
	for k := 1; k <= 4; k++ {
		tw.deliver(t, batchOf(r, events.ClassService, k, 20_000_000+k*10_000, window/2))
	}
	eventstest.Eventually(t, func() bool { return tw.ended(t) == 5*window/2 }, 90*time.Second, "no end")
	sum := tw.account(t, "half-open TCP", 5*window/2, acceptedBy(peer))
	if sum.unknown == 0 || sum.unknown > window {
		t.Errorf("%d unknown, want some and at most a window", sum.unknown)
	}
}

func TestFaultOneBadRecipient(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, window/2)
	d.Subscribers[3] = "s10000001" // refused by the SMSC
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.ended(t) == window/2 }, 20*time.Second, "no end")
	tw.account(t, "one bad recipient", window/2, acceptedBy(peer))
	if got := tw.statuses(t); got[events.StatusFailed] != 1 || got[events.StatusSent] != window/2-1 {
		t.Errorf("statuses %v", got)
	}
}

// jumpy is a clock that somebody sets.
type jumpy struct {
	run.Clock
	by atomic.Int64
}

func (j *jumpy) Now() time.Time { return j.Clock.Now().Add(time.Duration(j.by.Load())) }

// TestFaultClockChange sets the clock an hour back, and then on, in the middle
// of a send whose messages are good for three.
func TestFaultClockChange(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	ch := smppTo(t, "sms", "", peer)
	ch.RatePerSecond, ch.Window = 100, window
	tw := townOn(t, eventstest.Server(t), ch)
	clock := &jumpy{Clock: run.Deps{}.WithDefaults().Clock}
	tw.clock = clock
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	const batches = 12
	for k := range batches {
		d := batchOf(r, events.ClassService, k, 10_000_000+k*10_000, window/2)
		d.Expires = d.CreatedAt.Add(3 * time.Hour)
		tw.deliver(t, d)
	}
	for k, by := range []time.Duration{-time.Hour, time.Hour, 0} {
		eventstest.Eventually(t, func() bool { return tw.ended(t) >= (k+1)*window }, 30*time.Second, "nothing goes on")
		clock.by.Store(int64(by))
	}
	eventstest.Eventually(t, func() bool { return tw.ended(t) == batches*window/2 }, 60*time.Second, "no end")
	if sum := tw.account(t, "clock set an hour back, then on", batches*window/2, acceptedBy(peer)); sum.unknown != 0 {
		t.Errorf("%d unknown", sum.unknown)
	}
}

// TestFaultTwoPublishers: two programs have the same work, and one of them is
// stopped in its middle.
func TestFaultTwoPublishers(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	tw := townOn(t, eventstest.Server(t), smppTo(t, "sms", "", peer))
	audience(t, tw.nc)
	tw.start(t)
	stop := tw.another(t)
	r := tw.rendition(t, "sms")
	const batches = 60
	for k := range batches {
		class := events.ClassService
		if k%2 == 1 {
			class = events.ClassAlert
		}
		tw.deliver(t, batchOf(r, class, k, 10_000_000+k*10_000, window))
	}
	eventstest.Eventually(t, func() bool { return tw.ended(t) > batches*window/3 }, 60*time.Second, "nothing goes on")
	stop()
	eventstest.Eventually(t, func() bool { return tw.ended(t) == batches*window }, 90*time.Second, "no end")
	if sum := tw.account(t, "two publishers on the same work", batches*window, acceptedBy(peer)); sum.unknown != 0 {
		t.Errorf("%d unknown", sum.unknown)
	}
}

// another runs a second publisher on the same NATS; the function stops it.
func (tw *town) another(t *testing.T) func() {
	t.Helper()
	svc, err := publisher.New(run.Deps{NATS: tw.nc, JetStream: tw.js}, publisher.Config{PublicURL: "https://pessac.example"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	t.Cleanup(stop)
	eventstest.Eventually(t, func() bool { return svc.Ready() == nil }, 20*time.Second, "the other publisher is not ready")
	return func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the other publisher: %v", err)
		}
	}
}
