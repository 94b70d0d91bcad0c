package console

import (
	"strings"

	"github.com/crieur/crieur/events"
)

func (d *desktop) severity(s events.Severity) string {
	if s.Rank() < 0 {
		return string(s)
	}
	return d.t.T("severity." + strings.ToLower(string(s)))
}

// cutRef splits the full name of a source, <authority>/<source>.
func cutRef(ref string) (authority, source string, both bool) { return strings.Cut(ref, "/") }
