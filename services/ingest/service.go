package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/media"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/field"
)

// Service is ingest as a run.Service.
type Service struct {
	deps    run.Deps
	cfg     Config
	client  *fetch.Client
	metrics *runner.Metrics
	running atomic.Pointer[runner.Runner]
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Routed  = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

// New validates cfg and dials nothing.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	if cfg.PublicURL != "" {
		if err := source.CheckURL("ingest: public_url", cfg.PublicURL); err != nil {
			return nil, err
		}
	}
	client, err := fetch.New(cfg.Fetch)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	return &Service{deps: deps, cfg: cfg.withDefaults(), client: client, metrics: runner.NewMetrics(deps.Metrics)}, nil
}

// Name implements run.Service.
func (s *Service) Name() string { return "ingest" }

// Ready implements run.Readier.
func (s *Service) Ready() error {
	if s.running.Load() == nil {
		return errors.New("the sources are not yet known")
	}
	return nil
}

// Run reads the registry's sources until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.client.Close()
	if err := bus.Ensure(ctx, s.deps.JetStream, bus.Options{}); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	reg, err := registry.Open(ctx, s.deps.JetStream)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	cursors, err := s.deps.JetStream.KeyValue(ctx, bus.BucketCursors)
	if err != nil {
		return fmt.Errorf("ingest: bucket %s: %w", bus.BucketCursors, err)
	}
	publisher, err := bus.NewPublisher(s.deps.NATS, bus.PublisherConfig{})
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	defer publisher.Close() //nolint:errcheck // it only waits
	owns, leave, err := s.join(ctx, cursors)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	defer leave()
	stop, err := s.answer(ctx)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	defer stop()
	r := runner.New(s.cfg.Runner, runner.Deps{
		Kinds: Kinds(), Source: s.sourceDeps(cursors), Cursors: cursors, Health: reg.SourceHealth,
		Publish: bus.NewEmitter(publisher).Publish, Reject: s.reject, Owns: owns,
		Clock: s.deps.Clock, Log: s.deps.Logger, Metrics: s.metrics,
	})
	wait, err := s.follow(ctx, reg, r)
	if err != nil {
		return err
	}
	defer wait()
	s.running.Store(r)
	defer s.running.Store(nil)
	return r.Run(ctx)
}

// join gives this process its share of the sources: all of them where it is alone.
func (s *Service) join(ctx context.Context, cursors jetstream.KeyValue) (owns func(string) bool, leave func(), _ error) {
	if s.cfg.Alone {
		return nil, func() {}, nil
	}
	members, err := runner.Join(ctx, cursors, runner.MembersConfig{TTL: s.cfg.MemberTTL, Clock: s.deps.Clock, Log: s.deps.Logger})
	if err != nil {
		return nil, nil, err
	}
	return members.Owns, members.Leave, nil
}

func (s *Service) sourceDeps(cursors jetstream.KeyValue) source.Deps {
	deps := source.Deps{
		HTTP: s.client, Now: s.deps.Clock.Now, Secret: s.cfg.Secret, Zones: &source.Zones{}, DialTLS: s.client.DialTLS,
		Memory: memory{cursors}, Media: s.media(), Client: s.cfg.Client, Secure: s.cfg.Secure,
	}
	if s.cfg.PublicURL != "" {
		deps.Callback = func(authority, id string) string {
			return strings.TrimSuffix(s.cfg.PublicURL, "/") + "/hooks/" + authority + "/" + id
		}
	}
	return deps
}

func (s *Service) media() *media.Store { return media.New(s.deps.JetStream, s.cfg.PublicURL) }

// follow keeps the runner's sources those of the registry, until ctx ends; it
// returns once those of now are known. wait returns once it is over.
func (s *Service) follow(ctx context.Context, reg *registry.Registry, r *runner.Runner) (wait func(), _ error) {
	ctx, cancel := context.WithCancel(ctx)
	f := follower{service: s, runner: r, loaded: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		ended <- registry.Watch(ctx, reg.Sources, func(e registry.Event[registry.Source]) { f.take(ctx, e) })
	}()
	wait = func() { cancel(); <-ended }
	select {
	case <-f.loaded:
		return wait, nil
	case err := <-ended:
		cancel()
		return nil, fmt.Errorf("ingest: sources: %w", err)
	}
}

// follower takes the registry's sources. It keeps none of them: the runner does.
type follower struct {
	service *Service
	runner  *runner.Runner
	known   int
	ready   bool
	loaded  chan struct{} // closed when ready
}

func (f *follower) take(ctx context.Context, e registry.Event[registry.Source]) {
	log := f.service.deps.Logger
	switch e.Kind {
	case registry.Loaded:
		if !f.ready {
			f.ready = true
			close(f.loaded)
		}
	case registry.Deleted:
		if len(e.Key) == 2 {
			f.runner.Remove(e.Key[0] + "." + e.Key[1])
		}
	case registry.Undecodable:
		log.Error("source cannot be read from the registry", "err", e.Err)
	case registry.Lost:
		log.Warn("the registry's sources are not followed for a while", "err", e.Err)
	case registry.Put:
		f.known++
		spread := time.Duration(0)
		if !f.ready && f.known > fewSources {
			spread = f.service.cfg.SpreadOver
		}
		src := e.Value
		if err := f.runner.Set(ctx, Spec(src), spread); err != nil && ctx.Err() == nil {
			log.Warn("source cannot be used", "authority", src.Authority, "source", src.ID, "err", err)
		}
	}
}

// Spec is what the runner needs of a registry's source.
func Spec(s registry.Source) source.Spec {
	return source.Spec{
		Authority: s.Authority, ID: s.ID, Kind: s.Kind, URL: s.URL, Settings: s.Settings,
		Every: s.Every.Std(), StaleAfter: s.StaleAfter.Std(), Paused: s.Paused,
	}
}

func (s *Service) reject(ctx context.Context, r record.Rejection) (fresh bool, _ error) {
	body, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	ack, err := s.deps.JetStream.Publish(ctx, r.Subject(), body, jetstream.WithMsgID(r.ID()))
	return err == nil && !ack.Duplicate, err
}

// Handlers implements run.Routed: the web hooks, the sources that answer for
// themselves, and the files they keep.
func (s *Service) Handlers() []run.Route {
	hook := http.HandlerFunc(s.serveHook)
	return []run.Route{
		{Pattern: "POST /hooks/{authority}/{source}", Handler: hook},
		{Pattern: "GET /hooks/{authority}/{source}", Handler: hook},
		{Pattern: "POST " + field.Prefix + "{authority}/{source}", Handler: hook},
		{Pattern: "GET " + field.Prefix + "{authority}/{source}", Handler: hook},
		{Pattern: "GET " + field.Prefix + "{authority}/{source}/{file}", Handler: hook},
		{Pattern: media.Pattern, Handler: s.media()},
	}
}

func (s *Service) serveHook(w http.ResponseWriter, r *http.Request) {
	running := s.running.Load()
	if running == nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	authority, id := r.PathValue("authority"), r.PathValue("source")
	if !events.IsSlug(authority) || !events.IsSlug(id) {
		http.Error(w, "no such source", http.StatusNotFound)
		return
	}
	if running.Serve(authority+"."+id, w, r) {
		return
	}
	if strings.HasPrefix(r.URL.Path, field.Prefix) {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "a hook is posted to", http.StatusMethodNotAllowed)
		return
	}
	body, err := source.ReadBody(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	status, err := running.Push(r.Context(), authority+"."+id, r.Header, body)
	if err != nil {
		text := string(events.OutcomeOf(err).Reason)
		if status == http.StatusUnprocessableEntity { // the sender's own mistake, said to the sender
			text = err.Error()
		}
		http.Error(w, text, status)
		return
	}
	w.WriteHeader(status)
}
