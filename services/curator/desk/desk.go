package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/journal"
)

// ErrConflict is what an officer gets whose item changed since it was read.
var ErrConflict = registry.ErrConflict

// Emitter stores events on the bus; bus.Emitter is one.
type Emitter interface {
	Publish(ctx context.Context, evs ...events.Event) error
}

// Directory is what the desk reads of the registry, in memory.
type Directory struct {
	Authorities *registry.View[registry.Authority]
	Streams     *registry.View[registry.Stream]
	Sources     *registry.View[registry.Source]
}

// Deps are what a Desk works with. All are required.
type Deps struct {
	Logger    *slog.Logger
	Clock     run.Clock
	Items     jetstream.KeyValue // the bucket "items"
	Emitter   Emitter
	Journal   *journal.Journal
	Directory Directory
	Metrics   *Metrics
}

// Metrics of the stage.
type Metrics struct {
	messages     *prometheus.CounterVec
	publications *prometheus.CounterVec
}

// What becomes of a message on a stream, as a label.
const (
	outcomeNew       = "new"
	outcomeChanged   = "changed"
	outcomeUnchanged = "unchanged"
	outcomeIgnored   = "ignored" // withdrawn or out of date before it was seen
)

// NewMetrics registers them; a nil registerer registers nowhere.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	stage := run.NewStage(reg, "curator")
	return &Metrics{
		messages: stage.Counter("messages_total", "Messages that a stream's rule took, by what became of them.",
			run.Label{Name: "outcome", Values: []string{outcomeNew, outcomeChanged, outcomeUnchanged, outcomeIgnored}}),
		publications: stage.Counter("publications_total", "Publications stored on the bus.",
			run.Label{Name: "class", Values: run.Values(events.Classes()...)},
			run.Label{Name: "type", Values: run.Values(events.MsgAlert, events.MsgUpdate, events.MsgCancel)}),
	}
}

// Desk is the engine of curation. It is safe for concurrent use.
type Desk struct {
	deps  Deps
	items *registry.Repository[item.Item]
	told  *registry.Repository[claim]
	view  *registry.View[item.Item]
	index index
	wake  chan struct{}
}

// New reads the items into memory until ctx ends. options watch them.
func New(ctx context.Context, deps Deps, options ...registry.ViewOption[item.Item]) *Desk {
	d := &Desk{
		deps: deps, wake: make(chan struct{}, 1),
		items: registry.New[item.Item](deps.Items, "item"),
		told:  registry.New[claim](deps.Items, "told"),
	}
	d.index.directory = deps.Directory
	options = append(options, registry.OnChange(func(c registry.Change[item.Item]) {
		if c.New != nil && c.New.State == item.Scheduled {
			d.poke()
		}
	}))
	d.view = registry.NewView(ctx, d.items, options...)
	return d
}

// Items are all items, in memory: for reading only.
func (d *Desk) Items() *registry.View[item.Item] { return d.view }

// Get reads an item as it is stored.
func (d *Desk) Get(ctx context.Context, key registry.Key) (item.Item, error) {
	it, _, err := d.items.Get(ctx, key...)
	return it, err
}

func (d *Desk) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// maxSettles bounds how often a change that others contest is tried again.
const maxSettles = 32

// settle finishes what an item's state asks for: it stores Outgoing on the
// bus, chains the changes not yet audited, and notes both. It may be called
// again at any time, in any process.
func (d *Desk) settle(ctx context.Context, it item.Item) (item.Item, error) {
	if it.Outgoing == nil && it.Audited >= it.Changes {
		return it, nil
	}
	sent := 0
	if p := it.Outgoing; p != nil {
		if err := d.publish(ctx, it.Trace, *p); err != nil {
			return it, fmt.Errorf("curator: publication %s: %w", p.EventID(), err)
		}
		sent = p.Revision
		d.deps.Metrics.publications.WithLabelValues(string(p.Class), string(p.MsgType)).Inc()
	}
	if err := d.audit(ctx, it); err != nil {
		return it, err
	}
	audited := it.Changes
	done, _, err := d.items.Modify(ctx, it.Key(), func(now *item.Item) error {
		if sent > 0 {
			now.Sent(sent)
		}
		now.MarkAudited(audited)
		return nil
	})
	if err != nil {
		return it, err
	}
	return done, nil
}

// audit chains the changes of people and rules.
func (d *Desk) audit(ctx context.Context, it item.Item) error {
	first, changes := it.Unaudited()
	for i, c := range changes {
		if c.Quiet {
			continue
		}
		detail := map[string]string{"stream": it.Stream, "message": it.Message.ID, "change": strconv.Itoa(first + i)}
		for k, v := range c.Detail {
			detail[k] = v
		}
		_, err := d.deps.Journal.Append(ctx, journal.Fact{
			Authority: it.Authority, Actor: c.Actor, Action: c.Action, Object: "item/" + it.ID, Detail: detail, At: c.At,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Repair settles every item that a crash left unfinished. It is called once
// at start, when the items are read.
func (d *Desk) Repair(ctx context.Context) error {
	if err := d.deps.Journal.Repair(ctx); err != nil {
		return err
	}
	var errs []error
	for _, e := range d.view.List() {
		if e.Value.Outgoing == nil && e.Value.Audited >= e.Value.Changes {
			continue
		}
		it, _, err := d.items.Get(ctx, e.Key...)
		if err == nil {
			_, err = d.settle(ctx, it)
		}
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// now is the clock's, UTC.
func (d *Desk) now() time.Time { return d.deps.Clock.Now().UTC() }
