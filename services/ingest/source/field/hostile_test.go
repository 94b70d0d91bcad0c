package field

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// TestHostile sends each input as a form, and as the text of an entry. What the
// form refuses, it gives back to who typed it: nothing is kept.
func TestHostile(t *testing.T) {
	document := []byte("id=0123456789abcdef&title=Rue barrée&text=: \"Fuite d’eau\" ;là-bas;&place=Rue du Four&urgency=Immediate")
	entry := func(form []byte) ([]source.Record, error) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		in := read(r)
		v := view{Lang: "fr"}
		if in.check(&v); len(v.Errors) > 0 {
			return nil, events.Permanentf(events.ReasonInvalidContent, "%s", v.Errors[0].Field)
		}
		return []source.Record{{Item: in.ID, Value: in.entry(time.Unix(1_795_428_000, 0))}}, nil
	}
	sourcetest.Hostile(t, document, entry)
	t.Run("in a text", func(t *testing.T) {
		sourcetest.Hostile(t, []byte(`<p>Fuite d'eau</p>`), func(text []byte) ([]source.Record, error) {
			return entry([]byte(url.Values{"id": {"0123456789abcdef"}, "title": {"Rue barrée"}, "text": {string(text)}, "place": {string(text)}, "urgency": {"Immediate"}}.Encode()))
		})
	})
}
