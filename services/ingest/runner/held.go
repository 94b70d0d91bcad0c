package runner

import (
	"context"
	"sync"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// held gives a large body's room back when its source asks for the next one, and
// at the end of the turn: a source holds one at a time.
type held struct {
	source.Doer
	mu   sync.Mutex
	last *fetch.Response
}

// Do implements source.Doer.
func (h *held) Do(ctx context.Context, req fetch.Request) (*fetch.Response, error) {
	h.release()
	res, err := h.Doer.Do(ctx, req)
	if err == nil {
		h.mu.Lock()
		h.last = res
		h.mu.Unlock()
	}
	return res, err
}

func (h *held) release() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil {
		h.last.Release()
		h.last = nil
	}
}
