package grandlyon

import (
	"flag"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/rows"
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
		return rows.Records(list, rows.Mapping{}, paris(t), "https://portail.example/", false), nil
	})
}

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
