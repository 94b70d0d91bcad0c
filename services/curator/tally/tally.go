package tally

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// MaxSeen is how many receipts of a publication are remembered.
const MaxSeen = 2048

// MaxUnknown is how many recipients of a publication whose fate is unknown are
// remembered, so that what is learnt of them later counts instead.
const MaxUnknown = 2048

// MaxVersions is how many revisions of a publication are kept, the last ones.
const MaxVersions = 16

// Tally is the counts of one publication, each revision apart: a correction or
// a withdrawal goes to whom was told before. Its key is
// {Authority, Publication}.
type Tally struct {
	Authority   string                    `json:"authority"`
	Publication string                    `json:"publication"`
	Versions    map[int]map[string]Counts `json:"versions"`        // by revision and channel
	Lines       map[string]Line           `json:"lines,omitempty"` // by channel
	Updated     time.Time                 `json:"updated"`
	Seen        []string                  `json:"seen,omitempty"`    // receipts
	Unknown     []string                  `json:"unknown,omitempty"` // recipients
}

// Counts are recipients by what became of them.
type Counts map[events.ReceiptStatus]int

// Arrived is how many have it, as the channel confirms.
func (c Counts) Arrived() int { return c[events.StatusDelivered] + c[events.StatusDisplayed] }

// Sent is how many it left for, those who have it included: a sign or a feed
// says no more than that it has it.
func (c Counts) Sent() int { return max(c[events.StatusSent], c.Arrived()) }

// Key implements the repository's key.
func (t Tally) Key() registry.Key { return registry.Key{t.Authority, t.Publication} }

// Add counts a receipt, unless it was counted before.
func (t *Tally) Add(r events.Receipt) bool {
	id := short(r.ID)
	if slices.Contains(t.Seen, id) {
		return false
	}
	t.Seen = latest(append(t.Seen, id), MaxSeen)
	t.count(t.counts(r.Revision, r.Channel), r)
	for _, o := range outcomes(r) {
		t.line(r.Channel, r.CreatedAt.UTC(), o)
	}
	t.Updated = r.CreatedAt
	return true
}

// counts are those of a channel for a revision. They are added to in vain when
// it is older than those that are kept.
func (t *Tally) counts(revision int, channel string) Counts {
	if t.Versions == nil {
		t.Versions = map[int]map[string]Counts{}
	}
	v := t.Versions[revision]
	if v == nil {
		v = map[string]Counts{}
		t.Versions[revision] = v
	}
	if len(t.Versions) > MaxVersions {
		delete(t.Versions, slices.Min(slices.Collect(maps.Keys(t.Versions))))
	}
	if v[channel] == nil {
		v[channel] = Counts{}
	}
	return v[channel]
}

// count adds a receipt's recipients: one is unknown once, and no more when
// something is known. Its report is looked for only while some are unknown.
func (t *Tally) count(counts Counts, r events.Receipt) {
	for _, to := range r.Recipients {
		unknown := to.Status == events.StatusUnknown
		if unknown || len(t.Unknown) > 0 && ends(to.Status) {
			who := short(events.NewID(strconv.Itoa(r.Revision), r.Channel, to.ID))
			i := slices.Index(t.Unknown, who)
			switch {
			case unknown && i >= 0:
				continue
			case unknown:
				t.Unknown = latest(append(t.Unknown, who), MaxUnknown)
			case i >= 0:
				t.Unknown = slices.Delete(t.Unknown, i, i+1)
				counts[events.StatusUnknown]--
			}
		}
		counts[to.Status]++
	}
}

// ends reports whether a status tells what became of a message.
func ends(s events.ReceiptStatus) bool { return informs(s) || s == events.StatusFailed }

// informs reports whether recipients have what was sent, as far as the channel
// can tell.
func informs(s events.ReceiptStatus) bool {
	return s == events.StatusSent || s == events.StatusDelivered || s == events.StatusDisplayed
}

// short keeps 65 bits of an ID.
func short(id string) string { return id[:min(13, len(id))] }

// latest are the last of a list, no more than most.
func latest(list []string, most int) []string { return list[max(0, len(list)-most):] }

// outcome is what became of some recipients of a receipt alike.
type outcome struct {
	status events.ReceiptStatus
	reason events.Reason
	people int
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
		list[i].people++
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

// Wait returns nil once the tallies that are stored are read, or ctx's error.
func (c *Counter) Wait(ctx context.Context) error { return c.view.Wait(ctx) }

// Get is a publication's tally.
func (c *Counter) Get(authority, publication string) (Tally, bool) {
	return c.view.Get(authority, publication)
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
