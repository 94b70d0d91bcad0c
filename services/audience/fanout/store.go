package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/audience/consent"
)

// plan is one revision of a publication on its subscriber channels.
type plan struct {
	Publication events.Publication `json:"publication"`
	Channels    []leg              `json:"channels"`
	Trace       string             `json:"trace,omitempty"` // traceparent of the publication
	Begun       time.Time          `json:"begun,omitzero"`  // when the targets were decided
	// Passed says that a newer revision was known before the targets were
	// decided: there are none, and whom it was for is the newer one's to tell.
	Passed   bool   `json:"passed,omitempty"`
	revision uint64 // of what is stored
}

// leg is one channel of a plan.
type leg struct {
	Channel   string           `json:"channel"`
	Kind      string           `json:"kind"` // of the channel
	Size      int              `json:"size"` // subscribers in a batch
	Rendition events.Rendition `json:"rendition"`
	Segments  []segment        `json:"segments,omitempty"`
	Term      string           `json:"term,omitempty"` // of the hold that decided the targets: part of their keys
}

// segment is a part of a leg's targets that may be sent to from a time on.
type segment struct {
	NotBefore time.Time `json:"notBefore,omitzero"`
	People    int       `json:"people"`
	Chunks    int       `json:"chunks"`
}

// contact is the kind of contact that the leg's channel writes to.
func (l leg) contact() string {
	kind, _ := consent.ContactOf(l.Kind)
	return kind
}

func (l leg) people() (n int) {
	for _, s := range l.Segments {
		n += s.People
	}
	return n
}

// cursor is how far a leg is.
type cursor struct {
	Next   int           `json:"next"`             // first batch not yet in the queue
	Ended  int           `json:"ended,omitempty"`  // batches from Next on that were given up
	Reason events.Reason `json:"reason,omitempty"` // why they were
	Done   bool          `json:"done,omitempty"`
	Term   string        `json:"term,omitempty"` // of the hold that wrote it
}

// ErrLost tells that another process has taken the fan-outs over.
var ErrLost = errors.New("fanout: another process writes here")

// LeaseKey is where the bucket tells which process runs the fan-outs.
const LeaseKey = "lease"

// chunkBytes bounds one value of the bucket.
const chunkBytes = 512 << 10

// store keeps plans, targets and cursors.
type store struct{ kv jetstream.KeyValue }

func planKey(publication string, revision int) string {
	return "plan." + publication + "." + strconv.Itoa(revision)
}

func legKey(prefix string, p events.Publication, channel string) string {
	return prefix + "." + p.ID + "." + strconv.Itoa(p.Revision) + "." + channel
}

func (s store) fail(op, key string, err error) error {
	return events.Transient(events.ReasonUnavailable, fmt.Errorf("fanout: %s %s: %w", op, key, err), 0)
}

// get reads a value and its revision: 0 when there is none.
func (s store) get(ctx context.Context, key string, into any) (uint64, error) {
	e, err := s.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyDeleted) {
		return 0, nil
	}
	if err != nil {
		return 0, s.fail("get", key, err)
	}
	if err := json.Unmarshal(e.Value(), into); err != nil {
		return 0, events.Permanentf(events.ReasonInternal, "fanout: decode %s: %w", key, err)
	}
	return e.Revision(), nil
}

// swap writes a value over a revision, 0 for none: ErrLost when there is
// another.
func (s store) swap(ctx context.Context, key string, value any, revision uint64) (uint64, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return 0, events.Permanentf(events.ReasonInternal, "fanout: encode %s: %w", key, err)
	}
	if revision == 0 {
		revision, err = s.kv.Create(ctx, key, body)
	} else {
		revision, err = s.kv.Update(ctx, key, body, revision)
	}
	if bus.IsConflict(err) {
		return 0, fmt.Errorf("fanout: put %s: %w", key, ErrLost)
	}
	if err != nil {
		return 0, s.fail("put", key, err)
	}
	return revision, nil
}

func (s store) put(ctx context.Context, key string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return events.Permanentf(events.ReasonInternal, "fanout: encode %s: %w", key, err)
	}
	if _, err := s.kv.Put(ctx, key, body); err != nil {
		return s.fail("put", key, err)
	}
	return nil
}

// putSet stores a bitmap in chunks and returns how many.
func (s store) putSet(ctx context.Context, key string, b *roaring.Bitmap) (int, error) {
	b.RunOptimize()
	body, err := b.ToBytes()
	if err != nil {
		return 0, events.Permanentf(events.ReasonInternal, "fanout: %s: %w", key, err)
	}
	n := 0
	for ; len(body) > 0; n++ {
		part := body[:min(len(body), chunkBytes)]
		body = body[len(part):]
		at := key + "." + strconv.Itoa(n)
		if _, err := s.kv.Put(ctx, at, part); err != nil {
			return 0, s.fail("put", at, err)
		}
	}
	return n, nil
}

// getSet reads a bitmap of some chunks; a missing one is an error.
func (s store) getSet(ctx context.Context, key string, chunks int) (*roaring.Bitmap, error) {
	var body []byte
	for n := range chunks {
		at := key + "." + strconv.Itoa(n)
		e, err := s.kv.Get(ctx, at)
		if err != nil {
			return nil, s.fail("get", at, err)
		}
		body = append(body, e.Value()...)
	}
	b := roaring.New()
	if chunks == 0 {
		return b, nil
	}
	if err := b.UnmarshalBinary(body); err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "fanout: %s: %w", key, err)
	}
	return b, nil
}

func setKey(p events.Publication, l leg, segment int) string {
	key := legKey("set", p, l.Channel) + "." + strconv.Itoa(segment)
	if l.Term != "" {
		key += "." + l.Term
	}
	return key
}

// targets reads a leg's segments.
func (s store) targets(ctx context.Context, p events.Publication, l leg) ([]*roaring.Bitmap, error) {
	sets := make([]*roaring.Bitmap, len(l.Segments))
	for i, seg := range l.Segments {
		b, err := s.getSet(ctx, setKey(p, l, i), seg.Chunks)
		if err != nil {
			return nil, err
		}
		sets[i] = b
	}
	return sets, nil
}

// plans calls take for every plan, and for every one that changes until ctx
// ends or, once all were read, past says to stop. take gets no plan for one
// that was dropped.
func (s store) plans(ctx context.Context, take func(key string, p *plan), past func() (stop bool)) error {
	w, err := s.kv.Watch(ctx, "plan.>")
	if err != nil {
		return s.fail("list", "plan", err)
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, open := <-w.Updates():
			switch {
			case !open && ctx.Err() != nil: // which ends the watch too
				return ctx.Err()
			case !open:
				return s.fail("list", "plan", jetstream.ErrConsumerNotFound)
			case e == nil:
				if past() {
					return nil
				}
			case e.Operation() != jetstream.KeyValuePut:
				take(e.Key(), nil)
			default:
				p := &plan{revision: e.Revision()}
				if err := json.Unmarshal(e.Value(), p); err != nil {
					return events.Permanentf(events.ReasonInternal, "fanout: decode %s: %w", e.Key(), err)
				}
				take(e.Key(), p)
			}
		}
	}
}

// drop purges everything of a plan.
func (s store) drop(ctx context.Context, p plan) error {
	id := p.Publication.ID + "." + strconv.Itoa(p.Publication.Revision)
	for _, pattern := range []string{"set." + id + ".>", "failed." + id + ".>", "at." + id + ".>"} {
		keys, err := s.kv.ListKeysFiltered(ctx, pattern)
		if err != nil {
			return s.fail("list", pattern, err)
		}
		var list []string
		for k := range keys.Keys() {
			list = append(list, k)
		}
		for _, k := range list {
			if err := s.kv.Purge(ctx, k); err != nil {
				return s.fail("purge", k, err)
			}
		}
	}
	key := planKey(p.Publication.ID, p.Publication.Revision)
	if err := s.kv.Purge(ctx, key); err != nil {
		return s.fail("purge", key, err)
	}
	return nil
}

// stepEnds reports whether a receipt's step ends recipients' part in a batch:
// publisher's submissions do, provider's later words do not.
func stepEnds(step string) bool { return strings.HasPrefix(step, "submit") || step == "plan" }
