package program

import (
	"context"
	"net/http"
	"net/netip"
	"path/filepath"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/web"
)

// common is what the one listener serves besides the services: assets, the
// statement of accessibility, legal mentions, pages for errors.
type common struct {
	renderer *web.Renderer
	proxies  []netip.Prefix
	https    bool
}

// site names the installation on its pages.
func site() web.Site {
	return web.Site{Name: "Crieur", Publisher: "Crieur", Conformity: web.NotConformant}
}

func newCommon(cfg *config.Config, deps run.Deps) (*common, error) {
	key, err := Keep(filepath.Join(cfg.Data, "keys", "web.secret"), secret)
	if err != nil {
		return nil, err
	}
	renderer, err := web.NewRenderer(nil, web.Options{Site: site(), Key: []byte(key), Logger: deps.Logger})
	if err != nil {
		return nil, err
	}
	proxies, err := cfg.Proxies()
	if err != nil {
		return nil, err
	}
	return &common{renderer: renderer, proxies: proxies, https: cfg.HTTPS()}, nil
}

// wrap protects the listener. Machines that sign what they send are let
// through the guard against other sites' forms.
func (c *common) wrap(deps run.Deps, maxBody int64) (func(http.Handler) http.Handler, error) {
	protection := web.Protection{
		Logger: deps.Logger, Errors: c.renderer, MaxBodyBytes: maxBody,
		TrustedProxies: c.proxies, HTTPS: c.https,
		MachinePaths: []string{"POST /hooks/", "POST /signs/", "POST /d/"},
	}
	if _, err := web.Protect(http.NotFoundHandler(), protection); err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		h, err := web.Protect(inside(next), protection)
		if err != nil {
			// The same protection was accepted above.
			panic(err)
		}
		return h
	}, nil
}

// inside keeps the metrics and the state of the services for whoever asks the
// listener itself: what comes by a proxy is the public.
func inside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := r.URL.Path == "/metrics" || r.URL.Path == "/readyz"
		if own && (r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "") {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Name implements run.Service.
func (c *common) Name() string { return "web" }

// Run implements run.Service: there is nothing to do but serve.
func (c *common) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Handlers implements run.Routed.
func (c *common) Handlers() []run.Route {
	mux := http.NewServeMux()
	c.renderer.Mount(mux)
	return []run.Route{{Pattern: "/", Handler: mux}}
}
