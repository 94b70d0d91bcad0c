package openagenda

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json", Settings: "key: ${X}",
		Document: []byte(`{"total": 2, "events": [{"uid": 1, "title": {"fr": "Marché"}, "updatedAt": "2026-05-01T10:00:00.000Z"}, {"uid": 2, "title": {"fr": "Bal"}, "updatedAt": "2026-05-02T10:00:00.000Z"}], "after": null}`),
		Latin1:   []byte("{\"events\":[{\"uid\":1,\"title\":{\"fr\":\"Horaires d'\xe9t\xe9\"}}]}"),
		Twice:    []byte(`{"events": [{"uid": 1, "title": {"fr": "Un"}}, {"uid": 1, "title": {"fr": "Deux"}}]}`),
	})
}
