package tally

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// MaxSeen is how many receipts of a publication are remembered.
const MaxSeen = 2048

// seenBytes is how much of a receipt's ID is kept: 65 bits.
const seenBytes = 13

// Tally is the counts of one publication, all revisions together. Its key is
// {Authority, Publication}.
type Tally struct {
	Authority   string                                  `json:"authority"`
	Publication string                                  `json:"publication"`
	Channels    map[string]map[events.ReceiptStatus]int `json:"channels"` // recipients by channel and status
	Reasons     map[events.Reason]int                   `json:"reasons,omitempty"`
	CostMicro   int64                                   `json:"costMicroEUR,omitempty"`
	Lines       map[string]Line                         `json:"lines,omitempty"` // by channel
	First       time.Time                               `json:"first,omitzero"`  // first recipient informed
	Updated     time.Time                               `json:"updated"`
	Seen        []string                                `json:"seen,omitempty"`
}

// Key implements the repository's key.
func (t Tally) Key() registry.Key { return registry.Key{t.Authority, t.Publication} }

// Add counts a receipt, unless it was counted before.
func (t *Tally) Add(r events.Receipt) bool {
	id := r.ID[:min(seenBytes, len(r.ID))]
	if slices.Contains(t.Seen, id) {
		return false
	}
	t.Seen = append(t.Seen, id)
	t.Seen = t.Seen[max(0, len(t.Seen)-MaxSeen):]
	if t.Channels == nil {
		t.Channels = map[string]map[events.ReceiptStatus]int{}
	}
	counts := t.Channels[r.Channel]
	if counts == nil {
		counts = map[events.ReceiptStatus]int{}
		t.Channels[r.Channel] = counts
	}
	for _, o := range outcomes(r) {
		counts[o.status] += o.people
		t.CostMicro += o.cost
		if o.reason != "" {
			if t.Reasons == nil {
				t.Reasons = map[events.Reason]int{}
			}
			t.Reasons[o.reason] += o.people
		}
		t.line(r.Channel, r.CreatedAt.UTC(), o)
		if o.informs() && !o.first.IsZero() && (t.First.IsZero() || o.first.Before(t.First)) {
			t.First = o.first.UTC()
		}
	}
	t.Updated = r.CreatedAt
	return true
}

// outcome is what became of some recipients of a receipt alike.
type outcome struct {
	status events.ReceiptStatus
	reason events.Reason
	people int
	cost   int64     // micro-euros, of all
	first  time.Time // zero when none has one
}

// informs reports whether the recipients have what was sent, as far as the
// channel can tell.
func (o outcome) informs() bool {
	return o.status == events.StatusSent || o.status == events.StatusDelivered || o.status == events.StatusDisplayed
}

// outcomes are a receipt's, in their order. They are few where the recipients
// are hundreds.
func outcomes(r events.Receipt) []outcome {
	var list []outcome
	for _, to := range r.Recipients {
		i := slices.IndexFunc(list, func(o outcome) bool { return o.status == to.Status && o.reason == to.Reason })
		if i < 0 {
			i = len(list)
			list = append(list, outcome{status: to.Status, reason: to.Reason})
		}
		o := &list[i]
		o.people++
		o.cost += to.CostMicroEUR
		if !to.At.IsZero() && (o.first.IsZero() || to.At.Before(o.first)) {
			o.first = to.At
		}
	}
	return list
}

// Counter stores tallies. It is safe for concurrent use.
type Counter struct {
	repo *registry.Repository[Tally]
	view *registry.View[Tally]

	mu      sync.Mutex
	waiting map[string]*batch
}

// batch is the receipts of one publication that wait to be stored together.
type batch struct {
	receipts []events.Receipt
	done     chan struct{}
	err      error
}

// New reads the tallies into memory until ctx ends. options watch them.
func New(ctx context.Context, kv jetstream.KeyValue, options ...registry.ViewOption[Tally]) *Counter {
	repo := registry.New[Tally](kv, "tally")
	return &Counter{repo: repo, view: registry.NewView(ctx, repo, options...), waiting: map[string]*batch{}}
}

// Get is a publication's tally.
func (c *Counter) Get(authority, publication string) (Tally, bool) {
	t, ok := c.view.Get(authority, publication)
	t.Channels = maps.Clone(t.Channels)
	return t, ok
}

// Count stores a receipt: it returns once it is counted. The first to come
// writes; those that come while it does are written together by the next.
func (c *Counter) Count(ctx context.Context, r events.Receipt) error {
	key := r.Authority + "." + r.Publication
	c.mu.Lock()
	b, joined := c.waiting[key]
	if !joined {
		b = &batch{done: make(chan struct{})}
		c.waiting[key] = b
	}
	b.receipts = append(b.receipts, r)
	c.mu.Unlock()
	if joined {
		select {
		case <-b.done:
			return b.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(b.done)
	b.err = c.store(ctx, key, b, registry.Key{r.Authority, r.Publication})
	return b.err
}

// store takes whatever has joined the batch at each try.
func (c *Counter) store(ctx context.Context, key string, b *batch, k registry.Key) error {
	closed := false
	_, _, err := c.repo.ModifyOrCreate(ctx, k, func(t *Tally) error {
		c.mu.Lock()
		if !closed {
			closed = true
			delete(c.waiting, key)
		}
		receipts := b.receipts
		c.mu.Unlock()
		t.Authority, t.Publication = k[0], k[1]
		for _, r := range receipts {
			t.Add(r)
		}
		return nil
	})
	if err != nil && !closed {
		c.mu.Lock()
		delete(c.waiting, key)
		c.mu.Unlock()
	}
	return err
}
