package table

import (
	"flag"
	"testing"

	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		src, err := New(source.Deps{}, source.Spec{URL: "https://mairie.example/donnees.json"})
		if err != nil {
			return nil, err
		}
		list, _, err := src.read(input, "")
		if err != nil {
			return nil, err
		}
		return rows.Records(list, src.cfg.Mapping, src.zone, src.cfg.URL, false), nil
	})
}
