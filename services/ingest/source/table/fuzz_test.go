package table

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func FuzzRead(f *testing.F) {
	f.Add([]byte("identifiant;titre;date\n1;March\xe9;du 01/01/20 au 01/01/32\n"), "text/csv; charset=windows-1252")
	f.Add([]byte("{\"titre\":\"a\"}\n{\"titre\":\"b\"}"), "application/x-ndjson")
	f.Add([]byte(`{"data":{"rows":[{"id":1,"titre":"a"}],"next":"?page=2"}}`), "application/json")
	var readers []*Source
	for _, settings := range []string{"", "next: data.next\nrows: data.rows", "format: csv\nseparator: tab\nmapping: {title: nom}", "format: jsonl"} {
		s, err := New(source.Deps{}, source.Spec{URL: "https://a.example/t", Settings: []byte(settings)})
		if err != nil {
			f.Fatal(err)
		}
		readers = append(readers, s)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, s := range readers {
			list, _, err := s.read(body, contentType)
			if err != nil && len(list) > 0 {
				t.Error("an error with rows")
			}
			sourcetest.Told(t, rows.Records(list, s.cfg.Mapping, s.zone, s.cfg.URL, !s.cfg.Guess))
		}
	})
}
