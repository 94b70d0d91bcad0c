package impact

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/schemas"
	"github.com/crieur/crieur/services/impact/dashboard"
	"github.com/crieur/crieur/services/impact/load"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/impact/migrate"
	"github.com/crieur/crieur/services/web"
)

// Config is the service's configuration. ClickHouse is required, and one of
// KeysDir and HMACKeyFile.
type Config struct {
	// ClickHouse says where the tables are: engine.Engine.Options for the
	// embedded engine, engine.OptionsFromURL for a server.
	ClickHouse *clickhouse.Options `yaml:"-"`
	// KeysDir is the folder of impact.key, 32 random bytes, made at the first
	// start where there is none.
	KeysDir string `yaml:"keys_dir"`
	// HMACKeyFile names the key instead: 16 bytes or more, which must exist.
	// With another key, the same person counts as another.
	HMACKeyFile string `yaml:"hmac_key_file"`
	// MaxRows ends a batch of the loader; 0 is 50,000.
	MaxRows int `yaml:"max_rows"`
	// Site is what the pages say of the installation; its name is Crieur by
	// default.
	Site web.Site `yaml:"-"`
	// SessionCookie is the cookie of the console's sessions, which must be sent
	// to /impact too for officers to see their dashboards: crieur_console by
	// default.
	SessionCookie string `yaml:"-"`
	// SignIn is the path of the console's sign-in page; /console/signin by
	// default.
	SignIn string `yaml:"-"`
}

// Service is impact. Run it in a run.Group.
type Service struct {
	deps  run.Deps
	cfg   Config
	conn  driver.Conn
	load  *load.Loader
	pages *dashboard.Dashboard
	state atomic.Pointer[error] // why Run has not come to loading; nil: it has
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Routed  = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

var errStarting = errors.New("bringing the tables up to date")

// New validates the settings, reads the key or makes it, and does not dial.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	if deps.JetStream == nil {
		return nil, errors.New("impact: NATS connection required")
	}
	if cfg.ClickHouse == nil {
		return nil, errors.New("impact: clickhouse: required")
	}
	cfg.setDefaults()
	key, err := hmacKey(cfg)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(cfg.ClickHouse)
	if err != nil {
		return nil, fmt.Errorf("impact: clickhouse: %w", err)
	}
	loader, err := load.New(deps, conn, load.Config{Key: key, MaxRows: cfg.MaxRows})
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	pages, err := dashboard.New(dashboard.Config{
		Site: cfg.Site, Key: derive(key, "pages"), Logger: deps.Logger, Clock: deps.Clock, SignIn: cfg.SignIn,
	})
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	s := &Service{deps: deps, cfg: cfg, conn: conn, load: loader, pages: pages}
	s.state.Store(&errStarting)
	return s, nil
}

func (c *Config) setDefaults() {
	if c.Site.Name == "" {
		c.Site.Name = "Crieur"
	}
	if c.SessionCookie == "" {
		c.SessionCookie = "crieur_console"
	}
	if c.SignIn == "" {
		c.SignIn = "/console/signin"
	}
}

// derive makes a key for another use, from which the first is not found.
func derive(key []byte, use string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("crieur impact " + use)) // a hash never fails
	return mac.Sum(nil)
}

// Name implements run.Service.
func (s *Service) Name() string { return "impact" }

// Handlers implements run.Routed.
func (s *Service) Handlers() []run.Route { return s.pages.Handlers() }

// Ready implements run.Readier: the tables are there and every stream is being
// loaded.
func (s *Service) Ready() error {
	if err := s.state.Load(); err != nil {
		return *err
	}
	return s.load.Err()
}

// Run implements run.Service. The topology (bus.Ensure) must exist.
func (s *Service) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // views, where it fails
	defer s.state.Store(&errStarting)
	back, err := s.back(ctx)
	if err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.pages.Use(back)
	defer s.pages.Use(nil)
	s.state.Store(nil)
	return s.load.Run(ctx)
}

// back opens what the pages read besides ClickHouse.
func (s *Service) back(ctx context.Context) (*dashboard.Back, error) {
	reg, err := registry.Open(ctx, s.deps.JetStream)
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	bucket, err := s.deps.JetStream.KeyValue(ctx, bus.BucketSessions)
	if err != nil {
		return nil, fmt.Errorf("impact: bucket %s: %w", bus.BucketSessions, err)
	}
	sessions, err := web.NewSessions(web.NewKVSessions(bucket), web.SessionOptions{Cookie: s.cfg.SessionCookie})
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	back := &dashboard.Back{
		Reader: measure.NewReader(s.conn, s.deps.Clock.Now), Sessions: sessions,
		Authorities: registry.NewView(ctx, reg.Authorities), Streams: registry.NewView(ctx, reg.Streams),
		Channels: registry.NewView(ctx, reg.Channels), Officers: registry.NewView(ctx, reg.Officers),
	}
	for _, view := range []interface{ Wait(context.Context) error }{back.Authorities, back.Streams, back.Channels, back.Officers} {
		if err := view.Wait(ctx); err != nil {
			return nil, fmt.Errorf("impact: %w", err)
		}
	}
	return back, nil
}

const maxRetry = 10 * time.Second

// migrate waits for ClickHouse as long as it takes. A migration that is not the
// one applied is a mistake no retry cures.
func (s *Service) migrate(ctx context.Context) error {
	list, err := schemas.ClickHouse()
	if err != nil {
		return run.ConfigError(err)
	}
	for delay := 100 * time.Millisecond; ; delay = min(delay*2, maxRetry) {
		done, err := migrate.Apply(ctx, s.conn, list)
		switch {
		case err == nil:
			if len(done) > 0 {
				s.deps.Logger.Info("tables brought up to date", "migrations", done)
			}
			return nil
		case errors.Is(err, migrate.ErrChanged):
			return run.ConfigError(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if s.state.Swap(&err) == &errStarting {
			s.deps.Logger.Warn("waiting for ClickHouse", "err", err)
		}
		timer := s.deps.Clock.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C():
		}
	}
}
