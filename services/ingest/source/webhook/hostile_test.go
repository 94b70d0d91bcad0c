package webhook

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestHostile(t *testing.T) {
	h := newHook(t, "")
	document := []byte(`{"items":[{"id":"1","title":"Rue barrée","body":"Rue du Four","starts":"2026-11-24T08:00:00Z"},{"id":"2","title":"Marché"}]}`)
	sourcetest.Hostile(t, document, func(body []byte) ([]source.Record, error) {
		return h.Accept(t.Context(), headers(now, string(body)), body)
	})
}
