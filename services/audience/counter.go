package audience

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
)

const (
	// maxEnrol bounds one question, as call.EnrolRequest says.
	maxEnrol = 1000
	// enrolAtOnce is how many people of it are written at once.
	enrolAtOnce = 16
)

// enrolPeople answers call.Enrol: people whose consent was given elsewhere.
func (r *running) enrolPeople(ctx context.Context, q call.EnrolRequest) (call.EnrolReply, error) {
	a, ok := r.authorities.Get(q.Authority)
	switch {
	case !ok:
		return call.EnrolReply{}, events.Permanentf(events.ReasonNotFound, "audience: enrol: no authority %q", q.Authority)
	case len(q.People) > maxEnrol:
		return call.EnrolReply{}, events.Permanentf(events.ReasonTooLarge, "audience: enrol: %d people, %d at most", len(q.People), maxEnrol)
	case q.Evidence == "" || q.By == "":
		return call.EnrolReply{}, events.Permanentf(events.ReasonNoConsent, "audience: enrol: by and evidence are the proof of consent: both are required")
	}
	var mu sync.Mutex
	var reply call.EnrolReply
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(enrolAtOnce)
	for i, p := range q.People {
		g.Go(func() error {
			known, refusal, err := r.enrolOne(ctx, a, q, p)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				return err
			case refusal != nil:
				refusal.Index = i
				reply.Refused = append(reply.Refused, *refusal)
			case known:
				reply.Known++
			default:
				reply.Enrolled++
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return call.EnrolReply{}, err
	}
	slices.SortFunc(reply.Refused, func(a, b call.Refusal) int { return a.Index - b.Index })
	return reply, nil
}

// enrolOne writes one person. Doing it again changes nothing.
func (r *running) enrolOne(ctx context.Context, a registry.Authority, q call.EnrolRequest, p call.Enrolment) (known bool, refusal *call.Refusal, err error) {
	refuse := func(field, text string) (bool, *call.Refusal, error) {
		return false, &call.Refusal{Field: field, Reason: events.ReasonInvalidContent, Text: text}, nil
	}
	if p.Kind != consent.SMS && p.Kind != consent.Email {
		return refuse("kind", "must be sms or email")
	}
	if len(p.Streams) == 0 {
		return refuse("streams", "at least one is required")
	}
	for _, stream := range p.Streams {
		if _, ok := r.streams.Get(a.ID, stream); !ok {
			return refuse("streams", "there is no stream "+stream)
		}
	}
	address, err := vault.Normalise(p.Kind, p.Address.Reveal(), vault.Region(a.INSEE))
	if err != nil {
		return false, &call.Refusal{Field: "address", Reason: events.ReasonBadRecipient, Text: err.Error()}, nil
	}
	language := p.Language
	if language == "" {
		language = a.Language
	}
	now := r.now().UTC()
	rec, err := r.vault.Enrol(ctx, a.ID, p.Kind, address, language, now)
	if err != nil {
		return false, nil, err
	}
	asked := counterConsents(rec, q, p, now)
	if len(asked) == 0 {
		return true, nil, nil
	}
	if rec, err = r.vault.Return(ctx, rec, p.Kind, address); err != nil {
		return false, nil, err
	}
	_, err = r.vault.Modify(ctx, rec.ID, func(rec *vault.Record) error {
		list, err := consent.Confirm(rec.Subscriptions, asked, now)
		if err != nil && !errors.Is(err, consent.ErrNothing) {
			return err
		}
		rec.Subscriptions = list
		rec.Confirmed(p.Kind, now)
		return nil
	})
	return false, nil, err
}

// counterConsents are the consents a person does not have yet. One that was
// withdrawn is not given back by a list: only by its owner.
func counterConsents(rec vault.Record, q call.EnrolRequest, p call.Enrolment, now time.Time) []consent.Subscription {
	var asked []consent.Subscription
	for _, stream := range p.Streams {
		if consent.Find(rec.Subscriptions, stream, p.Kind) >= 0 {
			continue
		}
		asked = append(asked, consent.Subscription{
			Stream: stream, Kind: p.Kind, Topics: p.Topics, Areas: p.Areas, Status: consent.Pending,
			Proof: consent.Proof{Text: q.By + ": " + q.Evidence, Purpose: consent.PurposeNews, Channel: p.Kind, Origin: consent.Counter, GivenAt: now},
		})
	}
	return asked
}
