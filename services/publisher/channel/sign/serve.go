package sign

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// server answers signs and browsers. It is safe for concurrent use.
type server struct {
	deps   channel.Deps
	proofs proofs
	health *health
	memory memory
	kiosks func() (*template.Template, error)
}

// Routes serves every sign of the installation.
func Routes(deps channel.Deps) map[string]http.Handler {
	s := &server{
		deps: deps, proofs: proofs{seen: map[string]time.Time{}},
		health: &health{logger: deps.Logger, keeper: deps.SignHealth, last: map[string]kept{}},
		memory: memory{displays: map[string]shown{}, pages: map[string][]byte{}},
		kiosks: sync.OnceValues(func() (*template.Template, error) { return template.ParseFS(assets, "assets/kiosk.html") }),
	}
	return map[string]http.Handler{
		"GET /signs/{authority}/{file}":            http.HandlerFunc(s.pull),
		"POST /signs/{authority}/{sign}/displayed": http.HandlerFunc(s.displayed),
		"GET /kiosk/{authority}/{sign}":            http.HandlerFunc(s.kiosk),
		"GET /kiosk/{authority}/{sign}/events":     http.HandlerFunc(s.events),
		"GET /kiosk-assets/{file}":                 http.HandlerFunc(s.asset),
	}
}

// pull answers /signs/<authority>/<sign>.{json,txt,png,rss}. png takes page=1…
// of the display, the one that is up by default. A sign that asks with its token
// gives a sign of life by asking.
func (s *server) pull(w http.ResponseWriter, r *http.Request) {
	id, format, ok := strings.Cut(r.PathValue("file"), ".")
	sign, ch, found := s.deps.Directory.Sign(r.PathValue("authority"), id)
	if !ok || !found {
		http.Error(w, "no such sign: /signs/<authority>/<sign>.json, .txt, .png or .rss", http.StatusNotFound)
		return
	}
	now := s.deps.Now()
	display, on, until := s.memory.current(s.deps.Shelf, sign, now)
	if token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); bearer && sign.Admits(token) {
		s.health.heard(r.Context(), hearing{sign: sign, shows: display.Hash, should: display.Hash, on: on, at: now})
	}
	form, problem := s.form(r, format, sign, ch, display, now)
	if problem != "" {
		http.Error(w, problem, http.StatusNotFound)
		return
	}
	body, err := s.memory.page(sign, form)
	if err != nil {
		s.deps.Logger.Error("sign: write", "authority", sign.Authority, "channel", "sign", "err", err)
		http.Error(w, "sign: internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("ETag", `"`+form.tag+`"`)
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(min(until.Sub(now), 10*time.Second).Seconds())))
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", form.mime)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the sign may be gone
}

// form is one way to read a display.
type form struct {
	tag   string // the same for the same bytes
	mime  string
	write func() ([]byte, error)
}

// form finds what a sign asks for; problem says why there is none.
func (s *server) form(r *http.Request, format string, sign registry.Sign, ch channel.Channel, d Display, now time.Time) (f form, problem string) {
	f.tag = d.Hash + "-" + format
	switch format {
	case "json":
		f.mime = "application/json"
		f.write = func() ([]byte, error) { return json.Marshal(d) }
	case "txt":
		f.mime = "text/plain; charset=utf-8"
		f.write = func() ([]byte, error) { return text(d), nil }
	case "rss":
		f.mime = "application/rss+xml; charset=utf-8"
		f.write = func() ([]byte, error) { return s.rss(sign, d) }
	case "png":
		n, problem := pageOf(r, d, now)
		if problem != "" {
			return f, problem
		}
		page, profile := lit(sign, ch, d, n)
		f.tag += "-" + strconv.Itoa(n) + "-" + profile.Mark()
		f.mime = "image/png"
		f.write = func() ([]byte, error) { return draw(page, profile) }
	default:
		return f, "a sign is read as .json, .txt, .png or .rss"
	}
	return f, ""
}

// text is the pages, an empty line between two.
func text(d Display) []byte {
	var b strings.Builder
	for i, p := range d.Pages {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, line := range p.Lines {
			b.WriteString(line + "\n")
		}
	}
	return []byte(b.String())
}

func pageOf(r *http.Request, d Display, now time.Time) (int, string) {
	asked := r.URL.Query().Get("page")
	if asked == "" {
		return d.at(now), ""
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 || n > max(1, len(d.Pages)) {
		return 0, fmt.Sprintf("page: from 1 to %d", max(1, len(d.Pages)))
	}
	return n - 1, ""
}

// lit is what is on the panel; an idle sign is dark.
func lit(sign registry.Sign, ch channel.Channel, d Display, page int) (panel.Page, panel.Profile) {
	if page < len(d.Pages) {
		p := d.Pages[page]
		return panel.Page{Lines: p.Lines, Title: p.Title, Seconds: p.Seconds}, *p.profile
	}
	if c, ok := ch.(*Channel); ok {
		profile, _ := c.Profile(sign)
		return panel.Page{}, profile
	}
	return panel.Page{}, panel.Profile{}
}

// draw is one pixel a LED.
func draw(page panel.Page, profile panel.Profile) ([]byte, error) {
	img, err := panel.Bitmap(page, profile)
	if err != nil {
		return nil, err
	}
	return panel.PNG(img)
}

type rssDoc struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Title   string   `xml:"channel>title"`
	Link    string   `xml:"channel>link"`
	About   string   `xml:"channel>description"`
	Items   []rssOne `xml:"channel>item"`
}

type rssOne struct {
	Title string  `xml:"title"`
	Text  string  `xml:"description"`
	GUID  rssGUID `xml:"guid"`
}

type rssGUID struct {
	Permalink bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

// rss has one item a page: the simplest signs show items in turn.
func (s *server) rss(sign registry.Sign, d Display) ([]byte, error) {
	doc := rssDoc{Version: "2.0", Title: sign.Name, Link: s.deps.PublicURL + "/kiosk/" + sign.Authority + "/" + sign.ID, About: sign.Name}
	for i, p := range d.Pages {
		title := ""
		for _, n := range p.Title {
			title += " " + p.Lines[n]
		}
		doc.Items = append(doc.Items, rssOne{
			Title: strings.TrimSpace(title), Text: strings.Join(p.Lines, "\n"),
			GUID: rssGUID{Value: p.Publication + "/" + strconv.Itoa(i+1)},
		})
	}
	body, err := xml.MarshalIndent(doc, "", " ")
	return append([]byte(xml.Header), body...), err
}
