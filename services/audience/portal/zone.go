package portal

import (
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// zones are the time zones of France (décret 2017-292), Paris first.
func zones() []string {
	return []string{
		"Europe/Paris", "America/Guadeloupe", "America/Martinique", "America/Cayenne", "America/St_Barthelemy", "America/Marigot",
		"America/Miquelon", "Indian/Reunion", "Indian/Mayotte", "Indian/Kerguelen", "Pacific/Noumea", "Pacific/Wallis",
		"Pacific/Tahiti", "Pacific/Marquesas", "Pacific/Gambier",
	}
}

// zoneChoices are the commune's own, France's, and the one chosen before.
func zoneChoices(t *web.Translator, a registry.Authority, chosen string) []web.Choice {
	list := zones()
	if chosen != "" && !slices.Contains(list, chosen) {
		list = append(list, chosen)
	}
	choices := []web.Choice{{Value: "", Label: t.T("prefs.zone.own", "name", a.Name)}}
	for _, zone := range list {
		if zone == a.TimeZone {
			continue
		}
		label := zone
		if slices.Contains(zones(), zone) {
			label = t.T("zone." + zone)
		}
		choices = append(choices, web.Choice{Value: zone, Label: label})
	}
	return choices
}

// zoneOf is the time zone to keep of what a form says: none where it is the
// authority's, or no time zone.
func zoneOf(a registry.Authority, said string) string {
	if _, err := time.LoadLocation(said); err != nil || said == a.TimeZone || !strings.Contains(said, "/") {
		return ""
	}
	return said
}
