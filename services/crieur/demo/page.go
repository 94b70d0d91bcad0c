package demo

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/demo/outside"
	"github.com/crieur/crieur/services/web"
)

//go:embed templates i18n
var pageFiles embed.FS

// page shows what the residents received.
type page struct {
	inbox    *outside.Inbox
	renderer *web.Renderer
}

// received is what the page shows.
type received struct {
	Seen  int64 // changes of the inbox, at least
	At    int64 // so that a browser asks for the signs as they are now
	Signs []string
	Lists []list
}

// list is what came of one kind, newest first.
type list struct {
	Kind, Label string // Label is a key of the catalogue
	Total       int
	Items       []outside.Received
}

func newPage(inbox *outside.Inbox, key []byte, deps run.Deps) (*page, error) {
	templates, err := fs.Sub(pageFiles, "templates")
	if err != nil {
		return nil, err
	}
	phrases, err := fs.Sub(pageFiles, "i18n")
	if err != nil {
		return nil, err
	}
	renderer, err := web.NewRenderer(templates, web.Options{Surface: web.Portal, Site: web.Site{Name: "Crieur"}, Key: key, Catalogues: phrases, Logger: deps.Logger})
	if err != nil {
		return nil, err
	}
	return &page{inbox: inbox, renderer: renderer}, nil
}

// Name implements run.Service.
func (p *page) Name() string { return "demo-page" }

// Run implements run.Service.
func (p *page) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Handlers implements run.Routed.
func (p *page) Handlers() []run.Route {
	return []run.Route{
		{Pattern: "GET /demo", Handler: http.HandlerFunc(p.show)},
		{Pattern: "GET /demo/live", Handler: http.HandlerFunc(p.live)},
	}
}

// shown is how many of each are listed.
const shown = 3

func (p *page) data() received {
	out := received{Seen: p.inbox.Changes(), At: time.Now().Unix(), Signs: []string{"place-du-vigan", "gare"}}
	for _, l := range []list{{Kind: "sms", Label: "demo.sms"}, {Kind: "email", Label: "demo.mail"}, {Kind: "push", Label: "demo.push"}, {Kind: "mastodon", Label: "demo.posts"}, {Kind: "slack", Label: "demo.team"}} {
		l.Total, l.Items = p.inbox.Total(l.Kind), p.inbox.List(l.Kind, shown)
		out.Lists = append(out.Lists, l)
	}
	return out
}

func (p *page) show(w http.ResponseWriter, r *http.Request) {
	pg := p.renderer.Base(r)
	t := p.renderer.Translator(r)
	pg.Title, pg.Lede, pg.Data = t.T("demo.title"), t.T("demo.lede"), p.data()
	p.renderer.Render(w, r, http.StatusOK, "demo#inbox", pg)
}

// live tells a page that something came since the changes it names; it then asks for
// the list again.
func (p *page) live(w http.ResponseWriter, r *http.Request) {
	seen := r.FormValue("seen")
	// The visitor who leaves ends the stream.
	_ = web.Events(w, r, func(ctx context.Context, s *web.EventStream) error {
		for {
			changed := p.inbox.Changed()
			if now := strconv.FormatInt(p.inbox.Changes(), 10); now != seen {
				if err := s.Send(web.Event{Name: "inbox", Data: "changed"}); err != nil {
					return err
				}
				seen = now
			}
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
			}
		}
	})
}
