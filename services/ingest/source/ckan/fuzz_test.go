package ckan

import (
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"success":true,"result":{"total":2,"records":[{"_id":1,"titre":"March\u00e9"},{"_id":2,"titre":"Bal","date":"2026-07-14"}]}}`))
	f.Add([]byte(`{"resources":[{"id":"a","format":"csv","latest":"https://a.example/f.csv","last_modified":"2026-01-01"},{"format":"json","url":"x"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, total, err := Parse(body, "")
		if err == nil && total < 0 {
			t.Errorf("%d rows", total)
		}
		sourcetest.Told(t, rows.Records(list, rows.Mapping{}, time.UTC, "https://a.example/", false))
		doc, err := rows.JSON(body, "")
		if err != nil {
			return
		}
		if address, _, err := Resource(doc, ""); err == nil && address == "" {
			t.Error("a resource without address")
		}
	})
}
