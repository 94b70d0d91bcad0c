package ckan

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json", Settings: "key: ${X}",
		Document: []byte(`{"success": true, "result": {"total": 2, "records": [{"_id": 1, "titre": "March\u00e9"}, {"_id": 2, "titre": "Bal"}]}}`),
		Latin1:   []byte("{\"result\":{\"records\":[{\"_id\":1,\"titre\":\"Horaires d'\xe9t\xe9\"}]}}"),
		Twice:    []byte(`{"result": {"total": 2, "records": [{"id": 1, "titre": "Un"}, {"id": 1, "titre": "Deux"}]}}`),
	})
}
