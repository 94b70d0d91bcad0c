package portal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

const (
	// shortChars of a publication's ID are in the address of an SMS.
	shortChars = 12
	// warmFor is how long after its expiry a publication stays in memory; an
	// older one is read from the stream when asked for.
	warmFor = 30 * 24 * time.Hour
	// cancelledFor is how long a withdrawal is shown among what is current.
	cancelledFor = 48 * time.Hour
)

// board is every publication, by its short name. It is safe for concurrent use.
type board struct {
	mu          sync.RWMutex
	entries     map[string]*entry
	byAuthority map[string][]*entry // warm ones
}

// entry is one publication through its revisions, the first first.
type entry struct {
	id, authority string
	seqs          []uint64
	revisions     []events.Publication // empty when cold
}

func newBoard() *board {
	return &board{entries: map[string]*entry{}, byAuthority: map[string][]*entry{}}
}

func short(id string) string { return id[:min(len(id), shortChars)] }

// put takes a revision in.
func (b *board) put(p events.Publication, seq uint64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[short(p.ID)]
	if e == nil {
		e = &entry{id: p.ID, authority: p.Authority}
		b.entries[short(p.ID)] = e
	}
	if slices.Contains(e.seqs, seq) || e.id != p.ID {
		return
	}
	warm := p.Expires.Add(warmFor).After(now)
	if warm && len(e.revisions) == 0 {
		b.byAuthority[p.Authority] = append(b.byAuthority[p.Authority], e)
	}
	e.seqs = append(e.seqs, seq)
	if !warm && len(e.revisions) == 0 {
		return
	}
	e.revisions = append(slices.DeleteFunc(slices.Clone(e.revisions), func(o events.Publication) bool { return o.Revision == p.Revision }), p)
	slices.SortFunc(e.revisions, func(a, b events.Publication) int { return a.Revision - b.Revision })
}

// cool forgets the content of what expired long ago.
func (b *board) cool(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for a, list := range b.byAuthority {
		b.byAuthority[a] = slices.DeleteFunc(list, func(e *entry) bool {
			cold := e.revisions[len(e.revisions)-1].Expires.Add(warmFor).Before(now)
			if cold {
				e.revisions = nil
			}
			return cold
		})
	}
}

// current returns the last revisions of an authority's publications that a
// visitor should see now: the gravest alerts first, then what concerns the
// day, then the diary; the nearest in time first.
func (b *board) current(authority string, public func(stream string) bool, now time.Time) []events.Publication {
	b.mu.RLock()
	var list []events.Publication
	for _, e := range b.byAuthority[authority] {
		if p := e.revisions[len(e.revisions)-1]; shown(p, now) && public(p.Stream) {
			list = append(list, p)
		}
	}
	b.mu.RUnlock()
	slices.SortFunc(list, func(x, y events.Publication) int {
		return cmp.Or(cmp.Compare(weight(y), weight(x)), cmp.Compare(distance(x, now), distance(y, now)), strings.Compare(x.ID, y.ID))
	})
	return list
}

func shown(p events.Publication, now time.Time) bool {
	if p.NotBefore.After(now) {
		return false
	}
	if p.MsgType == events.MsgCancel {
		return now.Before(p.At.Add(cancelledFor))
	}
	return now.Before(p.Expires)
}

// weight is over zero for a current alert, under it for the diary.
func weight(p events.Publication) int {
	switch {
	case p.Class == events.ClassPromotional:
		return -1
	case p.Class != events.ClassAlert || p.MsgType == events.MsgCancel:
		return 0
	}
	return 1 + p.Severity.Rank()
}

// distance is how far from now a publication's subject is: when it begins, or
// when it was said where it has no time or is withdrawn.
func distance(p events.Publication, now time.Time) time.Duration {
	if p.Onset == nil || p.MsgType == events.MsgCancel {
		return now.Sub(p.At).Abs()
	}
	return now.Sub(*p.Onset).Abs()
}

// find returns a publication's revisions, from the stream when they are cold.
func (b *board) find(ctx context.Context, js jetstream.JetStream, name string) ([]events.Publication, error) {
	b.mu.RLock()
	e := b.entries[short(name)]
	if e == nil || len(name) > shortChars && e.id != name {
		b.mu.RUnlock()
		return nil, nil
	}
	revisions, seqs := slices.Clone(e.revisions), slices.Clone(e.seqs)
	b.mu.RUnlock()
	if len(revisions) > 0 {
		return revisions, nil
	}
	stream, err := js.Stream(ctx, bus.StreamPublications)
	if err != nil {
		return nil, fmt.Errorf("portal: stream %s: %w", bus.StreamPublications, err)
	}
	for _, seq := range seqs {
		msg, err := stream.GetMsg(ctx, seq)
		if err != nil {
			return nil, fmt.Errorf("portal: publication %s: %w", name, err)
		}
		p, err := events.Unmarshal[events.Publication](msg.Data)
		if err != nil {
			return nil, err
		}
		revisions = append(revisions, p)
	}
	slices.SortFunc(revisions, func(a, b events.Publication) int { return a.Revision - b.Revision })
	return revisions, nil
}

// follow reads the stream from its beginning until ctx ends, and closes read
// once the past is read.
func (b *board) follow(ctx context.Context, js jetstream.JetStream, now func() time.Time, read chan<- struct{}) error {
	stream, err := js.Stream(ctx, bus.StreamPublications)
	if err != nil {
		return fmt.Errorf("portal: stream %s: %w", bus.StreamPublications, err)
	}
	last := stream.CachedInfo().State.LastSeq
	consumer, err := js.OrderedConsumer(ctx, bus.StreamPublications, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("portal: stream %s: %w", bus.StreamPublications, err)
	}
	var once sync.Once
	if last == 0 || stream.CachedInfo().State.Msgs == 0 {
		once.Do(func() { close(read) })
	}
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		meta, err := msg.Metadata()
		if err != nil {
			return
		}
		if p, err := events.Unmarshal[events.Publication](msg.Data()); err == nil { // a broken one is fanout's to bury
			b.put(p, meta.Sequence.Stream, now())
		}
		if meta.Sequence.Stream >= last || meta.NumPending == 0 {
			once.Do(func() { close(read) })
		}
	})
	if err != nil {
		return fmt.Errorf("portal: stream %s: %w", bus.StreamPublications, err)
	}
	defer consuming.Stop()
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			b.cool(now())
		}
	}
}
