package normalizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/rewrite"
)

func FuzzNormalise(f *testing.F) {
	f.Add("feed", `{"title":"Travaux rue Nationale","body":"<p>du 3 au 5 décembre","link":"/a"}`)
	f.Add("feed", `{"title":"x","starts":"0001-01-01T00:00:00Z","ends":"9999-12-31T23:59:59Z","place":{"lat":1e300,"lon":-0.0,"geojson":"[[[[[[["}}`)
	f.Add("cap", `{"status":"Actual","info":[{"headline":"x","severity":"Severe","area":[{"polygon":["1,1 2,2","NaN,3"],"circle":["45,0 1e9"],"geocode":{"NUTS3":["FR"]}}]}]}`)
	f.Add("cap", `{"status":"Actual","msgType":"Cancel"}`)
	f.Add("vigilance", `null`)
	inputs, err := filepath.Glob("mapping/*/testdata/*/input.json")
	if err != nil || len(inputs) == 0 {
		f.Fatal("no golden case", err)
	}
	for _, in := range inputs {
		body, err := os.ReadFile(in)
		if err != nil {
			f.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(body, &g); err != nil {
			f.Fatal(err)
		}
		f.Add(g.Kind, string(g.Record))
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		if !events.IsSlug(kind) || !json.Valid([]byte(body)) {
			return
		}
		p := shared()
		source, authority := known()
		r := events.Raw{ID: "r", Authority: "begles", Source: "site", Kind: kind, Item: "1", Hash: "h", Revision: 1, FetchedAt: fetched, Record: json.RawMessage(body)}
		m, err := p.Normalise(r, source, authority, fetched)
		if err != nil {
			if events.OutcomeOf(err).Kind != events.PermanentFailure {
				t.Fatalf("not permanent: %v", err)
			}
			return
		}
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		if _, err := events.Marshal(m); err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(m.Content.Title+m.Content.Text+m.Content.HTML+m.Content.Summary+m.Content.Place) || utf8.RuneCountInString(m.Content.Title) > rewrite.MaxTitle || strings.Contains(m.Content.Title, "\n") {
			t.Fatalf("content: %+v", m.Content)
		}
		again, err := p.Normalise(r, source, authority, fetched)
		if err != nil || again.Seq != m.Seq {
			t.Fatalf("not the same twice: %v", err)
		}
	})
}

// TestLargeRecord is a body of 50 MB: bounded in time and in what goes out.
func TestLargeRecord(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	source, authority := known()
	body := strings.Repeat("<p>La mairie de Bègles vous informe, rue Nationale. ", 50<<20/52)
	start := time.Now()
	m, err := p.Normalise(raw("site", "1", 1, record.Entry{Title: strings.Repeat("A ", 1<<20), Body: body}), source, authority, fetched)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := events.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %d bytes out", time.Since(start), len(encoded))
	if len(encoded) > 2<<20 {
		t.Errorf("%d bytes", len(encoded))
	}
	if !strings.HasSuffix(m.Content.Text, rewrite.CutMark) {
		t.Errorf("the cut is not marked")
	}
}
