package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const key = "0123456789abcdef0123"

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func newHook(t *testing.T, settings string) *Hook {
	t.Helper()
	h, err := New(source.Deps{
		Now: func() time.Time { return now },
		Secret: func(reference string) (string, error) {
			if reference != "${CRIEUR_SOURCE_X}" {
				return "", errors.New("not set")
			}
			return key, nil
		},
	}, source.Spec{Settings: []byte("secret: ${CRIEUR_SOURCE_X}\n" + settings)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func headers(at time.Time, body string) http.Header {
	stamp := fmt.Sprint(at.Unix())
	h := http.Header{}
	h.Set("Crieur-Timestamp", stamp)
	h.Set("Crieur-Signature", sign(key, stamp+"."+body))
	return h
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	const body = `{"id":"1","title":"Rue barrée"}`
	good := headers(now, body)
	changed := func(name, value string) http.Header {
		h := good.Clone()
		h.Set(name, value)
		return h
	}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		ok     bool
	}{
		"right":                 {good, body, true},
		"a little late":         {headers(now.Add(-4*time.Minute), body), body, true},
		"replayed":              {headers(now.Add(-6*time.Minute), body), body, false},
		"from the future":       {headers(now.Add(6*time.Minute), body), body, false},
		"replayed, time forged": {changed("Crieur-Timestamp", fmt.Sprint(now.Unix()+1)), body, false},
		"other body":            {good, body + " ", false},
		"other key":             {changed("Crieur-Signature", sign("another key of 20 bytes", fmt.Sprint(now.Unix())+"."+body)), body, false},
		"cut signature":         {changed("Crieur-Signature", good.Get("Crieur-Signature")[:40]), body, false},
		"empty signature":       {changed("Crieur-Signature", ""), body, false},
		"not hexadecimal":       {changed("Crieur-Signature", "sha256=zz"), body, false},
		"no header":             {http.Header{}, body, false},
		"time is no number":     {changed("Crieur-Timestamp", "today"), body, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, err := newHook(t, "").Accept(t.Context(), c.header, []byte(c.body))
			if c.ok {
				if err != nil || len(records) != 1 || records[0].Item != "1" {
					t.Errorf("%+v, %v", records, err)
				}
				return
			}
			if events.OutcomeOf(err).Reason != events.ReasonUnauthorized || len(records) > 0 || strings.Contains(err.Error(), key) || source.BodyOf(err) != nil {
				t.Errorf("%+v, %v", records, err)
			}
		})
	}
}

func TestBodyAloneWhereTheSenderCannotDoBetter(t *testing.T) {
	t.Parallel()
	const body = `[{"id":"1","title":"x"},{"id":"2","withdrawn":true}]`
	h := http.Header{"X-Hub-Signature-256": {sign(key, body)}}
	records, err := newHook(t, "signed: body\nsignature_header: X-Hub-Signature-256").Accept(t.Context(), h, []byte(body))
	if err != nil || len(records) != 2 || !records[1].Withdrawn {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"1","title":"x","class":"alert","severity":"Severe","starts":"2026-11-23T10:00:00Z","place":{"city":"Bègles"}}`: "",
		`{"items":[{"id":"1","body":"x"},{"id":"2","summary":"y"}]}`:                                                           "",
		``:                                 "empty body",
		`{"id":"1","title":"x"`:            "not JSON",
		`{"title":"x"}`:                    "item 1: id: required",
		`{"id":"1"}`:                       "item 1: title: required",
		`{"id":"1","title":"x","tilte":1}`: `unknown field "tilte"`,
		`{"id":"1","title":7}`:             "title: is a number",
		`{"id":"1","title":"x","class":"urgent"}`:                                        "item 1: class: is one of alert, service, promotional",
		`{"id":"1","title":"x","severity":"grave"}`:                                      "item 1: severity: is one of",
		`{"id":"1","title":"x","link":"javascript:alert(1)"}`:                            "item 1: link: not an http or https address",
		`{"id":"1","title":"x","starts":"demain"}`:                                       "a date is not written as in RFC 3339",
		`[{"id":"1","title":"x"},{"id":"2"}]`:                                            "item 2: title: required",
		`{"id":"1","title":"x"}{"id":"2","title":"y"}`:                                   "more than one JSON value",
		`{"items":[{"id":"1","title":"x"}],"other":1}`:                                   `unknown field "other"`,
		"[" + strings.Repeat(`{"id":"1","title":"x"},`, 501) + `{"id":"1","title":"x"}]`: "items: 502, 500 at most",
	} {
		name := body
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, err := newHook(t, "").Accept(t.Context(), headers(now, body), []byte(body))
			if want == "" {
				if err != nil || len(records) == 0 {
					t.Errorf("%+v, %v", records, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), want) || events.OutcomeOf(err).Reason != events.ReasonInvalidContent {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestEntryIsKept(t *testing.T) {
	t.Parallel()
	const body = `{"id":"1","title":"Rue barrée","link":"https://m.example/1","ends":"2026-11-24T10:00:00+01:00","topic":"voirie"}`
	records, err := newHook(t, "").Accept(t.Context(), headers(now, body), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	e := records[0].Value.(record.Entry)
	if e.Title != "Rue barrée" || e.Topic != "voirie" || e.Ends.UTC().Hour() != 9 || records[0].URL != e.Link {
		t.Errorf("got %+v", e)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{"": "secret: required", "secret: ${X}\nsigned: no": "signed: is", "secret: ${X}\nwindow: 2h": "window: is", "secret: ${X}\nwindow: 5ms": "window: is"} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", settings, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"1","title":"x"}`))
	f.Add([]byte(`{"items":[{"id":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := decode(body)
		if err == nil && len(items) == 0 && len(body) == 0 {
			t.Error("nothing was accepted")
		}
	})
}
