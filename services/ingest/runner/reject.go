package runner

import (
	"context"
	"net/http"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// maxKeptBytes is how much of a refused body is kept.
const maxKeptBytes = 64 << 10

// reject keeps what cannot be used. What the network did is health, not content.
func (r *Runner) reject(ctx context.Context, t *task, item string, err error) {
	body := source.BodyOf(err)
	switch events.OutcomeOf(err).Reason {
	case events.ReasonInvalidContent, events.ReasonInvalidEvent, events.ReasonTooLarge:
	default:
		if body == nil && item == "" {
			return
		}
	}
	r.rejectSpec(ctx, t.spec, item, err)
}

func (r *Runner) rejectSpec(ctx context.Context, spec *source.Spec, item string, err error) {
	r.keepRefused(ctx, rejectionOf(spec, item, err, r.deps.Clock.Now().UTC()))
}

// rejectPush keeps a push that was refused. What anyone may send is kept apart, and
// counted each time.
func (r *Runner) rejectPush(ctx context.Context, spec *source.Spec, err error) {
	rejection := rejectionOf(spec, "", err, r.deps.Clock.Now().UTC())
	rejection.Unsigned = statusOf(err) == http.StatusUnauthorized
	if !r.keepRefused(ctx, rejection) && rejection.Unsigned {
		r.deps.Metrics.rejection(rejection.Reason)
	}
}

func rejectionOf(spec *source.Spec, item string, err error, now time.Time) record.Rejection {
	body := source.BodyOf(err)
	return record.Rejection{
		Authority: spec.Authority, Source: spec.ID, Item: cutTo(item, maxItemBytes), At: now,
		Reason: events.OutcomeOf(err).Reason, Detail: cutTo(err.Error(), maxErrorBytes),
		Body: body[:min(len(body), maxKeptBytes)], Bytes: len(body),
	}
}

// keepRefused reports whether it was not kept before; it is then counted.
func (r *Runner) keepRefused(ctx context.Context, rejection record.Rejection) bool {
	fresh, err := r.deps.Reject(ctx, rejection)
	if err != nil {
		r.deps.Log.Error("refused item cannot be kept", "authority", rejection.Authority, "source", rejection.Source, "err", err)
	}
	if fresh {
		r.deps.Metrics.rejection(rejection.Reason)
	}
	return fresh
}
