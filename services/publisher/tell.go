package publisher

import (
	"context"
	"errors"
	"slices"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// tell answers call.Tell. One channel that fails keeps none of the others from
// telling; it is an error when nobody was told and somebody should have been.
func (s *Service) tell(ctx context.Context, req call.TellRequest) (call.TellReply, error) {
	var reply call.TellReply
	var errs []error
	for id, t := range s.fleet.tellers(req.Authority) {
		if err := t.Tell(ctx, req.Text, req.Label, req.Link); err != nil {
			s.deps.Logger.WarnContext(ctx, "officers are not told", "authority", req.Authority, "channel", id, "err", err)
			errs = append(errs, err)
			continue
		}
		reply.Channels = append(reply.Channels, id)
	}
	if len(reply.Channels) > 0 {
		slices.Sort(reply.Channels)
		return reply, nil
	}
	return reply, errors.Join(errs...)
}

// tellers are the channels, by ID, that an authority's own people read.
func (f *fleet) tellers(authority string) map[string]channel.Teller {
	f.mu.RLock()
	defer f.mu.RUnlock()
	list := map[string]channel.Teller{}
	for _, s := range f.ships {
		if t, ok := s.made.Channel.(channel.Teller); ok && s.of.Authority == authority && !s.of.Paused && t.Tells() {
			list[s.of.ID] = t
		}
	}
	return list
}
