package cap

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/source"
)

// TestCancelWithdraws follows alerts from their issue to their cancellation, as the
// runner does.
func TestCancelWithdraws(t *testing.T) {
	t.Parallel()
	cancels := func(id, ref string) string {
		text := strings.Replace(alert(id, "Fin"), "<msgType>Alert</msgType>", "<msgType>Cancel</msgType><references>"+ref+"</references>", 1)
		return text[:strings.Index(text, "<info>")] + "</alert>"
	}
	parts := strings.Replace(alert("1", "Feu"), "</alert>", info("fr-FR", "Fumées", "Moderate", "Fermez", "33009")+"</alert>", 1)
	const mine = "s@meteo.example,1,2026-11-23T10:00:00+01:00"
	for name, c := range map[string]struct {
		before, after string
		want          int // of what was told, withdrawn
	}{
		"one":            {embedded(alert("1", "Vent"), alert("2", "Pluie")), embedded(alert("1", "Vent"), alert("2", "Pluie"), cancels("3", mine)), 1},
		"gone from it":   {embedded(alert("1", "Vent")), embedded(cancels("3", mine)), 1},
		"in parts":       {embedded(parts), embedded(cancels("3", mine)), 2},
		"another sender": {embedded(alert("1", "Vent")), embedded(alert("1", "Vent"), strings.Replace(cancels("3", mine), "<sender>s@", "<sender>x@", 1)), 0},
		"a drill":        {embedded(alert("1", "Vent")), embedded(alert("1", "Vent"), strings.Replace(cancels("3", mine), "Actual", "Exercise", 1)), 0},
		"never seen":     {embedded(alert("2", "Pluie")), embedded(alert("2", "Pluie"), cancels("3", mine)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := c.before
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(doc)) }))
			t.Cleanup(s.Close)
			client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			a, err := New(source.Deps{HTTP: client}, source.Spec{URL: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			var ledger runner.Ledger
			var cur source.Cursor
			turn := func(wanted int) []string {
				t.Helper()
				var records []source.Record
				if records, cur, err = a.Fetch(t.Context(), cur); err != nil {
					t.Fatal(err)
				}
				var gone []string
				for _, ch := range ledger.Apply(records, runner.Rules{Now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}) {
					if ch.Withdrawn {
						gone = append(gone, ch.Item)
					}
				}
				if len(gone) != wanted {
					t.Errorf("withdrawn %q, want %d", gone, wanted)
				}
				return gone
			}
			turn(0)
			doc = c.after
			gone := turn(c.want)
			if slices.ContainsFunc(gone, func(item string) bool { return item != "1" && !strings.HasPrefix(item, "1/") }) {
				t.Errorf("withdrawn %q", gone)
			}
			doc += " "
			turn(0)
		})
	}
}

func TestCursorOfBeforeIsRead(t *testing.T) {
	t.Parallel()
	m, err := memoryOf(source.Cursor{State: []byte("[1,2]")})
	if err != nil || !slices.Equal(m.Followed, []uint64{1, 2}) {
		t.Errorf("%+v, %v", m, err)
	}
}
