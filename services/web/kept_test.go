package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/web"
)

func TestKeptPages(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	o := options()
	o.Catalogues, o.Now = phrases(), func() time.Time { return now }
	re, err := web.NewRenderer(pages(), o)
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	mux := http.NewServeMux()
	mux.Handle("GET /hello/{name}", re.Kept(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made++
		if r.PathValue("name") == "nobody" {
			re.Error(w, r, http.StatusNotFound)
			return
		}
		if r.PathValue("name") == "slow" {
			now = now.Add(time.Second)
		}
		re.Render(w, r, http.StatusOK, "hello#list", web.Page{Title: "Bonjour", Data: r.PathValue("name")})
	})))
	mux.HandleFunc("POST /flash", func(w http.ResponseWriter, r *http.Request) { re.Flash(w, r, web.Success, "C’est noté") })
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	flashed := httptest.NewRecorder()
	mux.ServeHTTP(flashed, httptest.NewRequest(http.MethodPost, "/flash", nil))
	cookie, _, _ := strings.Cut(flashed.Header().Get("Set-Cookie"), ";")

	first := get("/hello/Ana")
	steps := []struct {
		name   string
		after  time.Duration
		get    func() *httptest.ResponseRecorder
		makes  int
		status int
		text   string
	}{
		{"the same", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana") }, 0, 200, "Ana"},
		{"unchanged", 0, func() *httptest.ResponseRecorder {
			return get("/hello/Ana", "If-None-Match", first.Header().Get("ETag"))
		}, 0, 304, ""},
		{"another", 0, func() *httptest.ResponseRecorder { return get("/hello/Bao") }, 1, 200, "Bao"},
		{"another language", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana", "Accept-Language", "en") }, 1, 200, `lang="en"`},
		{"a fragment", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana", "HX-Request", "true") }, 1, 200, "Ana"},
		{"a message waits", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana", "Cookie", cookie) }, 1, 200, "C’est noté"},
		{"and is not shown to others", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana") }, 0, 200, "Ana"},
		{"a language is chosen", 0, func() *httptest.ResponseRecorder { return get("/hello/Ana?lang=en") }, 1, 200, `lang="en"`},
		{"an error", 0, func() *httptest.ResponseRecorder { return get("/hello/nobody") }, 1, 404, ""},
		{"is not kept", 0, func() *httptest.ResponseRecorder { return get("/hello/nobody") }, 1, 404, ""},
		{"a second later", time.Second, func() *httptest.ResponseRecorder { return get("/hello/Ana") }, 1, 200, "Ana"},
		{"made in a second", 0, func() *httptest.ResponseRecorder { return get("/hello/slow") }, 1, 200, "slow"},
		{"is a second old", 0, func() *httptest.ResponseRecorder { return get("/hello/slow") }, 1, 200, "slow"},
	}
	for _, s := range steps {
		now = now.Add(s.after)
		before := made
		w := s.get()
		if made-before != s.makes || w.Code != s.status || !strings.Contains(w.Body.String(), s.text) {
			t.Errorf("%s: made %d times, status %d, text %q in it: %t", s.name, made-before, w.Code, s.text, strings.Contains(w.Body.String(), s.text))
		}
		if strings.Contains(w.Body.String(), "noté") != strings.Contains(s.text, "noté") {
			t.Errorf("%s: another visitor's message is on the page", s.name)
		}
	}
	packed := get("/hello/Ana", "Accept-Encoding", "gzip;q=0.8, br")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != first.Body.String() || packed.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("another page in gzip: %v", err)
	}
	if w := get("/hello/Ana", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" || w.Body.String() != first.Body.String() {
		t.Error("gzip for who refuses it")
	}
	if a, b := first.Header(), get("/hello/Ana").Header(); a.Get("Content-Type") != b.Get("Content-Type") || a.Get("Vary") != b.Get("Vary") || a.Get("Cache-Control") != b.Get("Cache-Control") {
		t.Errorf("kept with other fields: %v, %v", a, b)
	}
}
