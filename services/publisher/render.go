package publisher

import (
	"context"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// render answers call.Render: for each channel what it would send, byte for
// byte, and how a console shows it. A channel that cannot is an entry with its
// reason.
func (s *Service) render(_ context.Context, req call.RenderRequest) (call.RenderReply, error) {
	ids := req.Channels
	if len(ids) == 0 {
		ids = req.Publication.Channels
	}
	reply := call.RenderReply{Rendered: make([]call.Rendered, len(ids))}
	for i, id := range ids {
		reply.Rendered[i] = s.renderOne(req.Publication, id)
	}
	return reply, nil
}

func (s *Service) renderOne(p events.Publication, id string) call.Rendered {
	out := call.Rendered{Channel: id}
	made, err := s.fleet.Channel(p.Authority, id)
	out.Name, out.Kind = made.Name, made.Kind
	if err != nil {
		return failed(out, err)
	}
	shapes := shapesOf(made.Channel, p)
	if len(shapes) == 0 {
		return failed(out, events.Permanentf(events.ReasonInvalidConfig, "no endpoint of this channel concerns the publication"))
	}
	for i, shape := range shapes {
		r, err := channel.Render(made, p, s.profile(p, shape.Profile))
		if err != nil {
			return failed(out, err)
		}
		if i == 0 {
			out.Rendition = r
		}
		if previewer, ok := made.Channel.(channel.Previewer); ok {
			preview, err := previewer.Preview(r)
			if err != nil {
				return failed(out, err)
			}
			out.Preview.Images = append(out.Preview.Images, preview.Images...)
			out.Preview.Alts = append(out.Preview.Alts, preview.Alts...)
			for range preview.Images {
				out.Preview.Shown = append(out.Preview.Shown, strings.Join(shape.endpoints, " "))
			}
			out.Preview.Variants = append(out.Preview.Variants, preview.Variants...)
			out.Preview.HTML += preview.HTML
			out.Preview.Facts = append(out.Preview.Facts, preview.Facts...)
		}
	}
	return out
}

func failed(out call.Rendered, err error) call.Rendered {
	out.Error, out.Reason = err.Error(), events.OutcomeOf(err).Reason
	return out
}

// maxPreviews bounds the different shapes shown for one channel.
const maxPreviews = 4

// shape is a form that a publication takes on some endpoints of a channel.
type shape struct {
	channel.Profile
	endpoints []string
}

// shapesOf lists the different ones.
func shapesOf(c channel.Channel, p events.Publication) []shape {
	endpoint, ok := c.(channel.Endpoint)
	if !ok {
		return []shape{{}}
	}
	var list []shape
	for _, profile := range endpoint.Endpoints(p) {
		same := func(o shape) bool { return string(o.Shape) == string(profile.Shape) }
		if i := slices.IndexFunc(list, same); i >= 0 {
			list[i].endpoints = append(list[i].endpoints, profile.Endpoint)
		} else if len(list) < maxPreviews {
			list = append(list, shape{profile, []string{profile.Endpoint}})
		}
	}
	return list
}
