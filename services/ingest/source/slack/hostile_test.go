package slack

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestHostile(t *testing.T) {
	s := newWorkspace(t, "")
	document := []byte(event("Ev1", message("1795428000.000200", "*Rue barrée* <https://mairie.example|page> <@U1>")))
	sourcetest.Hostile(t, document, s.parse)
}
