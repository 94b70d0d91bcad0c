package ingest_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

// TestFieldEntryReachesTheBusWithItsPhoto goes through the routes of the service,
// the bucket of pictures and the bus.
func TestFieldEntryReachesTheBusWithItsPhoto(t *testing.T) {
	t.Setenv("CRIEUR_SOURCE_AGENT", "bleu-loutre-42")
	js := eventstest.JetStream(t)
	s := newService(t, js)
	mux := http.NewServeMux()
	for _, r := range s.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	start(t, s)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Sources.Put(t.Context(), registry.Source{Authority: "bordeaux", ID: "terrain", Name: "Terrain", Kind: "field", Settings: json.RawMessage(`{"agents":[{"id":"voirie-1","name":"Voirie","code":"${CRIEUR_SOURCE_AGENT}"}]}`)}); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	do := func(method, address, contentType string, body io.Reader, header ...string) (*http.Response, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+address, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, text
	}
	const page = "/terrain/bordeaux/terrain"
	eventstest.Eventually(t, func() bool {
		res, _ := do(http.MethodGet, page, "", nil)
		return res.StatusCode == http.StatusOK
	}, wait, "the form")
	do(http.MethodPost, page, "application/x-www-form-urlencoded", strings.NewReader(url.Values{"code": {"bleu-loutre-42"}}.Encode()))
	send := func() int {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range map[string]string{"id": "0123456789abcdef", "title": "Fuite d'eau", "urgency": "Expected"} {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		part, err := form.CreateFormFile("photo", "capture.png")
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(part, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
			t.Fatal(err)
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		res, _ := do(http.MethodPost, page, form.FormDataContentType(), &body, "Accept", "application/json")
		return res.StatusCode
	}
	for range 2 { // the second changes nothing
		if status := send(); status != http.StatusCreated {
			t.Fatalf("sent: %d", status)
		}
	}
	got := raws(t, js)
	if len(got) != 1 || got[0].Item != "voirie-1.0123456789abcdef" || got[0].Backlog {
		t.Fatalf("raws %+v", got)
	}
	var e record.Entry
	if err := json.Unmarshal(got[0].Record, &e); err != nil || len(e.Media) != 1 || !strings.HasPrefix(e.Media[0].URL, "/media/") {
		t.Fatalf("%+v, %v", e, err)
	}
	res, body := do(http.MethodGet, e.Media[0].URL, "", nil)
	photo, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil || photo.Bounds().Dx() != 30 || res.Header.Get("Content-Type") != "image/jpeg" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v, %v", res.Header, err)
	}
	if res, _ := do(http.MethodGet, e.Media[0].URL, "", nil, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("again: %d", res.StatusCode)
	}
	for _, name := range []string{"/media/" + strings.Repeat("0", 64) + ".jpg", "/media/x", "/media/..%2fx", "/terrain/bordeaux/autre", "/terrain/bordeaux/terrain/secret"} {
		if res, _ := do(http.MethodGet, name, "", nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}
