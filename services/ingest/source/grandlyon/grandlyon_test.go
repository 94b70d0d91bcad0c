package grandlyon

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json", Settings: "user: lecture\npassword: ${X}",
		Document: []byte(`{"fields": ["gid"], "values": [{"gid": 1, "nom": "Pont Mouton"}, {"gid": 2, "nom": "Rue Garibaldi"}], "nb_results": 2}`),
		Latin1:   []byte("{\"values\":[{\"gid\":1,\"nom\":\"Horaires d'\xe9t\xe9\"}]}"),
		Twice:    []byte(`{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "a.1", "geometry": null, "properties": {"gid": 1, "nom": "Un"}}, {"type": "Feature", "id": "a.2", "geometry": null, "properties": {"gid": 1, "nom": "Deux"}}]}`),
	})
}
