package slack

import (
	"flag"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	s := newWorkspace(t, "")
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) { return s.parse(input) })
}
