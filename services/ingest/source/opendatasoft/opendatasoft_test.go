package opendatasoft

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json", Settings: "key: ${X}",
		Document: []byte(`{"total_count": 2, "results": [{"uid": "1", "title_fr": "Marché"}, {"uid": "2", "title_fr": "Bal"}]}`),
		Latin1:   []byte("{\"total_count\":1,\"results\":[{\"titre\":\"Horaires d'\xe9t\xe9\"}]}"),
		Twice:    []byte(`{"nhits": 2, "records": [{"recordid": "1", "fields": {"nom": "Un"}}, {"recordid": "1", "fields": {"nom": "Deux"}}]}`),
	})
}
