package web

import (
	"cmp"
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
	mux.HandleFunc("GET /accessibilite", func(w http.ResponseWriter, r *http.Request) {
		re.Statement(w, r, re.Base(r), re.options.Site.legal())
	})
	mux.HandleFunc("GET /mentions", func(w http.ResponseWriter, r *http.Request) {
		re.Mentions(w, r, re.Base(r), re.options.Site.legal())
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { re.Error(w, r, http.StatusNotFound) })
}

// Legal is who answers for a site.
type Legal struct {
	Publisher string
	Director  string // directeur·rice de la publication (LCEN, art. 1-1)
	Host      string // name and address of the hosting company
	Contact   string // address of the page or mailto to write to
	DPO       string // mail address of the data protection officer
}

func (s Site) legal() Legal {
	return Legal{Publisher: cmp.Or(s.Publisher, s.Name), Director: s.Director, Host: s.Host, Contact: s.Contact}
}

// Mentions draws the legal mentions of who answers for a site, in the chrome of page.
func (re *Renderer) Mentions(w http.ResponseWriter, r *http.Request, page Page, of Legal) {
	page.Title, page.Lede, page.Data = re.Translator(r).T("legal.title"), "", re.elsewhere(of)
	re.Render(w, r, http.StatusOK, "mentions", page)
}

// elsewhere completes what an authority does not say with what the site says.
func (re *Renderer) elsewhere(of Legal) Legal {
	site := re.options.Site
	of.Host, of.Contact = cmp.Or(of.Host, site.Host), cmp.Or(of.Contact, site.Contact)
	return of
}

// Statement draws the RGAA's declaration, with the parts its model requires.
func (re *Renderer) Statement(w http.ResponseWriter, r *http.Request, page Page, of Legal) {
	t := re.Translator(r)
	page.Title, page.Lede = t.T("a11y.title"), ""
	page.Data = struct {
		Legal
		State string
	}{re.elsewhere(of), t.T("a11y.state." + string(known(re.options.Site.Conformity)))}
	re.Render(w, r, http.StatusOK, "accessibilite", page)
}
