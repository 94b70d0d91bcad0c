package dashboard

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

// chrome is what every page of impact has around it.
func (d *Dashboard) chrome(r *http.Request, q *request) web.Page {
	page := web.Page{Surface: web.Impact, Breadcrumb: []web.Link{{Label: q.t.T("home"), Href: "/"}}}
	if a := q.authority; a.ID != "" {
		page.Authority = web.Authority{ID: a.ID, Name: a.Name, Kind: q.kind(a), HomeURL: "/c/" + a.ID, LegalURL: "/c/" + a.ID, Color: a.Theme.Colour}
		page.Breadcrumb = []web.Link{{Label: a.Name, Href: page.Authority.HomeURL}, {Label: q.t.T("index.title"), Href: "/impact"}}
	}
	if q.signedIn {
		page.User = &web.User{Name: q.officer.Name, Account: "/console/account"}
		console := "/console"
		if q.full {
			console += "/" + q.authority.ID
		}
		page.Breadcrumb[0] = web.Link{Label: q.t.T("console"), Href: console}
	}
	return page
}

func (q *request) kind(a registry.Authority) string { return q.t.T("kind." + string(a.Kind)) }

// index lists the collectivités, those whose name or INSEE code contains the
// words asked for.
func (d *Dashboard) index(w http.ResponseWriter, r *http.Request, q *request) {
	words := strings.TrimSpace(r.URL.Query().Get("q"))
	var list []registry.Authority
	total := 0
	for _, a := range q.Authorities.All() {
		total++
		if words == "" || strings.Contains(strings.ToLower(a.Name), strings.ToLower(words)) || slices.Contains(a.INSEE, words) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b registry.Authority) int { return cmp.Compare(a.Name, b.Name) })
	cards := make([]web.Card, len(list))
	for i, a := range list {
		facts := []string{q.kind(a)}
		if n := population(a); n > 0 {
			facts = append(facts, q.t.T("index.population", "n", n))
		}
		cards[i] = web.Card{Title: a.Name, Href: "/impact/" + url.PathEscape(a.ID), Level: 2, Facts: facts}
	}
	page := d.chrome(r, q)
	page.Title, page.Lede = q.t.T("index.title"), q.t.T("index.lede")
	page.Form = web.NewForm(url.Values{"q": {words}})
	page.Data = struct {
		Cards  []web.Card
		Search bool
		Empty  web.EmptyState
	}{cards, total > 8, web.EmptyState{Icon: "search", Title: q.t.T("index.none"), Text: q.t.T("index.none.text")}}
	d.renderer.Render(w, r, http.StatusOK, "index", page)
}

// dashboard is the page of one authority.
func (d *Dashboard) dashboard(w http.ResponseWriter, r *http.Request, q *request) {
	query, form := d.read(r, q)
	figures, err := d.figures(r.Context(), q.Back, query)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	b := &board{request: q, query: query, form: form, figures: figures, list: measure.Indicators(figures, population(q.authority))}
	data := b.data()
	if q.full {
		streams, channels, err := q.Reader.Choices(r.Context(), q.authority.ID)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		data.Filters = q.filters(query, streams, channels)
		list, err := q.Reader.Publications(r.Context(), query, publicationsShown)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		data.Publications = b.publications(list)
	} else {
		data.Filters = q.filters(query, nil, nil)
		data.SignIn = d.cfg.SignIn + "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	if r.URL.Query().Get("live") == "1" {
		data.Live = q.address("", form, "live", "1")
		data.Toggle = web.Action{Label: q.t.T("live.stop"), Href: q.address("", form), Icon: "pause"}
	} else {
		data.Toggle = web.Action{Label: q.t.T("live.start"), Href: q.address("", form, "live", "1"), Icon: "eye"}
	}
	page := d.chrome(r, q)
	page.Title, page.Lede = q.t.T("dashboard.title", "name", q.authority.Name), q.t.T("dashboard.lede")
	page.Form, page.Data = form, data
	page.Alternates = []web.Alternate{
		{Type: "text/csv", Title: q.t.T("export.all"), Href: q.address("/export/indicators.csv", form)},
		{Type: "application/json", Title: q.t.T("export.all"), Href: q.address("/export/indicators.json", form)},
	}
	status := http.StatusOK
	if !form.OK() {
		status = http.StatusUnprocessableEntity
	}
	d.renderer.Render(w, r, status, "dashboard#board", page)
}

// publicationsShown is how many publications a dashboard lists.
const publicationsShown = 25

// export is the indicators as a file, all of them or one.
func (d *Dashboard) export(w http.ResponseWriter, r *http.Request, q *request) {
	name, ext, _ := strings.Cut(r.PathValue("file"), ".")
	query, form := d.read(r, q)
	known := name == "indicators" || slices.Contains(measure.IDs(), measure.ID(name))
	if !known || ext != "csv" && ext != "json" {
		d.renderer.Error(w, r, http.StatusNotFound)
		return
	}
	if !form.OK() {
		d.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	figures, err := d.figures(r.Context(), q.Back, query)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	list := measure.Indicators(figures, population(q.authority))
	if !q.full {
		list = slices.DeleteFunc(list, func(i measure.Indicator) bool { return !public(i.ID) })
	}
	if name != "indicators" {
		list = slices.DeleteFunc(list, func(i measure.Indicator) bool { return i.ID != measure.ID(name) })
		if len(list) == 0 { // it exists, for officers
			d.renderer.Error(w, r, http.StatusForbidden)
			return
		}
	}
	d.send(w, r, ext, measure.NewExport(query, q.authority.Name, figures.At, list), q.authority.ID+"-"+name)
}

func (d *Dashboard) send(w http.ResponseWriter, r *http.Request, ext string, e measure.Export, name string) {
	var body bytes.Buffer
	write, kind := e.WriteCSV, "text/csv; charset=utf-8; header=present"
	if ext == "json" {
		write, kind = e.WriteJSON, "application/json"
	}
	if err := write(&body); err != nil {
		d.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+"-"+e.Computed.Format("20060102-150405")+"."+ext+`"`)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Link", "<"+measure.LicenceURL+`>; rel="license"`)
	_, _ = w.Write(body.Bytes()) // the browser may be gone
}

// public reports whether everybody sees an indicator. Costs and the quality of
// providers are for the authority.
func public(id measure.ID) bool {
	return id != measure.Cost && id != measure.SlowDelivery && id != measure.OptOuts
}
