package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

// TestManyLargeBodiesAtOnce: 30 sources serve 10 MB each at the same time; the
// bodies held stay within the bound, and all are read.
func TestManyLargeBodiesAtOnce(t *testing.T) {
	const size = 10<<20 - 100
	text := bytes.Repeat([]byte("éa"), size/3)
	for name, announce := range map[string]bool{"announced": true, "chunked": false} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if announce {
					w.Header().Set("Content-Length", fmt.Sprint(len(text)))
				}
				for part := text; len(part) > 0; part = part[min(len(part), 1<<20):] {
					_, _ = w.Write(part[:min(len(part), 1<<20)])
				}
			})
			c := newClient(t, local(Config{}))
			var held, most atomic.Int64
			var all sync.WaitGroup
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 30 {
				all.Go(func() {
					res, err := c.Do(t.Context(), Request{URL: address})
					if err != nil {
						t.Error(err)
						return
					}
					now := held.Add(int64(cap(res.Body)))
					for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
					}
					if !bytes.Equal(res.Body, text) {
						t.Error("another body")
					}
					held.Add(-int64(cap(res.Body)))
					res.Release()
					res.Release()
				})
			}
			all.Wait()
			runtime.ReadMemStats(&after)
			if most.Load() > 48<<20 {
				t.Errorf("%d bytes held at once", most.Load())
			}
			t.Logf("%d MB held at once, heap of the process %d MB", most.Load()>>20, (after.HeapSys-before.HeapSys)>>20)
			if err := c.memory.free.Acquire(t.Context(), c.memory.total); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLargeBodyWaitsForRoom: what is not given back makes others wait until their
// time is over, and small bodies pass.
func TestLargeBodyWaitsForRoom(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size := 2 << 20
		if r.URL.Path == "/small" {
			size = 100 << 10
		}
		_, _ = w.Write(make([]byte, size))
	})
	c := newClient(t, local(Config{MaxBytes: 3 << 20, MaxHeldBytes: 4 << 20, Timeout: 300 * time.Millisecond}))
	first, err := c.Do(t.Context(), Request{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), Request{URL: address}); events.OutcomeOf(err).Reason != events.ReasonTimeout {
		t.Errorf("a second large body: %v", err)
	}
	if _, err := c.Do(t.Context(), Request{URL: address + "/small"}); err != nil {
		t.Errorf("a small body: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Do(ctx, Request{URL: address}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	first.Release()
	again, err := c.Do(t.Context(), Request{URL: address})
	if err != nil {
		t.Errorf("after the release: %v", err)
	}
	again.Release()
}
