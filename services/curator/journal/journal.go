package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
)

// Head is the last entry of an authority's chain. Its key is {authority}.
type Head struct {
	Entry events.Audit `json:"entry"`
	Count int          `json:"count"` // entries of the chain
}

// Emitter stores events; bus.Emitter is one.
type Emitter interface {
	Publish(ctx context.Context, evs ...events.Event) error
}

// Journal writes and reads chains. It is safe for concurrent use.
type Journal struct {
	heads   *registry.Repository[Head]
	stream  jetstream.JetStream
	emitter Emitter

	mu     sync.Mutex
	stored map[string]string // by authority: hash of the entry known to be in the stream
}

// New keeps heads in a bucket, under the prefix "journal".
func New(kv jetstream.KeyValue, js jetstream.JetStream, emitter Emitter) *Journal {
	return &Journal{heads: registry.New[Head](kv, "journal"), stream: js, emitter: emitter, stored: map[string]string{}}
}

// maxTries bounds the contest for a head with other processes.
const maxTries = 32

// Append chains a fact and stores it. It returns once it is in the stream.
func (j *Journal) Append(ctx context.Context, f Fact) (events.Audit, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range maxTries {
		head, revision, err := j.heads.Get(ctx, f.Authority)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return events.Audit{}, err
		}
		if err == nil {
			if err := j.ensure(ctx, head.Entry); err != nil {
				return events.Audit{}, err
			}
		}
		next := Head{Entry: Next(head.Entry.Hash, f), Count: head.Count + 1}
		if err != nil {
			_, err = j.heads.Create(ctx, next, f.Authority)
		} else {
			_, err = j.heads.Update(ctx, next, revision, f.Authority)
		}
		switch {
		case errors.Is(err, registry.ErrConflict), errors.Is(err, registry.ErrExists):
			continue
		case err != nil:
			return events.Audit{}, err
		}
		return next.Entry, j.store(ctx, next.Entry)
	}
	return events.Audit{}, fmt.Errorf("journal: %s: %w", f.Authority, registry.ErrConflict)
}

// Repair stores the head of every chain whose writer died before it did.
func (j *Journal) Repair(ctx context.Context) error {
	heads, err := j.heads.List(ctx)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, h := range heads {
		if err := j.ensure(ctx, h.Value.Entry); err != nil {
			return err
		}
	}
	return nil
}

// ensure stores the head that another process, or a life before, wrote.
func (j *Journal) ensure(ctx context.Context, head events.Audit) error {
	if j.stored[head.Authority] == head.Hash {
		return nil
	}
	last, err := j.last(ctx, head.Authority)
	if err != nil {
		return err
	}
	if last.Hash == head.Hash {
		j.stored[head.Authority] = head.Hash
		return nil
	}
	return j.store(ctx, head)
}

func (j *Journal) store(ctx context.Context, a events.Audit) error {
	if err := j.emitter.Publish(ctx, a); err != nil {
		return fmt.Errorf("journal: %s: %w", a.Authority, err)
	}
	j.stored[a.Authority] = a.Hash
	return nil
}

// last is the last entry in the stream, the zero one when there is none.
func (j *Journal) last(ctx context.Context, authority string) (events.Audit, error) {
	var a events.Audit
	stream, err := j.stream.Stream(ctx, bus.StreamAudit)
	if err != nil {
		return a, fmt.Errorf("journal: stream %s: %w", bus.StreamAudit, err)
	}
	msg, err := stream.GetLastMsgForSubject(ctx, events.Audit{Authority: authority}.Subject())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("journal: %s: %w", authority, err)
	}
	if err := json.Unmarshal(msg.Data, &a); err != nil {
		return a, fmt.Errorf("journal: %s: last entry: %w", authority, err)
	}
	return a, nil
}

// Trail is what Read found.
type Trail struct {
	Entries []events.Audit // the last ones asked for, oldest first
	Count   int            // of the whole chain
	Fault   *Fault         // nil when the whole chain holds
}

// Read reads and verifies the whole chain of an authority, and returns its
// last entries.
func (j *Journal) Read(ctx context.Context, authority string, last int) (Trail, error) {
	head, _, err := j.heads.Get(ctx, authority)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return Trail{}, err
	}
	entries, err := j.entries(ctx, authority)
	if err != nil {
		return Trail{}, err
	}
	t := Trail{Count: len(entries), Fault: Verify(entries, "", head.Entry.Hash)}
	t.Entries = entries[max(0, len(entries)-last):]
	return t, nil
}

// entries reads the stream's, up to now. A body that is no audit entry is one
// that Verify finds altered.
func (j *Journal) entries(ctx context.Context, authority string) ([]events.Audit, error) {
	stream, err := j.stream.Stream(ctx, bus.StreamAudit)
	if err != nil {
		return nil, fmt.Errorf("journal: stream %s: %w", bus.StreamAudit, err)
	}
	subject := events.Audit{Authority: authority}.Subject()
	end, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %s: %w", authority, err)
	}
	consumer, err := j.stream.OrderedConsumer(ctx, bus.StreamAudit, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		return nil, fmt.Errorf("journal: %s: %w", authority, err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(500))
	if err != nil {
		return nil, fmt.Errorf("journal: %s: %w", authority, err)
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	var list []events.Audit
	for {
		msg, err := messages.Next()
		if err != nil {
			return nil, fmt.Errorf("journal: %s: %w", authority, errors.Join(err, ctx.Err()))
		}
		var a events.Audit
		if json.Unmarshal(msg.Data(), &a) != nil {
			a = events.Audit{Authority: authority}
		}
		list = append(list, a)
		meta, err := msg.Metadata()
		if err != nil {
			return nil, fmt.Errorf("journal: %s: %w", authority, err)
		}
		if meta.Sequence.Stream >= end.Sequence {
			return list, nil
		}
	}
}
