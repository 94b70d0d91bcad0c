package publisher

import (
	"context"
	"errors"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/panel"
)

// abbreviations answers call.Abbreviations.
func (s *Service) abbreviations(_ context.Context, req call.AbbreviationsRequest) (call.AbbreviationsReply, error) {
	builtIn, err := panel.DefaultAbbreviations()
	if err != nil {
		return call.AbbreviationsReply{}, err
	}
	reply := call.AbbreviationsReply{BuiltIn: make([]registry.Abbreviation, len(builtIn))}
	for i, a := range builtIn {
		reply.BuiltIn[i] = registry.Abbreviation(a)
	}
	var conflict *panel.Conflict
	if _, err := panel.Amended(words(req.Own)); errors.As(err, &conflict) {
		reply.Conflict = &call.AbbreviationConflict{
			Own: conflict.Own, Problem: call.AbbreviationProblem(conflict.Problem), With: registry.Abbreviation(conflict.With),
		}
	}
	return reply, nil
}

// abbreviations is an authority's table; nil: the built-in one, also where its
// own contradicts what a later one brings.
func (d *directory) abbreviations(authority string) []panel.Abbreviation {
	v := d.views.Load()
	if v == nil {
		return nil
	}
	own, _ := v.shorter.Get(authority)
	if len(own.Words) == 0 {
		return nil
	}
	table, err := panel.Amended(words(own.Words))
	if err != nil {
		d.fleet.log.Warn("publisher: the authority's abbreviations are not used", "authority", authority, "err", err)
	}
	return table
}

func words(own []registry.Abbreviation) []panel.Abbreviation {
	list := make([]panel.Abbreviation, len(own))
	for i, a := range own {
		list[i] = panel.Abbreviation(a)
	}
	return list
}
