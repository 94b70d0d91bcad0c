package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest/source"
)

// Config tunes the runner. Zero fields take the values of [Defaults].
type Config struct {
	// Workers is how many sources are read at once.
	Workers int `yaml:"workers"`
	// PerHost is how many of them may be of one host.
	PerHost int `yaml:"per_host"`
	// Gap is the least time between the starts of two requests to one host;
	// negative for none.
	Gap time.Duration `yaml:"gap"`
	// BacklogAge is the age from which an item is old when its source is first read.
	BacklogAge time.Duration `yaml:"backlog_age"`
	// BacklogKeep is how many recent items of a first reading are news.
	BacklogKeep int `yaml:"backlog_keep"`
	// HealthEvery is how often the health of a source whose state does not change
	// is written.
	HealthEvery time.Duration `yaml:"health_every"`
	// Elsewhere is how often a source that another process reads is looked at: where
	// that one dies, its sources are taken over by then.
	Elsewhere time.Duration `yaml:"elsewhere"`
	// ReadWithin is how long one reading of a source may take.
	ReadWithin time.Duration `yaml:"read_within"`
	// ReturnWithin is how soon a connector whose time is over must return; beyond, it
	// keeps no worker.
	ReturnWithin time.Duration `yaml:"return_within"`
	// Every replaces the interval of every source that sets none, 0 for the kind's.
	Every time.Duration `yaml:"every"`
}

// Defaults are the values when nothing is configured.
func Defaults() Config {
	return Config{
		Workers: 32, PerHost: 2, Gap: 200 * time.Millisecond,
		BacklogAge: 3 * 24 * time.Hour, BacklogKeep: 25, HealthEvery: 10 * time.Minute, Elsewhere: 30 * time.Second,
		ReadWithin: 5 * time.Minute, ReturnWithin: 10 * time.Second,
	}
}

func (c Config) withDefaults() Config {
	d := Defaults()
	if c.Workers <= 0 {
		c.Workers = d.Workers
	}
	if c.PerHost <= 0 {
		c.PerHost = d.PerHost
	}
	if c.Gap == 0 {
		c.Gap = d.Gap
	}
	if c.BacklogAge <= 0 {
		c.BacklogAge = d.BacklogAge
	}
	if c.BacklogKeep <= 0 {
		c.BacklogKeep = d.BacklogKeep
	}
	if c.Elsewhere <= 0 {
		c.Elsewhere = d.Elsewhere
	}
	if c.ReadWithin <= 0 {
		c.ReadWithin = d.ReadWithin
	}
	if c.ReturnWithin <= 0 {
		c.ReturnWithin = d.ReturnWithin
	}
	if c.HealthEvery <= 0 {
		c.HealthEvery = d.HealthEvery
	}
	return c
}

// Deps are what the runner works with. All fields but Owns are required.
type Deps struct {
	Kinds   []source.Kind
	Source  source.Deps
	Cursors jetstream.KeyValue
	Health  HealthStore
	// Publish returns once all the events are stored.
	Publish func(ctx context.Context, evs ...events.Event) error
	// Reject keeps what cannot be used, once; fresh is false where it was kept before.
	Reject func(ctx context.Context, r record.Rejection) (fresh bool, err error)
	// Owns says whether this process asks a host; nil for all of them.
	Owns    func(host string) bool
	Clock   run.Clock
	Log     *slog.Logger
	Metrics *Metrics
}

// A HealthStore keeps the health of sources; registry.Repository is one.
type HealthStore interface {
	Get(ctx context.Context, key ...string) (registry.SourceHealth, uint64, error)
	Put(ctx context.Context, v registry.SourceHealth, key ...string) (uint64, error)
}

// A Runner reads sources. Its methods are safe for concurrent use.
type Runner struct {
	cfg   Config
	deps  Deps
	kinds map[string]*source.Kind
	store store
	wake  chan struct{}
	// watches are the running Watch calls.
	watches sync.WaitGroup

	mu        sync.Mutex
	sched     *schedule
	tasks     map[string]*task
	next      map[string]*task // to replace one that is running
	listeners map[string]listener
}

// hasty is the interval below which a source is asked often: alerts.
const hasty = 5 * time.Minute

// listener is a source that is pushed to: one of accept and serve is set.
type listener struct {
	accept source.Listener
	serve  source.Server
	polled bool // too
	spec   *source.Spec
	kind   *source.Kind
}

// New returns a runner; it does no I/O.
func New(cfg Config, deps Deps) *Runner {
	cfg = cfg.withDefaults()
	r := &Runner{
		cfg: cfg, deps: deps, store: store{deps.Cursors}, wake: make(chan struct{}, 1),
		kinds: map[string]*source.Kind{}, sched: newSchedule(cfg.Workers, cfg.PerHost, max(cfg.Gap, 0)),
		tasks: map[string]*task{}, next: map[string]*task{}, listeners: map[string]listener{},
	}
	for _, k := range deps.Kinds {
		r.kinds[k.Name] = &k
	}
	return r
}

// Set adds a source or replaces it; one that is the same goes on. spread is the
// time over which its first reading may fall, 0 for now: a source that is asked
// often waits no longer than it would between two readings. The error of a source
// that cannot be made is also shown in its health.
func (r *Runner) Set(ctx context.Context, spec source.Spec, spread time.Duration) error {
	key := spec.Key()
	if spec.Paused {
		r.Remove(key)
		return nil
	}
	if r.has(&spec) {
		return nil
	}
	kind, made, out, err := r.make(spec)
	if err != nil {
		r.Remove(key)
		return errors.Join(err, r.reportUnusable(ctx, spec, err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(key)
	accept, _ := made.(source.Listener)
	serve, _ := made.(source.Server)
	if accept != nil || serve != nil {
		_, polled := made.(source.Source)
		r.listeners[key] = listener{accept: accept, serve: serve, polled: polled, spec: &spec, kind: kind}
	}
	src, ok := made.(source.Source)
	if !ok {
		return nil
	}
	t := &task{spec: &spec, src: src, kind: kind, host: hostOf(spec), outside: out, pushed: accept != nil || serve != nil, index: -1}
	t.every, t.prompt = r.interval(t).Usual, min(r.interval(t).Least, kind.Interval.Least) < hasty
	if old := r.tasks[key]; old != nil && old.running {
		r.next[key] = t // takes over once the running one is done
		return nil
	}
	r.tasks[key] = t
	due := r.deps.Clock.Now()
	if t.every < hasty {
		spread = min(spread, t.every)
	}
	if spread > 0 {
		due = due.Add(rand.N(spread))
	}
	r.sched.add(t, due)
	r.deps.Metrics.sources.WithLabelValues().Set(float64(len(r.tasks)))
	r.nudge()
	return nil
}

// has reports whether a source is read or pushed to as spec says.
func (r *Runner) has(spec *source.Spec) bool {
	key := spec.Key()
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.next[key]; t != nil {
		return same(t.spec, spec)
	}
	if t := r.tasks[key]; t != nil {
		return same(t.spec, spec)
	}
	l, ok := r.listeners[key]
	return ok && same(l.spec, spec)
}

func same(a, b *source.Spec) bool {
	return a.Kind == b.Kind && a.URL == b.URL && a.Every == b.Every && a.StaleAfter == b.StaleAfter &&
		a.Paused == b.Paused && bytes.Equal(a.Settings, b.Settings)
}

func (r *Runner) make(spec source.Spec) (*source.Kind, any, *outside, error) {
	kind, ok := r.kinds[spec.Kind]
	if !ok {
		return kind, nil, nil, events.Permanentf(events.ReasonInvalidConfig, "source %s: kind: unknown kind %q", spec.Key(), spec.Kind)
	}
	out := &outside{deps: &r.deps.Source}
	made, err := kind.New(out.through(), spec)
	if err != nil {
		return kind, nil, nil, fmt.Errorf("source %s: %w", spec.Key(), err)
	}
	return kind, made, out, nil
}

func (r *Runner) interval(t *task) source.Interval {
	every := t.spec.Every
	if every <= 0 {
		every = r.cfg.Every
	}
	if every > 0 {
		return source.Interval{Least: every, Usual: every, Most: every}
	}
	return t.kind.Interval
}

// Remove forgets a source; what its cursor knows stays, should it come back.
func (r *Runner) Remove(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(key)
	if t := r.tasks[key]; t != nil && t.running {
		t.stopWatch()
		r.uncount(t)
		r.sched.remove(t)
		delete(r.tasks, key)
	}
	r.deps.Metrics.sources.WithLabelValues().Set(float64(len(r.tasks)))
}

// drop takes a source out, but for one that is running.
func (r *Runner) drop(key string) {
	delete(r.listeners, key)
	delete(r.next, key)
	if t := r.tasks[key]; t != nil && !t.running {
		t.stopWatch()
		r.uncount(t)
		r.sched.remove(t)
		delete(r.tasks, key)
	}
}

// Hurry has a source read now. It reports whether this process reads it.
func (r *Runner) Hurry(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[key]
	if t == nil || !r.owns(t.host) {
		return false
	}
	t.again = t.running
	r.sched.hurry(t, r.deps.Clock.Now())
	r.nudge()
	return true
}

// Sources returns how many sources are read by polling.
func (r *Runner) Sources() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tasks)
}

// Run reads sources until ctx ends, and returns once no worker works.
func (r *Runner) Run(ctx context.Context) error {
	work := make(chan *task)
	var workers sync.WaitGroup
	for range r.cfg.Workers {
		workers.Go(func() {
			for t := range work {
				r.turn(ctx, t)
			}
		})
	}
	r.dispatch(ctx, work)
	close(work)
	workers.Wait()
	r.watches.Wait()
	return nil
}

func (r *Runner) dispatch(ctx context.Context, work chan<- *task) {
	timer := r.deps.Clock.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		r.mu.Lock()
		t, wait := r.sched.next(r.deps.Clock.Now())
		r.mu.Unlock()
		if t != nil {
			select {
			case work <- t:
			case <-ctx.Done():
			}
			continue
		}
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-timer.C():
		case <-r.wake:
		case <-ctx.Done():
		}
	}
}

func (r *Runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Runner) owns(host string) bool { return r.deps.Owns == nil || r.deps.Owns(host) }

// finish gives a task back to the schedule, after a turn that ended with err.
func (r *Runner) finish(t *task, err error, wait, hold time.Duration) {
	now := r.deps.Clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if hold > 0 {
		r.sched.hold(t.host, now.Add(hold))
	}
	if t.again && hold == 0 {
		wait = 0
	}
	t.again = false
	key := t.spec.Key()
	if replacement := r.next[key]; replacement != nil {
		delete(r.next, key)
		t.stopWatch()
		r.uncount(t)
		r.sched.remove(t)
		r.tasks[key] = replacement
		r.sched.add(replacement, now)
	}
	r.sched.done(t, err != nil, now.Add(wait), now)
	r.nudge()
}

// hostOf names the queue of a source: its host, or itself where it has none.
func hostOf(spec source.Spec) string {
	if u, err := url.Parse(spec.URL); err == nil && u.Host != "" {
		return strings.ToLower(u.Host)
	}
	return spec.Key()
}

// addressOf changes when the configuration that a cursor belongs to does.
func addressOf(spec *source.Spec) string {
	return fmt.Sprintf("%016x", xxhash.Sum64String(spec.Kind+"\n"+spec.URL+"\n"+string(spec.Settings)))
}

// statusOf is what a web hook's sender is answered.
func statusOf(err error) int {
	switch events.OutcomeOf(err).Reason {
	case events.ReasonNone:
		return http.StatusAccepted
	case events.ReasonUnauthorized, events.ReasonExpired:
		return http.StatusUnauthorized
	case events.ReasonNotFound:
		return http.StatusNotFound
	case events.ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case events.ReasonInvalidContent, events.ReasonInvalidEvent:
		return http.StatusUnprocessableEntity
	}
	return http.StatusServiceUnavailable
}
