package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/crieur/crieur/services/web"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func base(*http.Request) web.Page {
	return web.Page{
		Surface:   web.Console,
		Authority: web.Authority{ID: "saint-aubin", Name: "Saint-Aubin-des-Marais", Kind: "Commune", Color: "#1f3f8a"},
		Authorities: []web.Link{
			{Label: "Saint-Aubin-des-Marais", Href: "#", Current: true}, {Label: "Communauté de communes du Val de Leyre", Href: "#"},
		},
		User: &web.User{Name: "Camille Dupuy", Role: "Approbatrice", SignOut: "/console/signout"},
	}
}

func options() web.Options {
	return web.Options{
		Site: web.Site{Name: "Crieur", Publisher: "Ville de Saint-Aubin-des-Marais", Conformity: web.PartiallyConformant, Contact: "/contact", AuditedAt: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC), AuditRate: 0.82},
		Key:  []byte(strings.Repeat("k", 32)), Logger: discard(), Base: base,
		Now: func() time.Time { return time.Date(2026, 11, 23, 19, 15, 0, 0, time.UTC) },
	}
}

// pages are a service's own templates: one page with a block, and a partial.
func pages() fstest.MapFS {
	return fstest.MapFS{
		"_who.html":  {Data: []byte(`{{define "who"}}<em>{{.}}</em>{{end}}`)},
		"hello.html": {Data: []byte(`{{block "list" .}}<ul id="list"><li>{{template "who" .Data}}</li></ul>{{end}}<p>{{T "hello" "n" 2 "name" .Data}}</p>`)},
	}
}

func phrases() fstest.MapFS {
	return fstest.MapFS{
		"fr.json": {Data: []byte(`{"hello":{"one":"{n} bonjour à {name}","other":"{n} bonjours à {name}"}}`)},
		"en.json": {Data: []byte(`{"hello":{"one":"{n} hello to {name}","other":"{n} hellos to {name}"}}`)},
	}
}

func newRenderer(t *testing.T) *web.Renderer {
	t.Helper()
	o := options()
	o.Catalogues = phrases()
	re, err := web.NewRenderer(pages(), o)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// newSite is a whole listener: shared pages, the style guide, and pages that misbehave.
func newSite(t *testing.T) http.Handler {
	t.Helper()
	return newSiteWith(t, web.Protection{Logger: discard()})
}

func newSiteWith(t *testing.T, p web.Protection) http.Handler {
	t.Helper()
	re := newRenderer(t)
	p.Errors = re
	mux := http.NewServeMux()
	re.Mount(mux)
	mux.HandleFunc("/console/style", re.Style)
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		re.Render(w, r, http.StatusOK, "hello#list", web.Page{Title: "Bonjour", Data: r.PathValue("name")})
	})
	mux.HandleFunc("POST /flash", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			re.Error(w, r, http.StatusRequestEntityTooLarge)
			return
		}
		re.Flash(w, r, web.Success, "C’est <noté>")
		web.SeeOther(w, r, "/hello/x")
	})
	mux.HandleFunc("POST /api/hooks/x", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("secret 0612345678") })
	mux.HandleFunc("GET /wait", func(w http.ResponseWriter, r *http.Request) { re.TooMany(w, r, 1500*time.Millisecond) })
	handler, err := web.Protect(mux, p)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func get(t *testing.T, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return do(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil), headers...)
}

func do(t *testing.T, h http.Handler, r *http.Request, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
