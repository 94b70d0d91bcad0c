package opendatasoft

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// portal answers as Explore does: limit ≤ 100, offset + limit ≤ 10,000.
func portal(t *testing.T, total int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("Authorization") != "Apikey s3cret" || strings.Contains(r.URL.String(), "s3cret") {
			t.Errorf("asked %s", r.URL)
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		offset, _ := strconv.Atoi(q.Get("offset"))
		var list []string
		for i := offset; i < min(total, offset+limit); i++ {
			list = append(list, fmt.Sprintf(`{"uid":"%d","title":"n° %d"}`, i, i))
		}
		switch r.URL.Path {
		case "/api/explore/v2.1/catalog/datasets/travaux/records":
			if limit > 100 || offset+limit > 10_000 {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, `{"total_count":%d,"results":[%s]}`, total, strings.Join(list, ","))
		case "/api/explore/v2.1/catalog/datasets/travaux":
			fmt.Fprint(w, `{"dataset_id":"travaux","metas":{"default":{"license":"Licence Ouverte v2.0 (Etalab)"}}}`)
		case "/api/explore/v2.1/catalog/datasets/travaux/exports/jsonl":
			fmt.Fprint(w, strings.Join(list, "\n"))
		default:
			t.Errorf("asked %s", r.URL)
		}
	}
}

func TestPagesAndExport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		total, records int
		settings       string
		refused        bool
	}{
		"three pages":              {250, 250, "", false},
		"no row":                   {0, 0, "", false},
		"more than are remembered": {6000, rows.MaxRows + 1, "", true},
		"beyond the API's pages":   {12_000, rows.MaxRows + 1, "", true},
		"export asked for":         {250, 250, "export: true\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := sourcetest.Serve(t, Kind(), c.settings+"dataset: travaux\nkey: ${X}", portal(t, c.total))
			records, cur, err := src.Fetch(t.Context(), source.Cursor{})
			if err != nil || len(records) != c.records {
				t.Fatalf("%d records, %v", len(records), err)
			}
			if c.refused != (len(records) > 0 && records[len(records)-1].Refused != nil) {
				t.Errorf("the last is %+v", records[len(records)-1])
			}
			seen := map[string]bool{}
			for _, r := range records {
				if e, ok := r.Value.(record.Entry); ok && e.Licence != "etalab-2.0" {
					t.Fatalf("licence %q", e.Licence)
				}
				if seen[r.Item] {
					t.Fatalf("%s comes twice", r.Item)
				}
				seen[r.Item] = true
			}
			if _, _, err := src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
				t.Errorf("the same again: %v", err)
			}
		})
	}
}
