package normalizer_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

// feedEntries reads the items of the recorded feeds whose parsed form is in
// the corpus, whatever its field names.
func feedEntries(t testing.TB) []events.Raw {
	t.Helper()
	var raws []events.Raw
	for _, dir := range []string{"feeds/rbren__rss-parser", "feeds/mmcdole__gofeed", "feeds-fr"} {
		root := filepath.Join(eventstest.Corpus(t), dir)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var v any
			if json.Unmarshal(body, &v) != nil {
				return nil // two are broken on purpose
			}
			collect(v, &raws)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return raws
}

// collect finds the objects that look like items, at any depth.
func collect(v any, raws *[]events.Raw) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			collect(x, raws)
		}
	case map[string]any:
		for k, x := range v {
			if k == "items" || k == "entries" {
				items, _ := x.([]any)
				for _, it := range items {
					if m, ok := it.(map[string]any); ok {
						*raws = append(*raws, item(m, len(*raws)))
					}
				}
				continue
			}
			collect(x, raws)
		}
	}
}

func item(m map[string]any, n int) events.Raw {
	text := func(keys ...string) string {
		for _, k := range keys {
			if s, ok := m[k].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	e := record.Entry{
		Title: text("title"), Body: text("content:encoded", "content", "description", "summary"), Summary: text("description", "contentSnippet"),
		Link: text("link"), Published: fetched.Add(-time.Hour),
	}
	return raw("site", string(rune('a'+n%26)), n+1, e)
}

func known() (registry.Source, registry.Authority) {
	return registry.Source{Authority: "begles", ID: "site", Name: "Bègles", Kind: "feed", ClassDefault: events.ClassService, Trust: registry.TrustOwn},
		registry.Authority{ID: "begles", Name: "Bègles", INSEE: []string{"33"}, TimeZone: "Europe/Paris"}
}

func TestFeedCorpusIsNormalised(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	source, authority := known()
	raws := feedEntries(t)
	if len(raws) < 500 {
		t.Fatalf("%d items only", len(raws))
	}
	refused, alerts := 0, 0
	for _, r := range raws {
		m, err := p.Normalise(r, source, authority, fetched)
		if err != nil {
			if events.OutcomeOf(err).Kind != events.PermanentFailure {
				t.Errorf("%s: %v is not permanent", r.Record, err)
			}
			refused++
			continue
		}
		if err := m.Validate(); err != nil {
			t.Errorf("%.300s: %v", r.Record, err)
		}
		if !m.Expires.After(m.Sent) {
			t.Errorf("%.300s: expired when it was sent", r.Record)
		}
		if m.Class == events.ClassAlert {
			alerts++
			t.Logf("alert: %s: %.200s", m.Content.Title, m.Content.Text)
		}
	}
	t.Logf("%d items, %d refused for having nothing to read, %d alerts", len(raws), refused, alerts)
	if alerts > 0 {
		t.Errorf("%d items of newspapers and blogs are alerts", alerts)
	}
}

func BenchmarkNormaliseFeedCorpus(b *testing.B) {
	p := pipeline(b)
	source, authority := known()
	var raws []events.Raw
	bytes := 0
	for _, r := range feedEntries(b) {
		if _, err := p.Normalise(r, source, authority, fetched); err == nil {
			raws = append(raws, r)
			bytes += len(r.Record)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := p.Normalise(raws[i%len(raws)], source, authority, fetched); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(bytes)/float64(len(raws)), "bytes/record")
}
