package wordpress

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json", Settings: "",
		Document: []byte(`[{"id": 1, "modified_gmt": "2026-05-01T10:00:00", "title": {"rendered": "March\u00e9"}}, {"id": 2, "modified_gmt": "2026-05-02T10:00:00", "title": {"rendered": "Bal"}}]`),
		Latin1:   []byte("[{\"id\":1,\"title\":{\"rendered\":\"Horaires d'\xe9t\xe9\"}}]"),
		Twice:    []byte(`[{"id": 1, "title": {"rendered": "Un"}}, {"id": 1, "title": {"rendered": "Deux"}}]`),
	})
}
