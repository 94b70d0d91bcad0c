package normalizer

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
)

const (
	maxAsked    = 100      // records a question
	maxProblem  = 1000     // bytes of a reason
	replyMargin = 64 << 10 // what a reply needs beside its messages
)

// answer serves the questions of package call until stop is called.
func (s *Service) answer(ctx context.Context, authorities *registry.View[registry.Authority]) (stop func(), _ error) {
	server, err := call.NewServer(ctx, s.deps.NATS, "normalizer", "1.0.0")
	if err != nil {
		return nil, err
	}
	stop = func() {
		if err := server.Stop(); err != nil {
			s.deps.Logger.Debug("questions are no longer answered", "err", err)
		}
	}
	ask := func(ctx context.Context, req call.NormaliseRequest) (call.NormaliseReply, error) {
		authority, ok := authorities.Get(req.Source.Authority)
		if !ok {
			authority = registry.Authority{ID: req.Source.Authority}
		}
		return s.answerNormalise(ctx, req, authority)
	}
	if err := call.Handle(server, call.Normalise, ask); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// answerNormalise answers call.Normalise: the messages that the records would
// become if they were the first of their items, and joined no incident. The
// bodies of the last ones are left out where the whole would not fit a reply.
func (s *Service) answerNormalise(ctx context.Context, req call.NormaliseRequest, authority registry.Authority) (call.NormaliseReply, error) {
	if !events.IsSlug(req.Source.Authority) {
		return call.NormaliseReply{}, events.Permanentf(events.ReasonInvalidEvent, "normalise: source.authority: not a slug")
	}
	if n := len(req.Raws); n > maxAsked {
		return call.NormaliseReply{}, events.Permanentf(events.ReasonTooLarge, "normalise: raws: %d, more than %d", n, maxAsked)
	}
	source := req.Source
	source.SetDefaults()
	left := int(s.deps.NATS.MaxPayload()) - replyMargin
	reply := call.NormaliseReply{Messages: make([]call.Normalised, 0, len(req.Raws))}
	now := s.deps.Clock.Now().UTC()
	for _, raw := range req.Raws {
		if err := ctx.Err(); err != nil {
			return reply, events.Transient(events.ReasonTimeout, err, 0)
		}
		if raw.Authority != source.Authority {
			return reply, events.Permanentf(events.ReasonInvalidEvent, "normalise: raws: of another authority than their source")
		}
		one := fitting(s.normalised(raw, source, authority, now), left)
		left -= length(one)
		reply.Messages = append(reply.Messages, one)
	}
	return reply, nil
}

func (s *Service) normalised(raw events.Raw, source registry.Source, authority registry.Authority, now time.Time) call.Normalised {
	m, err := s.pipeline.Normalise(raw, source, authority, now)
	if err != nil {
		text := err.Error()
		return call.Normalised{Error: strings.ToValidUTF8(text[:min(len(text), maxProblem)], "")}
	}
	return call.Normalised{Message: m}
}

// fitting is an entry within so many bytes of JSON: without its body where the
// whole is longer, and a reason where even that is.
func fitting(n call.Normalised, bytes int) call.Normalised {
	if length(n) <= bytes {
		return n
	}
	n.Message.Content.HTML, n.Message.Content.Text, n.Message.Variants = "", "", nil
	if length(n) <= bytes {
		return n
	}
	return call.Normalised{Error: "normalise: more than one answer can hold"}
}

func length(n call.Normalised) int {
	body, err := json.Marshal(n)
	if err != nil {
		return math.MaxInt
	}
	return len(body) + 1
}
