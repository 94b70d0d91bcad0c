package console

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events/registry"
)

// settingsSigns are the signs that a channel's settings name and the signs' own
// repository has not, as far as they were ever heard.
func (d *desktop) settingsSigns() []registry.SignHealth {
	var list []registry.SignHealth
	for _, h := range d.SignHealth.All(d.authority.ID) {
		if ch, ok := d.Channels.Get(d.authority.ID, h.Channel); ok && h.Channel != "" && strings.Contains(string(ch.Settings), `"`+h.Sign+`"`) {
			list = append(list, h)
		}
	}
	return list
}

// faults says what a sign says is broken: "Panne annoncée : pixels, porte
// ouverte." Empty: nothing.
func (d *desktop) faults(h registry.SignHealth) string {
	var list []string
	for _, f := range h.Faults {
		list = append(list, d.t.T("fault."+f))
	}
	if len(list) == 0 {
		return ""
	}
	return d.t.T("sign.faults", "list", strings.Join(list, ", "))
}

// signLines are the authority's signs and how each fares.
func (d *desktop) signLines() []lineView {
	var list []lineView
	for _, s := range d.Signs.All(d.authority.ID) {
		h, heard := d.SignHealth.Get(s.Authority, s.ID)
		v := lineView{Name: s.Name, Icon: "sign", Badge: "healthy", Last: h.LastHeard}
		switch {
		case s.Paused:
			v.Badge, v.Words = "paused", d.t.T("sign.paused")
		case !heard:
			v.Badge, v.Words = "pending", d.t.T("sign.unheard")
		case !h.Silent(d.now()).IsZero():
			v.Badge, v.Words = "silent", d.t.T("sign.silent", "duration", d.t.Duration(d.now().Sub(h.LastHeard)))
		case h.Wrong:
			v.Badge, v.Words = "failing", d.t.T("sign.wrong")
		}
		if s.Place != "" {
			v.Facts = append(v.Facts, s.Place)
		}
		list = append(list, v)
	}
	for _, h := range d.settingsSigns() {
		ch, _ := d.Channels.Get(d.authority.ID, h.Channel)
		v := lineView{Name: h.Sign, Icon: "sign", Badge: "healthy", Last: h.LastHeard, Facts: []string{ch.Name}}
		switch text := d.faults(h); {
		case ch.Paused:
			v.Badge, v.Words = "paused", d.t.T("sign.paused")
		case !h.Silent(d.now()).IsZero():
			v.Badge, v.Words = "silent", d.t.T("sign.silent", "duration", d.t.Duration(d.now().Sub(h.LastHeard)))
		case h.Wrong:
			v.Badge, v.Words = "failing", strings.TrimSpace(d.t.T("sign.wrong")+" "+text)
		case text != "":
			v.Badge, v.Words = "failing", text
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b lineView) int { return byName(a.Name, b.Name) })
	return list
}
