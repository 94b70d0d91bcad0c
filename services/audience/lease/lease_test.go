package lease_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/lease"
)

// life leaves a busy machine the time to stop who lost its lease before another takes
// it: a fifth.
const life = lease.DefaultLife

// hall is a bucket that several processes, each with its own connection, share.
type hall struct {
	t       *testing.T
	server  *natsserver.Server
	working atomic.Int32
	turns   atomic.Int32
}

func open(t *testing.T) *hall {
	h := &hall{t: t, server: eventstest.Server(t)}
	js, err := jetstream.New(eventstest.Dial(t, h.server))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "hall", Storage: jetstream.MemoryStorage}); err != nil {
		t.Fatal(err)
	}
	return h
}

// process is one of them.
type process struct {
	nc      *nats.Conn
	working atomic.Bool
	term    atomic.Value
	stop    context.CancelFunc
	ended   chan error
}

func (h *hall) start(name string, sole bool) *process {
	h.t.Helper()
	p := &process{nc: eventstest.Dial(h.t, h.server), ended: make(chan error, 1)}
	js, err := jetstream.New(p.nc)
	if err != nil {
		h.t.Fatal(err)
	}
	kv, err := js.KeyValue(h.t.Context(), "hall")
	if err != nil {
		h.t.Fatal(err)
	}
	l := lease.Lease{KV: kv, Key: "lease", Holder: name, Sole: sole, Life: life, Clock: run.SystemClock{}, Logger: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	h.t.Cleanup(stop)
	go func() {
		p.ended <- l.Hold(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }, func(ctx context.Context, term string) error {
			if h.working.Add(1) > 1 {
				h.t.Error("two work at once")
			}
			h.turns.Add(1)
			p.term.Store(term)
			p.working.Store(true)
			<-ctx.Done()
			p.working.Store(false)
			h.working.Add(-1)
			return nil
		})
	}()
	return p
}

func (h *hall) one(ps ...*process) *process {
	h.t.Helper()
	var at *process
	eventstest.Eventually(h.t, func() bool {
		for _, p := range ps {
			if p.working.Load() {
				at = p
			}
		}
		return at != nil
	}, 4*life, "nobody works")
	return at
}

func TestOneAtATimeAndTakenOverAfterDeath(t *testing.T) {
	t.Parallel()
	h := open(t)
	ps := []*process{h.start("a", false), h.start("b", false), h.start("c", false)}
	first := h.one(ps...)
	first.nc.Close() // dead to the others: it gives nothing back, and must stop by itself
	eventstest.Eventually(t, func() bool { return !first.working.Load() }, 4*life, "who lost its lease still works")
	var rest []*process
	for _, p := range ps {
		if p != first {
			rest = append(rest, p)
		}
	}
	second := h.one(rest...)
	if second.term.Load() == first.term.Load() {
		t.Error("two holds have one term")
	}
	if h.turns.Load() != 2 {
		t.Errorf("%d turns", h.turns.Load())
	}
}

func TestGivenBackAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.start("a", false)
	h.one(a)
	b := h.start("b", false)
	began := time.Now()
	a.stop()
	if err := <-a.ended; err != nil {
		t.Fatal(err)
	}
	h.one(b)
	if took := time.Since(began); took >= life {
		t.Errorf("taken after %v: it was not given back", took)
	}
}

func TestAProcessThatComesBackDoesNotWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, sole, closeName, err := lease.OpenName(dir)
	if err != nil || !sole {
		t.Fatalf("sole %v, %v", sole, err)
	}
	if other, sole, closeOther, err := lease.OpenName(dir); err != nil || sole || other == name {
		t.Fatalf("a second process of the folder: %v, %v", sole, err)
	} else {
		closeOther()
	}
	h := open(t)
	a := h.start(name, true)
	h.one(a)
	a.nc.Close()
	eventstest.Eventually(t, func() bool { return !a.working.Load() }, 4*life, "who lost its lease still works")
	closeName()
	again, sole, closeName, err := lease.OpenName(dir)
	if err != nil || !sole || again != name {
		t.Fatalf("name %v, sole %v, %v", again == name, sole, err)
	}
	defer closeName()
	h.one(h.start(again, true))
}

func TestTheErrorOfTheWorkEndsIt(t *testing.T) {
	t.Parallel()
	h := open(t)
	js, err := jetstream.New(eventstest.Dial(t, h.server))
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "hall")
	if err != nil {
		t.Fatal(err)
	}
	broken := fmt.Errorf("broken")
	l := lease.Lease{KV: kv, Key: "lease", Holder: "a", Clock: run.SystemClock{}, Logger: slog.New(slog.DiscardHandler)}
	err = l.Hold(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return nil }, func(context.Context, string) error { return broken })
	if !errors.Is(err, broken) {
		t.Fatalf("%v", err)
	}
}
