package portal

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/fanout"
	"github.com/crieur/crieur/services/audience/seal"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

//go:embed all:templates i18n assets
var files embed.FS

// assetsPrefix is where the portal's own scripts are.
const assetsPrefix = "/assets/portal/"

// Config is what a Portal is made of.
type Config struct {
	PublicURL string
	ShortURL  string // the same by a shorter name; may be empty
	Site      web.Site
	Key       []byte // signs cookies; 32 bytes
	Logger    *slog.Logger
	Now       func() time.Time
	Sealer    *seal.Sealer
	Master    *vault.Master
}

// Backend is what the portal works with while it runs.
type Backend struct {
	JetStream   jetstream.JetStream
	Authorities *registry.View[registry.Authority]
	Streams     *registry.View[registry.Stream]
	Channels    *registry.View[registry.Channel]
	Vault       *vault.Vault
	Model       *vault.Model
	Desk        *enrol.Desk
	Fanout      *fanout.Fanout
	Emit        func(context.Context, ...events.Event) error
	// OptOut ends subscriptions with their proof and receipts.
	OptOut func(ctx context.Context, id string, match func(consent.Subscription) bool, reason events.Reason, evidence string, at time.Time) (int, error)
}

// Portal serves the pages. It is safe for concurrent use.
type Portal struct {
	cfg      Config
	pages    *web.Renderer
	assets   *web.Assets
	worker   []byte // of notifications
	board    *board
	backend  atomic.Pointer[Backend]
	feedback *feedback
	limits   limits
}

// limits bound what one address, and one link, may do.
type limits struct {
	ask, code, link, voice *web.Limiter
	abroad                 *web.Limiter // codes to numbers of other countries, by authority
}

// New parses the templates.
func New(cfg Config) (*Portal, error) {
	templates, err := fs.Sub(files, "templates")
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	phrases, err := fs.Sub(files, "i18n")
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	scripts, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	p := &Portal{cfg: cfg, board: newBoard(), feedback: newFeedback(cfg.Logger), limits: limits{
		ask:   web.NewLimiter(5, 10*time.Minute, 100_000),
		code:  web.NewLimiter(20, time.Minute, 100_000),
		link:  web.NewLimiter(60, 2*time.Second, 100_000),
		voice: web.NewLimiter(30, 10*time.Second, 100_000),
		// Those who are paid for the SMS that some numbers receive have forms send
		// them, from as many addresses as it takes: https://www.twilio.com/docs/glossary/what-is-sms-pumping-fraud
		abroad: web.NewLimiter(20, 10*time.Minute, 10_000),
	}}
	if p.assets, err = web.NewAssets(assetsPrefix, scripts); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if p.worker, err = fs.ReadFile(scripts, "worker.js"); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	p.pages, err = web.NewRenderer(templates, web.Options{
		Surface: web.Portal, Site: cfg.Site, Key: cfg.Key, Catalogues: phrases, Assets: p.assets, Logger: cfg.Logger, Now: cfg.Now,
		Base: func(*http.Request) web.Page { return web.Page{} },
	})
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return p, nil
}

// Run reads the publications and keeps them until ctx ends, or they can be read no
// more; read is closed once the pages can be served.
func (p *Portal) Run(ctx context.Context, b Backend, read chan<- struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	past := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		select {
		case <-past:
			p.backend.Store(&b)
			close(read)
		case <-ctx.Done():
		}
	})
	defer p.backend.Store(nil)
	beside.Go(func() { p.feedback.run(ctx, b.Emit) })
	defer beside.Wait()
	defer stop()
	return p.board.follow(ctx, b.JetStream, p.cfg.Now, past)
}

// handler is a page with what it works with. Its error is a page of its own.
type handler func(w http.ResponseWriter, r *http.Request, b *Backend) error

// errNotFound is the page 404.
var errNotFound = errors.New("portal: not found")

// Routes returns the pages by mux pattern.
func (p *Portal) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{"GET " + assetsPrefix: p.assets}
	for pattern, h := range map[string]handler{
		"GET /{$}":                                   p.home,
		"GET /c/{authority}":                         p.commune,
		"GET /c/{authority}/flux":                    p.feeds,
		"GET /c/{authority}/accessibilite":           p.statement,
		"GET /c/{authority}/mentions":                p.mentions,
		"GET /c/{authority}/p/{id}":                  p.publication,
		"GET /c/{authority}/p/{id}/sceau":            p.sealed,
		"GET /c/{authority}/p/{id}/affiche":          p.sheet,
		"GET /c/{authority}/p/{id}/qr.svg":           p.qr,
		"POST /c/{authority}/p/{id}/avis":            p.voice,
		"GET /p/{id}":                                p.shortLink,
		"GET /c/{authority}/abonnement":              p.subscribe,
		"POST /c/{authority}/abonnement":             p.subscribe,
		"GET /c/{authority}/manifest.webmanifest":    p.manifest,
		"GET /c/{authority}/preferences":             p.comeBack,
		"POST /c/{authority}/preferences":            p.comeBack,
		"GET /c/{authority}/notifications":           p.notifications,
		"POST /c/{authority}/notifications":          p.notifications,
		"GET /c/{authority}/notifications.js":        p.serviceWorker,
		"POST /c/{authority}/notifications/appareil": p.device,
		"GET /abonnement/{token}":                    p.code,
		"POST /abonnement/{token}":                   p.code,
		"GET /d/{token}":                             p.leave,
		"POST /d/{token}":                            p.leave,
		"GET /preferences/{token}":                   p.preferences,
		"POST /preferences/{token}":                  p.change,
		"GET /preferences/{token}/export":            p.export,
		"POST /preferences/{token}/oublier":          p.erase,
		"GET /verifier":                              p.verify,
		"POST /verifier":                             p.verify,
		"GET /.well-known/crieur.json":               p.wellKnown,
	} {
		routes[pattern] = p.serve(h)
	}
	for _, pattern := range []string{"GET /{$}", "GET /c/{authority}", "GET /c/{authority}/p/{id}"} {
		routes[pattern] = p.pages.Kept(routes[pattern])
	}
	return routes
}

// Handler serves the portal alone, protected, with the shared assets.
func (p *Portal) Handler() (http.Handler, error) {
	mux := http.NewServeMux()
	for pattern, h := range p.Routes() {
		mux.Handle(pattern, h)
	}
	p.pages.Mount(mux)
	return web.Protect(mux, web.Protection{Logger: p.cfg.Logger, Errors: p.pages})
}

func (p *Portal) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := p.backend.Load()
		if b == nil {
			w.Header().Set("Retry-After", "2")
			p.pages.Error(w, r, http.StatusServiceUnavailable)
			return
		}
		err := h(w, r, b)
		switch {
		case err == nil:
		case errors.Is(err, errNotFound), errors.Is(err, vault.ErrNotFound):
			p.pages.Error(w, r, http.StatusNotFound)
		default:
			p.cfg.Logger.Error("portal: page", "route", r.Pattern, "request", web.RequestID(r), "err", err)
			p.pages.Error(w, r, http.StatusServiceUnavailable)
		}
	})
}

// private keeps a page with a token out of caches and search engines.
func private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
}

// page starts a page of an authority.
func (p *Portal) page(r *http.Request, a registry.Authority, title string) web.Page {
	t := p.pages.Translator(r)
	home := "/c/" + a.ID
	return web.Page{
		Title: title, Manifest: manifestPath(a.ID, false),
		Authority: web.Authority{
			ID: a.ID, Name: a.Name, Kind: t.T("kind." + string(a.Kind)), HomeURL: home, LegalURL: home, Color: a.Theme.Colour,
		},
		Nav: []web.Link{
			{Label: t.T("nav.current"), Href: home, Icon: "megaphone", Current: r.URL.Path == home},
			{Label: t.T("nav.subscribe"), Href: home + "/abonnement", Icon: "bell", Current: r.URL.Path == home+"/abonnement"},
			{Label: t.T("nav.verify"), Href: "/verifier", Icon: "shield"},
			{Label: t.T("nav.impact"), Href: "/impact/" + a.ID, Icon: "chart"},
			{Label: t.T("nav.elsewhere"), Href: "/", Icon: "search"},
		},
	}
}

// statement and mentions are those pages of the site about one authority.
func (p *Portal) statement(w http.ResponseWriter, r *http.Request, b *Backend) error {
	return p.about(w, r, b, p.pages.Statement)
}

func (p *Portal) mentions(w http.ResponseWriter, r *http.Request, b *Backend) error {
	return p.about(w, r, b, p.pages.Mentions)
}

func (p *Portal) about(w http.ResponseWriter, r *http.Request, b *Backend, draw func(http.ResponseWriter, *http.Request, web.Page, web.Legal)) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	draw(w, r, p.page(r, a, ""), web.Legal{
		Publisher: a.Name, Director: a.Legal.Director, Host: a.Legal.Host, Contact: cmp.Or(a.ContactURL, a.Website), DPO: a.Legal.DPO,
	})
	return nil
}

func (p *Portal) authority(r *http.Request, b *Backend) (registry.Authority, error) {
	a, ok := b.Authorities.Get(r.PathValue("authority"))
	if !ok {
		return a, errNotFound
	}
	return a, nil
}
