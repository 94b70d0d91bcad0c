package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// BuryStrays makes dead letters of the deliveries that no consumer takes, such
// as those of a kind of channel that does not exist: nobody would ever know of
// them. It returns how many it found. It may run in several processes at once.
func BuryStrays(ctx context.Context, nc *nats.Conn) (int, error) {
	letters, err := NewDeadLetters(nc)
	if err != nil {
		return 0, err
	}
	queue, err := letters.js.Stream(ctx, StreamDeliveries)
	if err != nil {
		return 0, fmt.Errorf("bus: stream %s: %w", StreamDeliveries, err)
	}
	// The subjects first: who adds a kind makes its consumers before it sends.
	info, err := queue.Info(ctx, jetstream.WithSubjectFilter(events.All(events.SubjectDelivery)))
	if err != nil {
		return 0, fmt.Errorf("bus: stream %s: %w", StreamDeliveries, err)
	}
	var taken []string // what consumers' filters begin with
	consumers := queue.ListConsumers(ctx)
	for c := range consumers.Info() {
		for _, filter := range c.Config.FilterSubjects {
			taken = append(taken, strings.TrimSuffix(filter, ">"))
		}
		taken = append(taken, strings.TrimSuffix(c.Config.FilterSubject, ">"))
	}
	if err := consumers.Err(); err != nil {
		return 0, fmt.Errorf("bus: consumers of stream %s: %w", StreamDeliveries, err)
	}
	taken = slices.DeleteFunc(taken, func(prefix string) bool { return prefix == "" })
	buried := 0
	for subject := range info.State.Subjects {
		if slices.ContainsFunc(taken, func(prefix string) bool { return strings.HasPrefix(subject, prefix) }) {
			continue
		}
		n, err := letters.bury(ctx, queue, subject)
		buried += n
		if err != nil {
			return buried, fmt.Errorf("bus: bury %s: %w", subject, err)
		}
	}
	return buried, nil
}

var errStray = events.Permanent(events.ReasonUnsupported, errors.New("no consumer takes this subject"))

// bury moves everything of a subject to the dead letters.
func (d *DeadLetters) bury(ctx context.Context, from jetstream.Stream, subject string) (int, error) {
	for n := 0; ; n++ {
		m, err := from.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		origin := Origin{Stream: from.CachedInfo().Config.Name, Consumer: ConsumerPublisher, Subject: subject, Sequence: m.Sequence}
		letter := NewLetter(origin, m.Header, m.Data, errStray, time.Now())
		if err := d.pub.send([]outgoing{{ctx: ctx, msg: letter}}); err != nil {
			return n, err
		}
		if err := from.DeleteMsg(ctx, m.Sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return n, err
		}
	}
}
