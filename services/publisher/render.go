package publisher

import (
	"context"
	"slices"

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
	profiles := profilesOf(made.Channel, p)
	if len(profiles) == 0 {
		return failed(out, events.Permanentf(events.ReasonInvalidConfig, "no endpoint of this channel concerns the publication"))
	}
	for i, profile := range profiles {
		r, err := made.Render(p, s.profile(p, profile))
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

// profilesOf lists the different shapes a publication takes on a channel.
func profilesOf(c channel.Channel, p events.Publication) []channel.Profile {
	endpoint, ok := c.(channel.Endpoint)
	if !ok {
		return []channel.Profile{{}}
	}
	var list []channel.Profile
	for _, profile := range endpoint.Endpoints(p) {
		same := func(o channel.Profile) bool { return string(o.Shape) == string(profile.Shape) }
		if len(list) < maxPreviews && !slices.ContainsFunc(list, same) {
			list = append(list, profile)
		}
	}
	return list
}
