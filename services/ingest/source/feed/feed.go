package feed

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
	_ "time/tzdata" // municipal sources write local times; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/xmltext"
)

// Name is the kind's name.
const Name = "feed"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	TimeZone string `yaml:"time_zone"`
	// Token or TokenFile names the secret sent as a bearer token.
	Token     string `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	// WebSub is auto, to have the feed's hub push to us where it names one, or off.
	WebSub string `yaml:"websub"`
}

// Feed is a feed at an address.
type Feed struct {
	cfg  Config
	zone *time.Location
	deps source.Deps

	spec     string // its key
	callback string // where its hub pushes to, "" for no hub
	heard    atomic.Int32
	lease    atomic.Pointer[subscription] // as last seen by a poll
	polled   time.Time                    // when it last changed
}

// What is known of a feed's hub since the start.
const (
	_ int32 = iota
	hubless
	hubbed
)

var (
	_ source.Source = (*Feed)(nil)
	_ source.Server = (*Feed)(nil)
	_ source.Leased = (*Feed)(nil)
)

// Kind describes the connector. Town sites publish a few items a day.
func Kind() source.Kind {
	return source.Kind{
		Name:       Name,
		New:        made,
		Interval:   source.Interval{Least: 5 * time.Minute, Usual: 15 * time.Minute, Most: time.Hour},
		NeverEmpty: true,
		Guess:      guess,
		Title:      func(res *fetch.Response) string { return xmltext.Title(res.Body, res.ContentType) },
	}
}

// polled is a feed that no hub can push to.
type polled struct{ feed *Feed }

var _ source.Source = polled{}

// Fetch implements source.Source.
func (p polled) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	return p.feed.Fetch(ctx, cur)
}

func made(deps source.Deps, spec source.Spec) (any, error) {
	f, err := New(deps, spec)
	if err != nil {
		return nil, err
	}
	if f.callback == "" {
		return polled{f}, nil
	}
	return f, nil
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Feed, error) {
	cfg := Config{TimeZone: "Europe/Paris", WebSub: "auto"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("feed: url", cfg.URL); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "feed: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	if cfg.WebSub != "auto" && cfg.WebSub != "off" {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "feed: websub: is auto or off")
	}
	f := &Feed{cfg: cfg, zone: zone, deps: deps, spec: spec.Key()}
	if deps.Callback != nil && cfg.WebSub == "auto" {
		f.callback = deps.Callback(spec.Authority, spec.ID)
	}
	return f, nil
}

// Fetch implements source.Source.
func (f *Feed) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	req := fetch.Request{URL: f.cfg.URL}
	if reference := cmp.Or(f.cfg.Token, f.cfg.TokenFile); reference != "" {
		token, err := f.deps.Secret(reference)
		if err != nil {
			return nil, cur, events.Permanentf(events.ReasonInvalidConfig, "feed: token: %w", err)
		}
		req.Header = http.Header{"Authorization": {"Bearer " + token}}
	}
	next := cur
	res, err := source.Get(ctx, f.deps, req, &next)
	if err != nil {
		f.listen(ctx, nil)
		return nil, next, err
	}
	records, err := Parse(res.Body, Options{ContentType: res.ContentType, URL: res.FinalURL, Zone: f.zone})
	if err != nil {
		f.listen(ctx, nil)
		return nil, cur, source.Invalid(res, err)
	}
	f.listen(ctx, res)
	if n := len(records); n > 0 && errors.Is(records[n-1].Refused, errCut) {
		next.ReadAgain()
	}
	return records, next, nil
}

func guess(res *fetch.Response) bool { return Looks(res.Body, res.ContentType) }
