package runner

import (
	"context"
	"fmt"

	"github.com/cespare/xxhash/v2"

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
	// The same refusal comes at every turn until the source is mended.
	same := fmt.Sprintf("%s %s %016x", item, err, xxhash.Sum64(body))
	if t.rejected == same {
		return
	}
	t.rejected = same
	r.rejectSpec(ctx, t.spec, item, err)
}

func (r *Runner) rejectSpec(ctx context.Context, spec *source.Spec, item string, err error) {
	body := source.BodyOf(err)
	rejection := record.Rejection{
		Authority: spec.Authority, Source: spec.ID, Item: cutTo(item, maxItemBytes), At: r.deps.Clock.Now().UTC(),
		Reason: events.OutcomeOf(err).Reason, Detail: cutTo(err.Error(), maxErrorBytes),
		Body: body[:min(len(body), maxKeptBytes)], Bytes: len(body),
	}
	r.deps.Metrics.rejection(rejection.Reason)
	if err := r.deps.Reject(ctx, rejection); err != nil {
		r.deps.Log.Error("refused item cannot be kept", "authority", spec.Authority, "source", spec.ID, "err", err)
	}
}
