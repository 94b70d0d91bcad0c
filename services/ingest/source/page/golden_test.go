package page

import (
	"flag"
	"os"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

// TestGolden reads with the selectors of example.yaml.
func TestGolden(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(source.Deps{}, source.Spec{Settings: example})
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		return Parse(input, "text/html", p.url, p.rules)
	})
}
