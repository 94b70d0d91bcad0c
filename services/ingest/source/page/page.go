package page

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"time"
	_ "time/tzdata" // the host may lack the table

	"github.com/andybalholm/cascadia"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "page"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	Item     string `yaml:"item"`
	Title    string `yaml:"title"`
	Body     string `yaml:"body"`
	Link     string `yaml:"link"`
	Date     string `yaml:"date"`
	TimeZone string `yaml:"time_zone"`
}

// Page is a page at an address.
type Page struct {
	url    string
	rules  Rules
	deps   source.Deps
	robots robots
}

var _ source.Source = (*Page)(nil)

// Kind describes the connector. A page is heavy for its host: it is asked rarely.
func Kind() source.Kind {
	return source.Kind{
		Name:       Name,
		New:        func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:   source.Interval{Least: 15 * time.Minute, Usual: time.Hour, Most: 6 * time.Hour},
		NeverEmpty: true,
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Page, error) {
	cfg := Config{TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("page: url", cfg.URL); err != nil {
		return nil, err
	}
	rules, err := cfg.rules(deps.Zones)
	if err != nil {
		return nil, err
	}
	return &Page{url: cfg.URL, rules: rules, deps: deps}, nil
}

func (cfg Config) rules(zones *source.Zones) (Rules, error) {
	var rules Rules
	for _, f := range []struct {
		field, text string
		into        *cascadia.Selector
	}{
		{"item", cfg.Item, &rules.Item},
		{"title", cfg.Title, &rules.Title},
		{"body", cfg.Body, &rules.Body},
		{"link", cfg.Link, &rules.Link},
		{"date", cfg.Date, &rules.Date},
	} {
		if f.text == "" {
			continue
		}
		selector, err := cascadia.Compile(f.text)
		if err != nil {
			return rules, events.Permanentf(events.ReasonInvalidConfig, "page: %s: not a CSS selector", f.field)
		}
		*f.into = selector
	}
	zone, err := zones.Load(cfg.TimeZone)
	if err != nil {
		return rules, events.Permanentf(events.ReasonInvalidConfig, "page: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	rules.Zone = zone
	return rules, nil
}

// Fetch implements source.Source.
func (p *Page) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	asked := cmp.Or(cur.MovedTo, p.url)
	if err := p.obey(ctx, asked); err != nil {
		return nil, cur, err
	}
	next := cur
	res, err := source.Get(ctx, p.deps, fetch.Request{URL: p.url, Header: http.Header{"Accept": {"text/html, application/xhtml+xml"}}}, &next)
	if err != nil {
		return nil, next, err
	}
	if res.FinalURL != asked { // what was led to may be another host's
		if err := p.obey(ctx, res.FinalURL); err != nil {
			return nil, cur, err
		}
	}
	rules := p.rules
	rules.Now = p.deps.Now()
	records, err := Parse(res.Body, res.ContentType, res.FinalURL, rules)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	sum := fnv.New64a()
	for _, r := range records {
		_, _ = fmt.Fprintln(sum, r.Item, source.Meaning(r.Value))
	}
	state, err := json.Marshal(sum.Sum64())
	if err != nil {
		return nil, cur, fmt.Errorf("page: cursor: %w", err)
	}
	if string(state) == string(cur.State) {
		return nil, next, source.ErrUnchanged
	}
	next.State = state
	return records, next, nil
}

// obey refuses a page that its host asks robots not to read.
func (p *Page) obey(ctx context.Context, address string) error {
	now := time.Now()
	if p.deps.Now != nil {
		now = p.deps.Now()
	}
	allowed, err := p.robots.allow(ctx, p.deps.HTTP, address, now)
	if err == nil && !allowed {
		err = events.Transient(events.ReasonForbidden, errors.New(fetch.Redact(address)+": robots.txt of the host asks not to read it"), robotsAge)
	}
	return err
}

// hostOf is scheme://host of an address.
func hostOf(address string) (string, string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("page: url: cannot be read")
	}
	return u.Scheme + "://" + u.Host, cmp.Or(u.RequestURI(), "/"), nil
}
