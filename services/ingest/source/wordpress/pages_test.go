package wordpress

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestAsksForWhatChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ settings, path, route string }{
		"pretty": {"categories: [3, 4]", "/wp-json/wp/v2/posts", ""},
		"plain":  {"categories: [3, 4]\nplain: true", "/", "/wp/v2/posts"},
		"given":  {"categories: [3, 4]\nurl: $URL/?rest_route=/wp/v2/actus", "/", "/wp/v2/actus"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			src := sourcetest.Serve(t, Kind(), c.settings, func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				if r.URL.Path != c.path || q.Get("rest_route") != c.route || q.Get("per_page") != "100" || q.Get("categories") != "3,4" {
					t.Errorf("asked %s", r.URL)
				}
				asked = append(asked, q.Get("modified_after")+"|"+q.Get("page"))
				w.Header().Set("X-WP-TotalPages", "2")
				id := 1 + len(asked)
				if q.Get("page") == "" {
					id = 1
				}
				fmt.Fprintf(w, `[{"id":%d,"modified_gmt":"2026-05-0%dT10:00:00","title":{"rendered":"n° %d"}}]`, id, 3-min(id, 2), len(asked))
			})
			records, cur, err := src.Fetch(t.Context(), source.Cursor{})
			if err != nil || len(records) != 1 {
				t.Fatalf("%+v, %v", records, err)
			}
			if records, _, err = src.Fetch(t.Context(), cur); err != nil || len(records) != 2 {
				t.Fatalf("%+v, %v", records, err)
			}
			// A first reading takes the first page only, a later one all that changed.
			if got := strings.Join(asked, " "); got != "| 2026-05-02T09:59:59Z| 2026-05-02T09:59:59Z|2" {
				t.Errorf("asked %s", got)
			}
		})
	}
}

func TestNothingNewIsUnchanged(t *testing.T) {
	t.Parallel()
	src := sourcetest.Serve(t, Kind(), "", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[]`) })
	records, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 0 {
		t.Fatalf("%+v, %v", records, err)
	}
	if _, _, err = src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`[{"id":1,"link":"/a","date":"2026-01-01T00:00:00","title":{"rendered":"a&#8217;b"},"excerpt":{"rendered":"x <a class=\"more-link\">lire</a> [&hellip;]"},"_embedded":{"wp:term":[[{"name":"n"}]],"author":[{"name":"a@b"}],"wp:featuredmedia":[{"source_url":"/p.png","media_details":{"filesize":"1"}}]}}]`))
	src, err := New(source.Deps{}, source.Spec{URL: "https://mairie.example"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := Parse(body, "")
		if err != nil {
			return
		}
		for _, p := range list {
			r, _ := src.record(p)
			if text, err := json.Marshal(r.Value); err != nil || !utf8.Valid(text) || !utf8.ValidString(r.Item) {
				t.Errorf("%q, %v", text, err)
			}
		}
	})
}
