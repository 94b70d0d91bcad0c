package web

import (
	"net/http"
	"strconv"
	"time"
)

// Error answers with the page of an error status, in plain words with what to do next.
// 403, 404, 405, 413, 429, 500 and 503 have words of their own.
func (re *Renderer) Error(w http.ResponseWriter, r *http.Request, status int) {
	t := re.Translator(r)
	code := strconv.Itoa(status)
	if !re.catalogue.Has("error." + code) {
		code = "500"
		if status < http.StatusInternalServerError {
			code = "400"
		}
	}
	page := re.Base(r)
	page.Title, page.Lede = t.T("error."+code), ""
	page.Breadcrumb, page.Form = nil, nil
	page.Data = struct{ Advice string }{t.T("error." + code + ".advice")}
	w.Header().Set("Cache-Control", "no-store")
	re.Render(w, r, status, "error", page)
}

// TooMany answers 429 with Retry-After, in whole seconds.
func (re *Renderer) TooMany(w http.ResponseWriter, r *http.Request, after time.Duration) {
	seconds := max(1, int((after+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	re.Error(w, r, http.StatusTooManyRequests)
}

// Mount registers what every listener serves once, whatever the surfaces on it: the shared assets, the themes,
// /accessibilite, /mentions, and the page 404 for what nothing else matches.
func (re *Renderer) Mount(mux *http.ServeMux) {
	re.shared.Mount(mux)
	mux.HandleFunc("GET "+assetsPrefix+"theme/{file}", serveTheme)
	mux.HandleFunc("GET "+assetsPrefix+"icon/{file}", serveIcon)
	mux.HandleFunc("GET /accessibilite", re.statement)
	mux.HandleFunc("GET /mentions", func(w http.ResponseWriter, r *http.Request) {
		page := re.Base(r)
		page.Title, page.Lede = re.Translator(r).T("legal.title"), ""
		re.Render(w, r, http.StatusOK, "mentions", page)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { re.Error(w, r, http.StatusNotFound) })
}

// statement is the RGAA's declaration, with the parts its model requires.
func (re *Renderer) statement(w http.ResponseWriter, r *http.Request) {
	t, site := re.Translator(r), re.options.Site
	page := re.Base(r)
	page.Title, page.Lede = t.T("a11y.title"), ""
	publisher := site.Publisher
	if publisher == "" {
		publisher = site.Name
	}
	page.Data = struct{ Publisher, State string }{
		publisher, t.T("a11y.state." + string(known(site.Conformity))),
	}
	re.Render(w, r, http.StatusOK, "accessibilite", page)
}
