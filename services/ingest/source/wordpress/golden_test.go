package wordpress

import (
	"flag"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		src, err := New(source.Deps{}, source.Spec{URL: "https://mairie.example"})
		if err != nil {
			return nil, err
		}
		list, err := Parse(input, "")
		if err != nil {
			return nil, err
		}
		var records []source.Record
		for _, p := range list {
			if r, ok := src.record(p); ok {
				records = append(records, r)
			}
		}
		return records, nil
	})
}
