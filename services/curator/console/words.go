package console

import (
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

func (d *desktop) severity(s events.Severity) string {
	if s.Rank() < 0 {
		return string(s)
	}
	return d.t.T("severity." + strings.ToLower(string(s)))
}

func (d *desktop) severities() []web.Choice {
	var list []web.Choice
	for _, s := range []events.Severity{events.SeverityUnknown, events.SeverityMinor, events.SeverityModerate, events.SeveritySevere, events.SeverityExtreme} {
		list = append(list, web.Choice{Value: string(s), Label: d.severity(s)})
	}
	return list
}

// cutRef splits the full name of a source, <authority>/<source>.
func cutRef(ref string) (authority, source string, both bool) { return strings.Cut(ref, "/") }
