package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// trialTimeout bounds a trial: a person waits for it.
	trialTimeout = 25 * time.Second
	usualTrial   = 20
	mostTrial    = 100
	// maxRefusal is the length of a refusal's reason, in bytes.
	maxRefusal = 1000
	// maxReply is what a reply may hold, wherever NATS would carry more: the asker
	// sends its records on.
	maxReply = 1 << 20
	// replyMargin is what a reply needs beside its records.
	replyMargin = 64 << 10
	// maxLongest bounds one record of a reply: a document of a few large items
	// still shows several.
	maxLongest = 4
)

// answer serves the questions of package call until stop is called.
func (s *Service) answer(ctx context.Context) (stop func(), _ error) {
	server, err := call.NewServer(ctx, s.deps.NATS, "ingest", "1.0.0")
	if err != nil {
		return nil, err
	}
	stop = func() {
		if err := server.Stop(); err != nil {
			s.deps.Logger.Debug("questions are no longer answered", "err", err)
		}
	}
	if err := call.Handle(server, call.Try, s.answerTry); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// answerTry answers call.Try.
func (s *Service) answerTry(ctx context.Context, req call.TryRequest) (call.TryReply, error) {
	if !events.IsSlug(req.Authority) {
		return call.TryReply{}, events.Permanentf(events.ReasonInvalidEvent, "try: authority: not a slug")
	}
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	trial, err := try(ctx, trialDeps(s.cfg, s.client, s.deps.Clock.Now), req.URL)
	if err != nil {
		return call.TryReply{}, err
	}
	reply := call.TryReply{Kind: trial.Kind, URL: trial.URL, Name: trial.Name, Every: trial.Interval.Usual, Total: len(trial.Records)}
	limit := req.Limit
	if limit <= 0 {
		limit = usualTrial
	}
	spec := source.Spec{Authority: req.Authority, ID: trialName, Kind: trial.Kind, URL: trial.URL}
	preview := runner.First(s.cfg.Runner, spec, trial.kind, trial.Records, s.deps.Clock.Now().UTC())
	reply.Records = shown(preview, min(limit, mostTrial), int(min(s.deps.NATS.MaxPayload(), maxReply))-replyMargin)
	return reply, nil
}

// shown keeps of a preview up to limit records within maxBytes of JSON. What is
// refused takes a quarter of the places at most, and one at least.
func shown(p runner.Preview, limit, maxBytes int) []call.TryRecord {
	refused := min(len(p.Refused), max(limit/4, limit-len(p.Raws), 1))
	list := make([]call.TryRecord, 0, limit)
	for _, raw := range p.Raws[:min(len(p.Raws), limit-refused)] {
		list = append(list, call.TryRecord{Raw: raw})
	}
	for _, err := range p.Refused[:refused] {
		text := err.Error()
		list = append(list, call.TryRecord{Refused: text[:min(len(text), maxRefusal)]})
	}
	kept, left := list[:0], maxBytes
	for _, r := range list {
		size := encodedSize(r)
		if size > maxBytes/maxLongest {
			r = call.TryRecord{Refused: fmt.Sprintf("%s: of %d bytes, too large to be shown here", r.Raw.Item, size)}
			size = encodedSize(r)
		}
		if left -= size; left < 0 {
			break
		}
		kept = append(kept, r)
	}
	return kept
}

// encodedSize is the length of a record's JSON and of the comma after it.
func encodedSize(r call.TryRecord) int {
	body, err := json.Marshal(r)
	if err != nil {
		return 0 // its parts were encoded before
	}
	return len(body) + 1
}
