package field

import (
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(body []byte) ([]source.Record, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		in := read(r)
		v := view{Lang: "fr"}
		in.check(&v)
		if len(v.Errors) > 0 {
			lines := make([]string, 0, len(v.Errors))
			for _, p := range v.Errors {
				lines = append(lines, p.Field+": "+p.Message)
			}
			return nil, errors.New(strings.Join(lines, "\n"))
		}
		return []source.Record{{Item: in.ID, Value: in.entry(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))}}, nil
	})
}
