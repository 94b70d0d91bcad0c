package menus

import (
	"flag"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		src, err := New(source.Deps{}, source.Spec{URL: "https://mairie.example/menus.csv"})
		if err != nil {
			return nil, err
		}
		return src.parse(input, "text/csv", time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC))
	})
}
