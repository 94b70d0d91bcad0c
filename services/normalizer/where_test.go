package normalizer_test

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
)

// TestWhereADangerIs reads alerts by rule: their place is in the title or the first
// sentence; a street of the rest is where to go.
func TestWhereADangerIs(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	source, authority := known()
	authority.INSEE = []string{"33039"}
	for body, want := range map[string]string{
		"Une fuite de gaz est en cours rue E. Zola. Accueil des riverains rue Foch.": "rue E. Zola, Bègles",
		"Une fuite de gaz est en cours. Accueil des riverains rue Foch.":             "Bègles",
	} {
		m, err := p.Normalise(raw("site", "1", 1, record.Entry{Title: "Fuite de gaz", Body: body, Published: fetched}), source, authority, fetched)
		if err != nil || m.Content.Place != want || m.Class != events.ClassAlert {
			t.Errorf("%q: %s at %q, want %q, %v", body, m.Class, m.Content.Place, want, err)
		}
	}
}
