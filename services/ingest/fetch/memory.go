package fetch

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// smallBody is what any fetch may hold without asking: nearly every body is smaller.
const smallBody = 512 << 10

// memory bounds the bytes of large bodies held at once by all fetches. A body
// past [smallBody] reserves its whole limit in one go, so that two that grow
// never wait for one another, and gives back what it did not need.
type memory struct {
	total int64
	free  *semaphore.Weighted
}

func newMemory(total int64) *memory {
	return &memory{total: total, free: semaphore.NewWeighted(total)}
}

// reserve waits until a body of up to limit bytes may be held.
func (m *memory) reserve(ctx context.Context, limit int64) (*reservation, error) {
	n := min(limit, m.total)
	if err := m.free.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return &reservation{memory: m, bytes: n}, nil
}

// A reservation is a part of the memory. Nil holds nothing.
type reservation struct {
	memory *memory
	mu     sync.Mutex
	bytes  int64
}

// shrink keeps n bytes at most.
func (r *reservation) shrink(n int64) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.bytes {
		r.memory.free.Release(r.bytes - n)
		r.bytes = n
	}
}

// Release says that the body is no longer held; it may be called again. Until
// then a body over 512 KiB counts against [Config.MaxHeldBytes].
func (r *Response) Release() {
	r.held.shrink(0)
}
