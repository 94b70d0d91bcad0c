package dashboard

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

//go:embed templates
var templates embed.FS

//go:embed i18n
var phrases embed.FS

// Config is what the pages need from the start.
type Config struct {
	Site   web.Site
	Key    []byte // 32 bytes or more, signs the notices shown once
	Logger *slog.Logger
	Clock  run.Clock
	// SignIn is the path of the page where officers sign in; it takes ?next=.
	SignIn string
}

// Back is what the pages work with while the service runs.
type Back struct {
	Reader      *measure.Reader
	Sessions    *web.Sessions // nil: nobody is signed in
	Authorities *registry.View[registry.Authority]
	Streams     *registry.View[registry.Stream]
	Channels    *registry.View[registry.Channel]
	Officers    *registry.View[registry.Officer]
}

// Dashboard serves the pages. It is safe for concurrent use.
type Dashboard struct {
	cfg      Config
	renderer *web.Renderer
	back     atomic.Pointer[Back]
	flights  singleflight.Group

	mu     sync.Mutex
	recent map[measure.Query]measured
}

type measured struct {
	figures measure.Figures
	at      time.Time
}

const (
	// fresh is how long figures serve again: a page that many open asks
	// ClickHouse once.
	fresh = 2 * time.Second
	// maxRecent bounds the figures kept.
	maxRecent = 256
)

// New parses the templates. It does no I/O.
func New(cfg Config) (*Dashboard, error) {
	pages, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	words, err := fs.Sub(phrases, "i18n")
	if err != nil {
		return nil, err
	}
	d := &Dashboard{cfg: cfg, recent: map[measure.Query]measured{}}
	d.renderer, err = web.NewRenderer(pages, web.Options{
		Surface: web.Impact, Site: cfg.Site, Key: cfg.Key, Catalogues: words, Logger: cfg.Logger, Now: cfg.Clock.Now,
	})
	return d, err
}

// Use gives the pages what they work with; nil while the service does not run.
func (d *Dashboard) Use(b *Back) { d.back.Store(b) }

// Handlers are the routes of this package.
func (d *Dashboard) Handlers() []run.Route {
	route := func(pattern string, h func(http.ResponseWriter, *http.Request, *request)) run.Route {
		return run.Route{Pattern: pattern, Handler: d.open(h)}
	}
	return []run.Route{
		route("GET /impact", d.index),
		route("GET /impact/{authority}", d.dashboard),
		route("GET /impact/{authority}/p/{id}", d.publication),
		route("GET /impact/{authority}/export/{file}", d.export),
	}
}

// request is a request with what its page works with.
type request struct {
	*Back
	t         *web.Translator
	authority registry.Authority // of the path, when it names one
	officer   registry.Officer   // who is signed in
	signedIn  bool
	full      bool // the officer has a role for the authority
}

// open finds out who asks about whom. It refuses politely before the service
// runs.
func (d *Dashboard) open(h func(http.ResponseWriter, *http.Request, *request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		back := d.back.Load()
		if back == nil {
			w.Header().Set("Retry-After", "2")
			d.renderer.Error(w, r, http.StatusServiceUnavailable)
			return
		}
		q := &request{Back: back, t: d.renderer.Translator(r)}
		if id := r.PathValue("authority"); id != "" {
			var ok bool
			if q.authority, ok = back.Authorities.Get(id); !ok {
				d.renderer.Error(w, r, http.StatusNotFound)
				return
			}
		}
		if err := q.identify(r); err != nil {
			d.fail(w, r, err)
			return
		}
		h(w, r, q)
	})
}

// valuePending marks, in the console's sessions, one that still has to give
// its second factor.
const valuePending = "pending"

func (q *request) identify(r *http.Request) error {
	if q.Sessions == nil {
		return nil
	}
	session, err := q.Sessions.Get(r)
	switch {
	case errors.Is(err, web.ErrNoSession):
		return nil
	case err != nil:
		return err
	case session.Values[valuePending] != "":
		return nil
	}
	officer, ok := q.Officers.Get(session.Subject)
	if !ok || officer.Disabled {
		return nil
	}
	q.officer, q.signedIn = officer, true
	q.full = q.authority.ID != "" && officer.Has(q.authority.ID, registry.Roles()...)
	return nil
}

// fail logs what is wrong with us and says so; a database that is away is said
// as such.
func (d *Dashboard) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the browser left
	}
	d.cfg.Logger.ErrorContext(r.Context(), "dashboard", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	w.Header().Set("Retry-After", "5")
	d.renderer.Error(w, r, http.StatusServiceUnavailable)
}

// figures reads what a query asks, or gives what was just read.
func (d *Dashboard) figures(ctx context.Context, b *Back, q measure.Query) (measure.Figures, error) {
	now := d.cfg.Clock.Now()
	d.mu.Lock()
	m, ok := d.recent[q]
	d.mu.Unlock()
	if ok && now.Sub(m.at) < fresh {
		return m.figures, nil
	}
	key := q.Authority + "\x00" + q.Stream + "\x00" + q.Channel + "\x00" + q.Period.Name + q.Period.From.String() + q.Period.To.String()
	v, err, _ := d.flights.Do(key, func() (any, error) {
		// Others may wait for the answer after the first asker left.
		f, err := b.Reader.Figures(context.WithoutCancel(ctx), q)
		if err != nil {
			return f, err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.recent) >= maxRecent {
			clear(d.recent)
		}
		d.recent[q] = measured{f, d.cfg.Clock.Now()}
		return f, nil
	})
	f, _ := v.(measure.Figures)
	return f, err
}

// population is that of the authority's territory, 0 when unknown.
func population(a registry.Authority) int {
	if a.Population > 0 {
		return a.Population
	}
	total := 0
	for _, code := range a.INSEE {
		c, ok := territory.France().Commune(code)
		if !ok {
			return 0
		}
		total += c.Population
	}
	return total
}
