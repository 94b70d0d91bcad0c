package opendatasoft

import (
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"total_count":1,"results":[{"uid":"1","title_fr":"Bal","location_coordinates":{"lon":1,"lat":2},"timings":"[{\"begin\":\"2026-01-01T10:00:00Z\"}]"}]}`))
	f.Add([]byte(`{"nhits":2,"records":[{"recordid":"a","fields":{"titre":"x"},"record_timestamp":"2026"},{"recordid":"b","fields":{},"record_timestamp":"2026"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, total, err := Parse(body, "")
		if err == nil && total < 0 {
			t.Errorf("%d rows", total)
		}
		sourcetest.Told(t, rows.Records(list, rows.Mapping{}, time.UTC, "https://a.example/", false))
	})
}
