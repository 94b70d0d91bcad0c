package mail

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
		msg, err := Parse(input)
		if err != nil {
			return nil, err
		}
		m := &Mailbox{cfg: Config{Prefer: "html"}}
		entry, err := m.entry(t.Context(), msg, dkimPass)
		return []source.Record{{Item: msg.ID, Value: entry}}, err
	})
}
