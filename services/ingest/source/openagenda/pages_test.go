package openagenda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func event(uid int) string {
	return fmt.Sprintf(`{"uid":%d,"state":2,"title":{"fr":"n° %d"},"updatedAt":"2026-05-01T10:%02d:00.000Z"}`, uid, uid, uid%60)
}

// TestPagesThenChanges: pages by after[], then only what was updated or removed.
func TestPagesThenChanges(t *testing.T) {
	t.Parallel()
	var asked []string
	src := sourcetest.Serve(t, Kind(), "agenda: \"7\"\nkey: ${X}", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("updatedAt[gte]")+"|"+q.Get("removed")+"|"+strings.Join(q["after[]"], "+")+"|"+strings.Join(q["relative[]"], "+"))
		if r.URL.Path != "/v2/agendas/7/events" || q.Get("key") != "s3cret" || q.Get("size") != "300" {
			t.Errorf("asked %s", r.URL)
		}
		var page []string
		after := "null"
		switch {
		case q.Get("removed") == "1":
			page = []string{event(359), `{"uid":3,"removed":true}`}
		case q.Has("after[]"):
			page = []string{event(359)}
		default:
			for uid := range 300 {
				page = append(page, event(uid))
			}
			after = `[1790000000,299]`
		}
		fmt.Fprintf(w, `{"events":[%s],"after":%s}`, strings.Join(page, ","), after)
	})
	records, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 301 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if strings.Contains(fmt.Sprintf("%+v", cur), "s3cret") {
		t.Error("the cursor holds the key")
	}
	records, cur, err = src.Fetch(t.Context(), cur)
	if err != nil || len(records) != 2 || !records[1].Withdrawn || records[1].Item != "3" {
		t.Fatalf("%+v, %v", records, err)
	}
	if _, _, err = src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("nothing new: %v", err)
	}
	want := []string{"|||current+upcoming", "||1790000000+299|current+upcoming", "2026-05-01T10:59:00.000Z|1||", "2026-05-01T10:59:00.000Z|1||"}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s", strings.Join(asked, "\n"))
	}
}

// TestCorpus maps every recorded event: each has a title, a language and a text in
// UTF-8; no e-mail address is kept but in the organiser's own prose.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "openagenda")
	files, shown, withdrawn, dated := 0, 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		var doc any
		sourcetest.Bounded(t, d.Name(), func() { doc, err = rows.JSON(body, "") })
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
		}
		walk(doc, func(e map[string]any) {
			r := Config{Language: "fr"}.record(e)
			if r.Withdrawn {
				withdrawn++
				return
			}
			shown++
			entry := r.Value.(record.Entry)
			if r.Refused != nil || entry.Title == "" || r.Item == "" {
				t.Errorf("%s: %+v", d.Name(), r)
			}
			if !entry.Starts.IsZero() {
				dated++
			}
			text := fmt.Sprintf("%+v", entry)
			entry.Summary, entry.Body, entry.Title = "", "", ""
			delete(entry.Extra, "conditions")
			if !utf8.ValidString(text) || strings.Contains(fmt.Sprintf("%+v", entry), "@") {
				t.Errorf("%s: %s", d.Name(), r.Item)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d events shown, %d dated, %d withdrawn", files, shown, dated, withdrawn)
}

// walk finds the events in a file, wherever it keeps them.
func walk(v any, found func(map[string]any)) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			walk(e, found)
		}
	case map[string]any:
		if x["slug"] != nil && x["title"] != nil && (x["timings"] != nil || x["dateRange"] != nil || x["nextTiming"] != nil) {
			found(x)
			return
		}
		for _, e := range x {
			walk(e, found)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"events":[` + event(1) + `],"after":[1,"2"]}`))
	f.Add([]byte(`[{"slug":"a","title":"x","timings":[{"start":"2018-05-19T13:00:00.000Z"}],"location":{"latitude":0,"longitude":0,"timezone":"x/../y"},"accessibility":["hi"],"image":{"base":"//a/","filename":"b"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, _, err := Parse(body, "")
		if err != nil {
			return
		}
		for _, e := range list {
			r := Config{Language: "fr", Slug: "a"}.record(e)
			if text, err := json.Marshal(r.Value); err != nil || !utf8.Valid(text) || !utf8.ValidString(r.Item) {
				t.Errorf("%q, %v", text, err)
			}
		}
	})
}
