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

// TestAlertIsFollowed follows alerts from their issue to their cancellation, as the
// runner does.
func TestAlertIsFollowed(t *testing.T) {
	t.Parallel()
	cancels := func(id, ref string) string {
		text := strings.Replace(alert(id, "Fin"), "<msgType>Alert</msgType>", "<msgType>Cancel</msgType><references>"+ref+"</references>", 1)
		return text[:strings.Index(text, "<info>")] + "</alert>"
	}
	parts := strings.Replace(alert("1", "Feu"), "</alert>", info("fr-FR", "Fumées", "Moderate", "Fermez", "33009")+"</alert>", 1)
	const mine = "s@meteo.example,1,2026-11-23T10:00:00+01:00"
	updates := func(id, ref, headline string, infos ...string) string {
		text := strings.Replace(alert(id, headline), "<msgType>Alert</msgType>", "<msgType>Update</msgType><references>"+ref+"</references>", 1)
		text = strings.Replace(text, "2026-11-23T10", "2026-11-23T11", 1)
		return strings.Replace(text, "</alert>", strings.Join(infos, "")+"</alert>", 1)
	}
	for name, c := range map[string]struct {
		before, after string
		want          int      // of what was told, withdrawn
		told          []string // anew; "1" of an alert, "1/" of a part
	}{
		"one":            {embedded(alert("1", "Vent"), alert("2", "Pluie")), embedded(alert("1", "Vent"), alert("2", "Pluie"), cancels("3", mine)), 1, []string{"3"}},
		"gone from it":   {embedded(alert("1", "Vent")), embedded(cancels("3", mine)), 1, []string{"3"}},
		"in parts":       {embedded(parts), embedded(cancels("3", mine)), 2, []string{"3"}},
		"another sender": {embedded(alert("1", "Vent")), embedded(alert("1", "Vent"), strings.Replace(cancels("3", mine), "<sender>s@", "<sender>x@", 1)), 0, []string{"3"}},
		"a drill":        {embedded(alert("1", "Vent")), embedded(alert("1", "Vent"), strings.Replace(cancels("3", mine), "Actual", "Exercise", 1)), 0, []string{"3"}},
		"never seen":     {embedded(alert("2", "Pluie")), embedded(alert("2", "Pluie"), cancels("3", mine)), 0, []string{"3"}},
		"update":         {embedded(alert("1", "Vent")), embedded(updates("2", mine, "Vent fort"), alert("1", "Vent")), 0, []string{"1"}},
		"update, alone":  {embedded(alert("1", "Vent")), embedded(updates("2", mine, "Vent fort")), 0, []string{"1"}},
		"update of two": {
			embedded(alert("1", "Vent"), alert("2", "Pluie")),
			embedded(alert("1", "Vent"), alert("2", "Pluie"), updates("3", mine+" s@meteo.example,2,2026-11-23T10:00:00+01:00", "Vent et pluie")), 1,
			[]string{"1"},
		},
		"update of an update": {
			embedded(alert("1", "Vent"), updates("2", mine, "Vent fort")),
			embedded(updates("3", "s@meteo.example,2,2026-11-23T11:00:00+01:00", "Ouragan")), 0,
			[]string{"1"},
		},
		"update into parts":   {embedded(alert("1", "Vent")), embedded(updates("2", mine, "Feu", info("fr-FR", "Fumées", "Moderate", "Fermez", "33009"))), 1, []string{"1/", "1/"}},
		"update of a part":    {embedded(parts), embedded(updates("2", mine, "Feu", info("fr-FR", "Fumées", "Severe", "Fermez tout", "33009"))), 0, []string{"1/", "1/"}},
		"update out of parts": {embedded(parts), embedded(updates("2", mine, "Feu éteint")), 2, []string{"1"}},
		"another's update":    {embedded(alert("1", "Vent")), embedded(alert("1", "Vent"), strings.Replace(updates("2", mine, "Faux"), "<sender>s@", "<sender>x@", 1)), 0, []string{"2"}},
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
			turn := func(wanted int) (gone, told []string) {
				t.Helper()
				var records []source.Record
				if records, cur, err = a.Fetch(t.Context(), cur); err != nil {
					t.Fatal(err)
				}
				for _, ch := range ledger.Apply(records, runner.Rules{Now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}) {
					if ch.Withdrawn {
						gone = append(gone, ch.Item)
						continue
					}
					told = append(told, ch.Item[:min(len(ch.Item), 2)])
				}
				if len(gone) != wanted {
					t.Errorf("withdrawn %q, want %d", gone, wanted)
				}
				return gone, told
			}
			turn(0)
			doc = c.after
			gone, told := turn(c.want)
			if name != "update of two" && slices.ContainsFunc(gone, func(item string) bool { return item != "1" && !strings.HasPrefix(item, "1/") }) {
				t.Errorf("withdrawn %q", gone)
			}
			if !slices.Equal(told, c.told) {
				t.Errorf("told %q, want %q", told, c.told)
			}
			doc += " "
			if _, told = turn(0); len(told) > 0 {
				t.Errorf("told again %q", told)
			}
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
