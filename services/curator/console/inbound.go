package console

import (
	"context"

	"github.com/crieur/crieur/events/call"
)

// inboundView is an address that the provider of a channel has to be told.
type inboundView struct {
	ID, Label, Hint string
	URL             string
}

// inbound asks the publisher which addresses providers call, by channel: for
// those who set channels up only, as whoever knows one may call it. While the
// publisher does not answer the page goes without.
func (d *desktop) inbound(ctx context.Context) map[string][]inboundView {
	if !d.maySetUp() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	reply, err := call.Ask(ctx, d.NATS, call.Addresses, call.AddressesRequest{Authority: d.authority.ID})
	if err != nil {
		return nil
	}
	list := map[string][]inboundView{}
	for _, ch := range reply.Channels {
		for _, at := range ch.Addresses {
			key := "inbound." + string(at.What)
			list[ch.Channel] = append(list[ch.Channel], inboundView{
				ID: "inbound-" + ch.Channel + "-" + string(at.What), Label: d.t.T(key), Hint: d.t.T(key + ".hint"), URL: at.URL.Reveal(),
			})
		}
	}
	return list
}
