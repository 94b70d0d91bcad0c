package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// ErrNoDeadLetter is returned for a number under which there is none.
var ErrNoDeadLetter = errors.New("bus: no such dead letter")

// DeadLetter is an event that a consumer gave up.
type DeadLetter struct {
	Number     uint64 // in the stream of dead letters; what Show and Replay take
	EventID    string
	EventType  events.Type
	Consumer   string
	Stream     string // of the original
	Sequence   uint64 // of the original
	Subject    string // of the original
	Reason     events.Reason
	Error      string // one line
	Deliveries uint64
	At         time.Time // UTC
	Body       []byte    // of the original
	header     nats.Header
}

// DeadLetterFilter chooses dead letters. The zero value is all.
type DeadLetterFilter struct {
	Consumer string
	Reason   events.Reason
	From     uint64 // the lowest Number
	Limit    int    // at most so many; 0 is without limit
}

// DeadLetters lists and replays dead letters. It is safe for concurrent use.
type DeadLetters struct {
	js  jetstream.JetStream
	pub *Publisher
}

// NewDeadLetters returns the dead letters of the bus behind nc.
func NewDeadLetters(nc *nats.Conn) (*DeadLetters, error) {
	pub, err := NewPublisher(nc, PublisherConfig{})
	if err != nil {
		return nil, err
	}
	return &DeadLetters{js: pub.js, pub: pub}, nil
}

// List returns the chosen dead letters, the oldest first.
func (d *DeadLetters) List(ctx context.Context, f DeadLetterFilter) ([]DeadLetter, error) {
	var letters []DeadLetter
	err := d.each(ctx, f, func(l DeadLetter) error {
		letters = append(letters, l)
		return nil
	})
	return letters, err
}

// LetterCount is how many events of one authority a consumer gave up for one
// reason.
type LetterCount struct {
	Authority string // by the event's subject; empty when that has none
	Consumer  string
	Reason    events.Reason
	Letters   int
	Latest    time.Time // UTC
}

// Count sums the dead letters up, in no order.
func (d *DeadLetters) Count(ctx context.Context) ([]LetterCount, error) {
	type key struct {
		authority, consumer string
		reason              events.Reason
	}
	counts := map[key]*LetterCount{}
	err := d.each(ctx, DeadLetterFilter{}, func(l DeadLetter) error {
		k := key{events.AuthorityOf(l.Subject), l.Consumer, l.Reason}
		c := counts[k]
		if c == nil {
			c = &LetterCount{Authority: k.authority, Consumer: k.consumer, Reason: k.reason}
			counts[k] = c
		}
		c.Letters++
		c.Latest = l.At
		return nil
	})
	list := make([]LetterCount, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	return list, err
}

// State is what changes when there are other dead letters.
func (d *DeadLetters) State(ctx context.Context) (last uint64, letters uint64, err error) {
	s, err := d.stream(ctx)
	if err != nil {
		return 0, 0, err
	}
	state := s.CachedInfo().State
	return state.LastSeq, state.Msgs, nil
}

// Show returns one dead letter, or ErrNoDeadLetter.
func (d *DeadLetters) Show(ctx context.Context, number uint64) (DeadLetter, error) {
	s, err := d.stream(ctx)
	if err != nil {
		return DeadLetter{}, err
	}
	raw, err := s.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return DeadLetter{}, fmt.Errorf("%w: %d", ErrNoDeadLetter, number)
	}
	if err != nil {
		return DeadLetter{}, fmt.Errorf("bus: dead letter %d: %w", number, err)
	}
	return readLetter(raw), nil
}

// Replay stores the original again under its subject, for the consumer that
// gave it up and no other, and then removes the dead letter.
func (d *DeadLetters) Replay(ctx context.Context, number uint64) error {
	l, err := d.Show(ctx, number)
	if err != nil {
		return err
	}
	return d.replay(ctx, l)
}

// ReplayAll replays the chosen dead letters and returns how many it did before
// an error, if any. It does not take up letters that come while it runs.
func (d *DeadLetters) ReplayAll(ctx context.Context, f DeadLetterFilter) (int, error) {
	n := 0
	err := d.each(ctx, f, func(l DeadLetter) error {
		if err := d.replay(ctx, l); err != nil {
			return err
		}
		n++
		return nil
	})
	return n, err
}

func (d *DeadLetters) replay(ctx context.Context, l DeadLetter) error {
	header := carried(l.header)
	// A new ID: the stream still remembers the first. The same letter replayed
	// twice has the same, so that a crash before the removal stores one.
	header[jetstream.MsgIDHeader] = []string{l.EventID + ".replay." + strconv.FormatUint(l.Number, 10)}
	header[HeaderReplayFor] = []string{l.Consumer}
	msg := &nats.Msg{Subject: l.Subject, Header: header, Data: l.Body}
	if err := d.pub.send([]outgoing{{ctx: ctx, msg: msg}}); err != nil {
		return fmt.Errorf("bus: replay dead letter %d: %w", l.Number, err)
	}
	s, err := d.stream(ctx)
	if err != nil {
		return err
	}
	if err := s.DeleteMsg(ctx, l.Number); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("bus: dead letter %d is replayed but not removed: %w", l.Number, err)
	}
	return nil
}

// each calls fn with every chosen letter that existed when it began.
func (d *DeadLetters) each(ctx context.Context, f DeadLetterFilter, fn func(DeadLetter) error) error {
	s, err := d.stream(ctx)
	if err != nil {
		return err
	}
	last := s.CachedInfo().State.LastSeq
	subject := events.All(events.SubjectDeadLetter)
	if f.Consumer != "" {
		subject = deadLetterSubject(f.Consumer)
	}
	for next, n := max(f.From, 1), 0; next <= last && (f.Limit == 0 || n < f.Limit); {
		raw, err := s.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("bus: dead letters from %d: %w", next, err)
		}
		if raw.Sequence > last {
			return nil
		}
		next = raw.Sequence + 1
		l := readLetter(raw)
		if f.Reason != events.ReasonNone && l.Reason != f.Reason {
			continue
		}
		n++
		if err := fn(l); err != nil {
			return err
		}
	}
	return nil
}

func (d *DeadLetters) stream(ctx context.Context) (jetstream.Stream, error) {
	s, err := d.js.Stream(ctx, StreamDeadLetters)
	if err != nil {
		return nil, fmt.Errorf("bus: stream %s: %w", StreamDeadLetters, err)
	}
	return s, nil
}

// readLetter reads what NewLetter wrote. Headers that are missing leave their
// field empty: a letter can always be shown.
func readLetter(raw *jetstream.RawStreamMsg) DeadLetter {
	h := raw.Header
	l := DeadLetter{
		Number: raw.Sequence, Consumer: h.Get(HeaderDeadConsumer), Stream: h.Get(HeaderDeadStream),
		Subject: h.Get(HeaderDeadSubject), Reason: events.Reason(h.Get(HeaderDeadReason)),
		Error: h.Get(HeaderDeadError), EventID: h.Get(HeaderID), EventType: events.Type(h.Get(HeaderType)),
		At: raw.Time.UTC(), Body: raw.Data, header: h,
	}
	l.Sequence, _ = strconv.ParseUint(h.Get(HeaderDeadSequence), 10, 64)
	l.Deliveries, _ = strconv.ParseUint(h.Get(HeaderDeadDeliveries), 10, 64)
	if at, err := time.Parse(time.RFC3339Nano, h.Get(HeaderDeadTime)); err == nil {
		l.At = at
	}
	if l.EventID == "" {
		l.EventID = l.Stream + "-" + h.Get(HeaderDeadSequence)
	}
	return l
}
