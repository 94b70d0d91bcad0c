package sign

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/services/publisher/panel"
	"github.com/crieur/crieur/services/web"
)

//go:embed assets
var assets embed.FS

// kioskPage is what the template shows.
type kioskPage struct {
	Language, Authority, Name string
	Display                   Display
	Lines                     []kioskLine
	Said                      *panel.Said // in place of the lines
	Speaks                    string      // the language of what is said
	Page, Next, Seconds       int         // Page counts from 1
	Base, Proof, Data         string
	Severity                  string
}

type kioskLine struct {
	Text  string
	Title bool
}

// kiosk is a page that shows the sign on any screen. With JavaScript it keeps
// its schedule and itself (worker.js), and goes on without a network. Without,
// it turns its pages by refreshing.
func (s *server) kiosk(w http.ResponseWriter, r *http.Request) {
	sign, _, ok := s.deps.Directory.Sign(r.PathValue("authority"), r.PathValue("sign"))
	if !ok {
		http.Error(w, "no such sign", http.StatusNotFound)
		return
	}
	plan, _ := schedule(s.deps.Shelf, sign.Authority, sign.ID, s.deps.Now())
	display := plan.Displays[plan.Turns[0].Hash]
	page := kioskPage{
		Language: "fr", Authority: sign.Authority, Name: sign.Name, Display: display, Page: 1, Next: 1, Seconds: 15,
		Base: "/kiosk/" + sign.Authority + "/" + sign.ID, Proof: "/signs/" + sign.Authority + "/" + sign.ID + "/displayed",
	}
	if a, ok := s.deps.Directory.Authority(sign.Authority); ok {
		page.Authority = a.Name
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n >= 1 && n <= len(display.Pages) {
		page.Page = n
	}
	if len(display.Pages) > 0 {
		p := display.Pages[page.Page-1]
		page.Next, page.Seconds = page.Page%len(display.Pages)+1, p.Seconds
		page.Lines, page.Said, page.Speaks, page.Severity = linesOf(p), p.Said, p.Language, p.Severity
	}
	data, err := json.Marshal(plan)
	if err == nil {
		page.Data = string(data)
		var t *template.Template
		if t, err = s.kiosks(); err == nil {
			var b strings.Builder
			if err = t.Execute(&b, page); err == nil {
				kioskHeaders(w.Header())
				_, _ = w.Write([]byte(b.String())) // the browser may be gone
				return
			}
		}
	}
	s.deps.Logger.Error("sign: kiosk", "authority", sign.Authority, "err", err)
	http.Error(w, "kiosk: internal error", http.StatusInternalServerError)
}

func linesOf(p Page) []kioskLine {
	lines := make([]kioskLine, len(p.Lines))
	for i, l := range p.Lines {
		lines[i].Text = l
	}
	for _, i := range p.Title {
		lines[i].Title = true
	}
	return lines
}

func kioskHeaders(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// asset serves kiosk.js, kiosk.css and worker.js.
func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	files, err := fs.Sub(assets, "assets")
	if err != nil || strings.HasSuffix(r.PathValue("file"), ".html") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Service-Worker-Allowed", "/kiosk/")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, files, r.PathValue("file"))
}

// events sends the schedule at once, and again whenever it changes. A browser
// that comes back names the last it has, and is not sent that again.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	sign, _, ok := s.deps.Directory.Sign(r.PathValue("authority"), r.PathValue("sign"))
	if !ok {
		http.Error(w, "no such sign", http.StatusNotFound)
		return
	}
	// The error only says that the browser is gone.
	_ = web.Events(w, r, func(ctx context.Context, stream *web.EventStream) error {
		last := stream.LastID
		for {
			changed := s.deps.Shelf.Changed(Kind)
			now := s.deps.Now()
			plan, until := schedule(s.deps.Shelf, sign.Authority, sign.ID, now)
			if id := plan.id(); id != last {
				body, err := json.Marshal(plan)
				if err != nil {
					return err
				}
				if err := stream.Send(web.Event{ID: id, Name: "schedule", Data: string(body)}); err != nil {
					return err
				}
				last = id
			}
			timer := time.NewTimer(max(until.Sub(now), 10*time.Millisecond))
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-changed:
			case <-timer.C:
			}
			timer.Stop()
		}
	})
}
