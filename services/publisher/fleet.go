package publisher

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/engine"
)

// fleet is the channels of the registry, made and running.
type fleet struct {
	deps  channel.Deps
	kinds map[string]channel.Factory
	log   *slog.Logger
	hold  func(authority, id string, until time.Time) // a provider asks to send nothing before

	mu      sync.RWMutex
	spawn   func(func(context.Context)) context.CancelFunc // starts a channel's own work; nil before start and after stop
	ships   map[string]*ship
	running sync.WaitGroup
}

// ship is one channel, or why it cannot be used.
type ship struct {
	of     registry.Channel
	made   engine.Made
	err    error
	cancel context.CancelFunc
}

var _ engine.Channels = (*fleet)(nil)

func newFleet(deps channel.Deps, kinds map[string]channel.Factory, log *slog.Logger, hold func(authority, id string, until time.Time)) *fleet {
	return &fleet{deps: deps, kinds: kinds, log: log, hold: hold, ships: map[string]*ship{}}
}

// start lets channels work until ctx ends; stop then waits for them, and lets no
// other begin.
func (f *fleet) start(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spawn = func(work func(context.Context)) context.CancelFunc {
		own, cancel := context.WithCancel(ctx)
		f.running.Go(func() { work(own) })
		return cancel
	}
	clear(f.ships)
}

func (f *fleet) stop() {
	f.mu.Lock()
	f.spawn = nil
	f.mu.Unlock()
	f.running.Wait()
}

func fleetKey(authority, id string) string { return authority + "/" + id }

// change follows the registry. A channel whose own settings did not change
// keeps its connections.
func (f *fleet) change(c registry.Change[registry.Channel]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.New == nil {
		key := fleetKey(c.Old.Authority, c.Old.ID)
		if s := f.ships[key]; s != nil {
			s.end()
			delete(f.ships, key)
		}
		return
	}
	key := fleetKey(c.New.Authority, c.New.ID)
	old := f.ships[key]
	if old != nil && old.err == nil && old.of.Kind == c.New.Kind && bytes.Equal(old.of.Settings, c.New.Settings) && old.of.Window == c.New.Window {
		old.of = *c.New
		old.made = f.made(*c.New, old.made.Channel)
		return
	}
	if old != nil {
		old.end()
	}
	f.ships[key] = f.launch(*c.New)
}

func (s *ship) end() {
	if s.cancel != nil {
		s.cancel()
	}
}

func (f *fleet) made(of registry.Channel, c channel.Channel) engine.Made {
	return engine.Made{
		Channel: c, Kind: of.Kind, Name: of.Name, Window: of.Window, RatePerSecond: of.RatePerSecond, RateUnit: of.RateUnit,
		Paused: of.Paused, Classes: of.Classes, QuietHours: of.QuietHours, Fallback: of.Fallback,
		Carries: f.kinds[of.Kind].Carries,
	}
}

// launch makes a channel and starts its own work. It is called with the lock
// held.
func (f *fleet) launch(of registry.Channel) *ship {
	spec := channel.Spec{
		Authority: of.Authority, ID: of.ID, Kind: of.Kind, Name: of.Name, Window: of.Window, Settings: of.Settings,
	}
	s := &ship{of: of, made: f.made(of, nil)}
	deps := f.deps
	deps.HTTP = channel.Watched(deps.HTTP, deps.Now, func(until time.Time) { f.hold(of.Authority, of.ID, until) })
	factory, ok := f.kinds[of.Kind]
	if !ok {
		s.err = spec.Invalid("kind: there is none of that name; there are %v", KindNames())
	} else if s.made.Channel, s.err = factory.New(spec, deps); s.err != nil {
		f.log.Error("publisher: channel cannot be used", "authority", of.Authority, "channel", of.ID, "err", s.err)
	}
	if s.err != nil {
		return s
	}
	if runner, ok := s.made.Channel.(channel.Runner); ok && f.spawn != nil {
		s.cancel = f.spawn(func(ctx context.Context) { f.keep(ctx, of, runner) })
	}
	return s
}

// restart spaces the lives of a channel's own work.
const restart = 5 * time.Second

// keep runs a channel's own work again when it fails.
func (f *fleet) keep(ctx context.Context, of registry.Channel, runner channel.Runner) {
	for ctx.Err() == nil {
		if err := runner.Run(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("publisher: channel", "authority", of.Authority, "channel", of.ID, "err", err)
		}
		timer := time.NewTimer(restart)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Channel implements engine.Channels.
func (f *fleet) Channel(authority, id string) (engine.Made, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	s := f.ships[fleetKey(authority, id)]
	if s == nil {
		return engine.Made{}, errNoChannel(authority, id)
	}
	return s.made, s.err
}

// ofKind returns an authority's channel by ID, or its only one of a kind; nil
// when there is none.
func (f *fleet) ofKind(kind, authority, id string) channel.Channel {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if s := f.ships[fleetKey(authority, id)]; s != nil && s.of.Kind == kind {
		return s.made.Channel
	}
	for _, s := range f.ships {
		if s.of.Authority == authority && s.of.Kind == kind {
			return s.made.Channel
		}
	}
	return nil
}
