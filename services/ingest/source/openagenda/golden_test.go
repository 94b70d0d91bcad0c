package openagenda

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
		list, _, err := Parse(input, "")
		if err != nil {
			return nil, err
		}
		var records []source.Record
		for _, e := range list {
			records = append(records, Config{Language: "fr", Slug: "agenda"}.record(e))
		}
		return records, nil
	})
}
