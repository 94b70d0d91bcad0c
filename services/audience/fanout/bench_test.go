package fanout_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
)

// BenchmarkMillion plans a publication for 1,000,000 subscribers and puts all
// of its batches of 320 in the queue, each answered at once.
func BenchmarkMillion(b *testing.B) {
	const million, size = 1_000_000, 320
	g := newRig(b, 64, size)
	g.people("pessac", 1, million+1)
	var told atomic.Int64
	emit := g.emit
	answers := make(chan events.Delivery, 4096)
	g.emit = func(ctx context.Context, evs ...events.Event) error {
		if err := emit(ctx, evs...); err != nil {
			return err
		}
		for _, e := range evs {
			if d, ok := e.(events.Delivery); ok {
				told.Add(int64(len(d.Subscribers)))
				answers <- d
			}
		}
		return nil
	}
	g.stop()
	g.forget = true
	g.start(64)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case d := <-answers:
				g.answer(d, events.StatusSent)
			case <-done:
				return
			}
		}
	}()
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		told.Store(0)
		n++
		g.plan(publication("pessac", "m"+string(rune('a'+n)), 1))
		eventstest.Eventually(b, func() bool {
			var now runtime.MemStats
			if runtime.ReadMemStats(&now); now.HeapAlloc > peak.HeapAlloc {
				peak = now
			}
			return told.Load() >= million
		}, 2*time.Minute, "a million told")
	}
	b.ReportMetric(float64(million*n)/b.Elapsed().Seconds(), "people/s")
	b.ReportMetric(float64(peak.HeapAlloc-min(before.HeapAlloc, peak.HeapAlloc))/(1<<20), "MB-heap-growth")
}
