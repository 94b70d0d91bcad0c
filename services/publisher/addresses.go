package publisher

import (
	"cmp"
	"context"
	"slices"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// addresses answers call.Addresses.
func (s *Service) addresses(_ context.Context, req call.AddressesRequest) (call.AddressesReply, error) {
	return call.AddressesReply{Channels: s.fleet.addresses(req.Authority)}, nil
}

// addresses lists what the providers of an authority's channels call, by
// channel.
func (f *fleet) addresses(authority string) []call.ChannelAddresses {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var list []call.ChannelAddresses
	for _, s := range f.ships {
		if s.of.Authority != authority {
			continue
		}
		if at := calledAt(s.made.Channel); len(at) > 0 {
			list = append(list, call.ChannelAddresses{Channel: s.of.ID, Addresses: at})
		}
	}
	slices.SortFunc(list, func(a, b call.ChannelAddresses) int { return cmp.Compare(a.Channel, b.Channel) })
	return list
}

func calledAt(c channel.Channel) []call.Inbound {
	if called, ok := c.(channel.Called); ok {
		return called.CalledAt()
	}
	return nil
}

// Addresses lists what the provider of a channel with these settings has to be
// told, as a running publisher does. Nothing is dialled.
func Addresses(spec channel.Spec, deps channel.Deps) ([]call.Inbound, error) {
	c, err := build(spec, deps)
	return calledAt(c), err
}
