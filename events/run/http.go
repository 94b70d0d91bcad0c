package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The listener's limits, besides Options.WriteWithin.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Handler returns what the listener serves: the services' routes, /healthz
// (200 while the process lives), /readyz (200 or 503, JSON by component) and
// /metrics (Prometheus). Patterns that contradict one another are an error
// that names the service.
func (g *Group) Handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", g.serveReady)
	mux.Handle("GET /metrics", promhttp.InstrumentMetricHandler(g.deps.Metrics,
		promhttp.HandlerFor(g.deps.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})))
	for _, s := range g.services {
		routed, ok := s.Service.(Routed)
		if !ok {
			continue
		}
		for _, r := range routed.Handlers() {
			if err := handle(mux, r); err != nil {
				return nil, fmt.Errorf("%s: route %q: %w", s.Name(), r.Pattern, err)
			}
		}
	}
	if g.options.Wrap != nil {
		return g.measured(g.options.Wrap(mux)), nil
	}
	return g.measured(mux), nil
}

// handle is mux.Handle, where what it panics with is an error.
func handle(mux *http.ServeMux, r Route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(r.Pattern, r.Handler)
	return nil
}

// measured counts requests and their time by route, which is a pattern and so
// bounded, and by class of status.
func (g *Group) measured(next http.Handler) http.Handler {
	seconds := NewStage(g.deps.Metrics, "http").Histogram("request_seconds", "Time to answer a request.", nil,
		Label{Name: "route"}, Label{Name: "status"})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w, within: g.options.WriteWithin}
		defer func() {
			route := r.Pattern // set by the mux on this same request
			if route == "" {
				route = "none"
			}
			seconds.WithLabelValues(route, rec.class()).Observe(time.Since(began).Seconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder keeps the status, and moves the deadline of writes on as long as the
// reader takes something. Unwrap gives http.ResponseController the rest.
type recorder struct {
	http.ResponseWriter
	status int
	within time.Duration
	paced  bool // the handler sets deadlines itself
}

// SetWriteDeadline is for http.ResponseController: the handler's own deadlines
// hold from now on.
func (r *recorder) SetWriteDeadline(deadline time.Time) error {
	r.paced = true
	return http.NewResponseController(r.ResponseWriter).SetWriteDeadline(deadline)
}

func (r *recorder) forward() {
	if !r.paced {
		// Not every writer has deadlines: a test's recorder.
		_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(time.Now().Add(r.within))
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.forward()
	return r.ResponseWriter.Write(b)
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.forward()
	r.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher, for handlers that ask the writer itself.
func (r *recorder) Flush() {
	r.forward()
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) class() string {
	if r.status == 0 {
		return "2xx"
	}
	return string(rune('0'+r.status/100)) + "xx"
}

// webServer is the one listener; nil is none.
type webServer struct {
	server *http.Server
	cancel context.CancelFunc
	ended  chan struct{}
}

// listen opens the listener and serves it. What ends it early goes to fatal.
func (g *Group) listen(fatal context.CancelCauseFunc) (*webServer, error) {
	handler, err := g.Handler()
	if err != nil {
		return nil, ConfigError(err)
	}
	l := g.options.Listener
	if l == nil && g.options.Listen == "" {
		return nil, nil //nolint:nilnil // a nil webServer is none
	}
	if l == nil {
		if l, err = net.Listen("tcp", g.options.Listen); err != nil {
			return nil, ConfigError(fmt.Errorf("listen: %w", err))
		}
	}
	base, cancel := context.WithCancel(context.Background())
	w := &webServer{cancel: cancel, ended: make(chan struct{}), server: &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: g.options.WriteWithin, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(g.deps.Logger.Handler(), slog.LevelWarn),
	}}
	g.mu.Lock()
	g.addr = l.Addr()
	g.mu.Unlock()
	g.deps.Logger.Info("listening", "address", l.Addr().String())
	go func() {
		defer close(w.ended)
		if err := w.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fatal(fmt.Errorf("listener: %w", err))
		}
	}()
	return w, nil
}

// stop lets requests end for half of the time, then ends their contexts, which
// server-sent events wait for, then closes what is left.
func (w *webServer) stop(within time.Duration) error {
	if w == nil {
		return nil
	}
	defer w.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	half := time.AfterFunc(within/2, w.cancel)
	defer half.Stop()
	err := w.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = w.server.Close()
	}
	<-w.ended
	if err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	return nil
}
