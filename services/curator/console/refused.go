package console

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

// refusedView is something the source gave that cannot be used.
type refusedView struct {
	At     time.Time
	Item   string
	Reason string
	Detail string
	Body   string // its beginning, as text
	Cut    bool   // there is more than Body
	Binary bool   // it is no text: nothing of it is shown
	Bytes  int
}

const (
	refusedWithin = 2 * time.Second
	// refusedShown bounds the page of a source, the last ones.
	refusedShown = 50
	// bodyShown bounds what is shown of each, in bytes.
	bodyShown = 4 << 10
)

// rejected opens the stream of what was refused; nil where it does not exist.
func (d *desktop) rejected(ctx context.Context) jetstream.Stream {
	s, err := d.JetStream.Stream(ctx, bus.StreamRejected)
	if err != nil {
		return nil
	}
	return s
}

// refusedSubjects are those of a source: what it gave, and what others pushed to it.
func refusedSubjects(s registry.Source) []string {
	return []string{events.RejectedSubject(s.Authority, s.ID), events.UnsignedSubject(s.Authority, s.ID)}
}

// refusals are how many the stream keeps of the authority, by subject.
func (d *desktop) refusals(ctx context.Context) map[string]uint64 {
	ctx, cancel := context.WithTimeout(ctx, refusedWithin)
	defer cancel()
	s := d.rejected(ctx)
	if s == nil {
		return nil
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(events.All(events.SubjectRejected, d.authority.ID)))
	if err != nil {
		return nil
	}
	return info.State.Subjects
}

// lastRefused is what somebody can act on first; nil when there is none.
func (d *desktop) lastRefused(ctx context.Context, s registry.Source) *refusedView {
	ctx, cancel := context.WithTimeout(ctx, refusedWithin)
	defer cancel()
	stream := d.rejected(ctx)
	if stream == nil {
		return nil
	}
	for _, subject := range refusedSubjects(s) {
		if last, err := stream.GetLastMsgForSubject(ctx, subject); err == nil {
			return d.refusedView(last.Data)
		}
	}
	return nil
}

// allRefused are the last ones of a source, the last first. What others pushed to
// it, which may be much, takes the place of none.
func (d *desktop) allRefused(ctx context.Context, s registry.Source) ([]refusedView, error) {
	ctx, cancel := context.WithTimeout(ctx, refusedWithin)
	defer cancel()
	stream := d.rejected(ctx)
	if stream == nil {
		return nil, nil
	}
	var list []refusedView
	for _, subject := range refusedSubjects(s) {
		last, err := lastOf(ctx, stream, subject, refusedShown)
		if err != nil {
			return list, err
		}
		for _, seq := range last {
			msg, err := stream.GetMsg(ctx, seq)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue // it went meanwhile
			}
			if err != nil {
				return list, err
			}
			if v := d.refusedView(msg.Data); v != nil {
				list = append(list, *v)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b refusedView) int { return b.At.Compare(a.At) })
	return list, nil
}

// lastOf are the sequences of the last n of a subject, found by their headers alone:
// a stream is not read backwards.
func lastOf(ctx context.Context, stream jetstream.Stream, subject string, n int) ([]uint64, error) {
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil || info.State.Subjects[subject] == 0 {
		return nil, err
	}
	reader, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}, HeadersOnly: true})
	if err != nil {
		return nil, err
	}
	heads, err := reader.Fetch(int(info.State.Subjects[subject]), jetstream.FetchMaxWait(refusedWithin/2)) //nolint:gosec // the stream keeps a thousand of each
	if err != nil {
		return nil, err
	}
	var last []uint64
	for head := range heads.Messages() {
		meta, err := head.Metadata()
		if err != nil {
			return nil, err
		}
		last = append(last, meta.Sequence.Stream)
	}
	return last[max(len(last)-n, 0):], heads.Error()
}

func (d *desktop) refusedView(data []byte) *refusedView {
	var r record.Rejection
	if json.Unmarshal(data, &r) != nil {
		return nil
	}
	v := &refusedView{At: r.At, Item: r.Item, Reason: d.sourceReason(r.Reason), Detail: r.Detail, Bytes: max(r.Bytes, len(r.Body))}
	v.Body, v.Binary = readable(r.Body)
	v.Cut = !v.Binary && len(r.Body) > 0 && v.Bytes > min(len(r.Body), bodyShown)
	return v
}

// readable is the beginning of a body as text, or whether it is no text.
// Control characters are shown as what they are: nothing on the page obeys
// them.
func readable(body []byte) (text string, binary bool) {
	body = body[:min(len(body), bodyShown)]
	for len(body) > 0 && !utf8.Valid(body) && len(body) > bodyShown-utf8.UTFMax {
		body = body[:len(body)-1] // cut within a character
	}
	strange := 0
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r == utf8.RuneError || unicode.Is(unicode.C, r) {
			strange++
			return utf8.RuneError
		}
		return r
	}, strings.ReplaceAll(string(body), "\r\n", "\n"))
	if strange*10 > len(body) {
		return "", true
	}
	return text, false
}

// sourceReason is a closed reason in words that suit a source.
func (d *desktop) sourceReason(reason events.Reason) string {
	switch reason {
	case events.ReasonUnsupported, events.ReasonForbidden, events.ReasonRejected, events.ReasonUnavailable, events.ReasonTooLarge, events.ReasonNotFound, events.ReasonConnection:
		return d.t.T("sourcereason." + string(reason))
	}
	return d.reason(reason)
}
