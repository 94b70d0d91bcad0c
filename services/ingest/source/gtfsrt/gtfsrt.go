package gtfsrt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
	_ "time/tzdata" // the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "gtfsrt"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL       string            `yaml:"url"`
	Key       string            `yaml:"key"`
	KeyFile   string            `yaml:"key_file"`
	KeyHeader string            `yaml:"key_header"`
	Language  string            `yaml:"language"`
	TimeZone  string            `yaml:"time_zone"`
	Routes    []string          `yaml:"routes"`
	Agencies  []string          `yaml:"agencies"`
	Lines     map[string]string `yaml:"lines"`
}

// Alerts are those of a network.
type Alerts struct {
	cfg  Config
	opt  Options
	deps source.Deps
}

var _ source.Source = (*Alerts)(nil)

// Kind describes the connector.
func Kind() source.Kind {
	return source.Kind{
		Name:            Name,
		New:             func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:        source.Interval{Least: time.Minute, Usual: 2 * time.Minute, Most: 10 * time.Minute},
		VanishWithdraws: true,
		Guess:           func(res *fetch.Response) bool { return Looks(res.Body) },
	}
}

// Looks reports whether a body is a feed with an alert in it.
func Looks(body []byte) bool {
	if len(body) == 0 || body[0] != 0x0a { // the header comes first
		return false
	}
	f, err := decode(body)
	if err != nil {
		return false
	}
	for _, e := range f.entities {
		if e.alert != nil {
			return true
		}
	}
	return false
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Alerts, error) {
	cfg := Config{Language: "fr", TimeZone: "Europe/Paris", KeyHeader: "apikey"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("gtfsrt: url", cfg.URL); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "gtfsrt: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	opt := Options{Language: cfg.Language, Routes: cfg.Routes, Agencies: cfg.Agencies, Lines: cfg.Lines, Zone: zone}
	return &Alerts{cfg: cfg, opt: opt, deps: deps}, nil
}

// Fetch implements source.Source.
func (a *Alerts) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	opt := a.opt
	opt.Now = a.deps.Now()
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &opt.Before); err != nil {
			return nil, cur, fmt.Errorf("gtfsrt: cursor: %w", err)
		}
	}
	req := fetch.Request{URL: a.cfg.URL}
	if reference := cmp.Or(a.cfg.Key, a.cfg.KeyFile); reference != "" {
		key, err := a.deps.Secret(reference)
		if err != nil {
			return nil, cur, events.Permanentf(events.ReasonInvalidConfig, "gtfsrt: key: %w", err)
		}
		req.Header = http.Header{http.CanonicalHeaderKey(a.cfg.KeyHeader): {key}}
	}
	next := cur
	res, err := source.Get(ctx, a.deps, req, &next)
	if err != nil {
		return nil, next, err
	}
	records, kept, err := Parse(res.Body, opt)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	if next.State, err = json.Marshal(kept); err != nil {
		return nil, cur, fmt.Errorf("gtfsrt: cursor: %w", err)
	}
	return records, next, nil
}
