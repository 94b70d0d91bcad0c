package cap

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
		return parseAll(input)
	})
}

func parseAll(input []byte) ([]source.Record, error) {
	doc, err := Parse(input, Options{URL: "https://cap.example/index"})
	if err != nil {
		return nil, err
	}
	return doc.Records, nil
}
