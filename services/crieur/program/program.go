package program

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/curator"
	"github.com/crieur/crieur/services/impact"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/normalizer"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/web"
)

// Services are the names of the services, in the order of the path.
func Services() []string {
	return []string{"ingest", "normalizer", "curator", "audience", "publisher", "impact"}
}

// Program is a Crieur that can run.
type Program struct {
	cfg     *config.Config
	deps    run.Deps
	engines engines
	traces  *run.Traces
	group   *run.Group
}

// Extra makes services that run beside Crieur's own, with the same Deps.
type Extra func(run.Deps) ([]run.Service, error)

// Open starts the engines, prepares the bus and the registry, and makes the
// named services (all when none is named) and extra ones (none when nil). Close
// what it returns.
func Open(ctx context.Context, cfg *config.Config, logger *slog.Logger, names []string, extra Extra) (*Program, error) {
	if len(names) > 0 && natsURL(cfg) == "" {
		return nil, fmt.Errorf("%s alone needs a NATS server: set NATS_URL, or nats.url of the configuration; `crieur run` has one inside", strings.Join(names, ", "))
	}
	p := &Program{cfg: cfg}
	if err := p.open(ctx, logger, names, extra); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Program) open(ctx context.Context, logger *slog.Logger, names []string, extra Extra) error {
	var err error
	if p.traces, err = run.Tracing(ctx); err != nil {
		return err
	}
	otel.SetTracerProvider(p.traces.Provider)
	if p.engines.nats, p.engines.conn, err = openNATS(ctx, p.cfg, logger); err != nil {
		return err
	}
	js, err := p.prepare(ctx, logger, names)
	if err != nil {
		return err
	}
	p.deps = run.Deps{
		Logger: logger, Metrics: run.NewMetrics(), Tracer: p.traces.Provider,
		NATS: p.engines.conn, JetStream: js,
	}.WithDefaults()
	shared, err := newCommon(p.cfg, p.deps)
	if err != nil {
		return err
	}
	wrap, err := shared.wrap(p.deps, maxBodyBytes)
	if err != nil {
		return err
	}
	p.group = run.NewGroup(p.deps, run.Options{Listen: p.cfg.Listen, Wrap: wrap, StopWithin: stopWithin})
	if server := p.engines.nats; server != nil {
		p.group.AddCheck("disk", server.Health)
	}
	p.group.Add(shared)
	if len(names) == 0 {
		names = Services()
	}
	for _, name := range names {
		s, err := p.service(ctx, name)
		if err != nil {
			return err
		}
		p.group.Add(s)
	}
	if extra == nil {
		return nil
	}
	more, err := extra(p.deps)
	if err != nil {
		return err
	}
	p.group.Add(more...)
	return nil
}

// prepare makes the bus and the registry as the configuration declares them.
func (p *Program) prepare(ctx context.Context, logger *slog.Logger, names []string) (jetstream.JetStream, error) {
	js, err := jetstream.New(p.engines.conn)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	options := bus.Options{Replicas: p.cfg.NATS.Replicas}
	if err := bus.Ensure(ctx, js, options); err != nil {
		return nil, err
	}
	if err := bus.EnsureDeliveryConsumers(ctx, js, options, publisher.KindNames()...); err != nil {
		return nil, err
	}
	reg, err := registry.Open(ctx, js, registry.Replicas(p.cfg.NATS.Replicas))
	if err != nil {
		return nil, err
	}
	return js, declare(ctx, js, reg, cmp.Or(strings.Join(names, "-"), "run"), logger, p.cfg)
}

// Started is closed once every service was started.
func (p *Program) Started() <-chan struct{} { return p.group.Started() }

// service makes one service.
func (p *Program) service(ctx context.Context, name string) (run.Service, error) {
	cfg, deps := p.cfg, p.deps
	keys := filepath.Join(cfg.Data, "keys")
	switch name {
	case "ingest":
		c, err := cfg.Fetch.Ingest()
		if err != nil {
			return nil, err
		}
		c.Alone, c.SecretsDir = p.engines.nats != nil, filepath.Join(cfg.Data, "secrets")
		c.PublicURL, c.Client, c.Secure = cfg.PublicURL, web.ClientKey, web.IsSecure
		return ingest.New(deps, c)
	case "normalizer":
		return normalizer.New(deps, normalizer.Config{Rules: cfg.Normalizer.Rules})
	case "curator":
		c := curator.Config{KeysDir: keys, PublicURL: cfg.PublicURL, UndoWithin: cfg.Curator.Undo(), OpenID: cfg.Curator.OIDC}
		if server := p.engines.nats; server != nil {
			c.Room = server.Health
		}
		return curator.New(deps, c)
	case "audience":
		return audience.New(deps, Audience(cfg))
	case "publisher":
		return publisher.New(deps, publisher.Config{PublicURL: cfg.PublicURL, ShortURL: cfg.ShortURL, Speech: cfg.Speech.Voice()})
	case "impact":
		e, options, err := openClickHouse(ctx, cfg, deps.Logger)
		if err != nil {
			return nil, err
		}
		p.engines.clickhouse = e
		if e != nil {
			p.group.AddCheck("clickhouse", clickhouseReady(e))
		}
		return impact.New(deps, impact.Config{ClickHouse: options, KeysDir: keys})
	}
	return nil, fmt.Errorf("no service %q", name)
}

// Audience is the audience service's configuration.
func Audience(cfg *config.Config) audience.Config {
	return audience.Config{
		DataDir: cfg.Data, MasterKeyFile: cfg.Audience.MasterKeyFile, SealKeyFile: cfg.Audience.SealKeyFile,
		NoNewKeys: natsURL(cfg) != "", PublicURL: cfg.PublicURL, ShortURL: cfg.ShortURL,
	}
}

// Run runs the services until ctx ends.
func (p *Program) Run(ctx context.Context) error { return p.group.Run(ctx) }

// maxBodyBytes bounds what may be posted: an agent's form with its photo. Each
// handler has a bound of its own below it.
const maxBodyBytes = 9 << 20

// A stop takes five seconds at most: the services', then the last spans', and
// what is left for the engines.
const (
	stopWithin  = 3500 * time.Millisecond
	closeWithin = time.Second
)

// Close stops the engines.
func (p *Program) Close() error {
	var errs []error
	if p.traces != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		errs = append(errs, p.traces.Shutdown(ctx))
	}
	errs = append(errs, p.engines.close(p.cfg))
	return errors.Join(errs...)
}
