package publisher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sign"
)

// directory answers from the registry's views. Before Run it knows nothing.
type directory struct {
	views atomic.Pointer[views]
	fleet *fleet
	zones sync.Map // *time.Location by its name: to load one is to read a file
}

type views struct {
	authorities *registry.View[registry.Authority]
	streams     *registry.View[registry.Stream]
	channels    *registry.View[registry.Channel]
	signs       *registry.View[registry.Sign]
	shorter     *registry.View[registry.Abbreviations]
}

var _ channel.Directory = (*directory)(nil)

// open follows the registry until ctx ends, and returns once all is read.
func (d *directory) open(ctx context.Context, reg *registry.Registry) error {
	v := &views{
		authorities: registry.NewView(ctx, reg.Authorities),
		streams:     registry.NewView(ctx, reg.Streams),
		signs:       registry.NewView(ctx, reg.Signs),
		shorter:     registry.NewView(ctx, reg.Abbreviations),
	}
	for _, wait := range []func(context.Context) error{v.authorities.Wait, v.streams.Wait, v.signs.Wait, v.shorter.Wait} {
		if err := wait(ctx); err != nil {
			return fmt.Errorf("publisher: registry: %w", err)
		}
	}
	d.views.Store(v)
	v.channels = registry.NewView(ctx, reg.Channels, registry.OnChange(d.fleet.change))
	if err := v.channels.Wait(ctx); err != nil {
		return fmt.Errorf("publisher: registry: %w", err)
	}
	return nil
}

// Authority implements channel.Directory.
func (d *directory) Authority(id string) (registry.Authority, bool) {
	v := d.views.Load()
	if v == nil {
		return registry.Authority{}, false
	}
	return v.authorities.Get(id)
}

// location is an authority's time zone.
func (d *directory) location(id string) *time.Location {
	a, _ := d.Authority(id)
	if known, ok := d.zones.Load(a.TimeZone); ok {
		loc, _ := known.(*time.Location)
		return loc
	}
	loc := a.Location()
	d.zones.Store(a.TimeZone, loc)
	return loc
}

// departements are those that an authority is in.
func (d *directory) departements(id string) []string {
	a, _ := d.Authority(id)
	var list []string
	for _, code := range a.INSEE {
		list = append(list, territory.DepartementOf(code))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Stream implements channel.Directory.
func (d *directory) Stream(authority, id string) (registry.Stream, bool) {
	v := d.views.Load()
	if v == nil {
		return registry.Stream{}, false
	}
	return v.streams.Get(authority, id)
}

// Signs implements channel.Directory.
func (d *directory) Signs(authority, channelID string) []registry.Sign {
	v := d.views.Load()
	if v == nil {
		return nil
	}
	var list []registry.Sign
	for _, s := range v.signs.All(authority) {
		if !s.Paused && (s.Channel == "" || s.Channel == channelID) {
			list = append(list, s)
		}
	}
	return list
}

// Sign implements channel.Directory.
func (d *directory) Sign(authority, id string) (registry.Sign, channel.Channel, bool) {
	v := d.views.Load()
	if v == nil {
		return registry.Sign{}, nil, false
	}
	s, ok := v.signs.Get(authority, id)
	if !ok {
		return s, nil, false
	}
	return s, d.fleet.ofKind(sign.Kind, authority, s.Channel), true
}

// errNoChannel is permanent: nobody can deliver there.
func errNoChannel(authority, id string) error {
	return events.Permanent(events.ReasonInvalidConfig, fmt.Errorf("channel %s/%s: %w", authority, id, errors.New("does not exist")))
}

// profile completes p's profile with what the authority says of itself.
func (s *Service) profile(p events.Publication, profile channel.Profile) channel.Profile {
	profile.Language, profile.Zone = "fr", s.directory.location(p.Authority)
	if a, ok := s.directory.Authority(p.Authority); ok {
		profile.Authority, profile.Language = a.Name, a.Language
	}
	if p.Content.Language != "" {
		profile.Language = p.Content.Language // dates are in the language of what they date
	}
	if st, ok := s.directory.Stream(p.Authority, p.Stream); ok {
		profile.Stream = st.Name
	}
	profile.Link, profile.Abbreviations = channel.Link(s.chDeps.Short(), p.ID), s.directory.abbreviations(p.Authority)
	return profile
}
