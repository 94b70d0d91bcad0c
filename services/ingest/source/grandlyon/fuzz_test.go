package grandlyon

import (
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"nb_results":2,"next":"https://data.example/ws?start=3","values":[{"gid":1,"nom":"Travaux","debut":"2026-01-01"},{"gid":2}]}`))
	f.Add([]byte(`{"type":"FeatureCollection","links":[{"rel":"next","href":"/items?startIndex=2"}],"features":[{"id":"a","geometry":{"type":"Point","coordinates":[4.8,45.7]},"properties":{"titre":"Vue"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, next, err := Parse(body, "")
		if err != nil && next != "" {
			t.Error("an error with a next page")
		}
		sourcetest.Told(t, rows.Records(list, rows.Mapping{}, time.UTC, "https://a.example/", false))
	})
}
