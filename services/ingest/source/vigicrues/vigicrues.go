package vigicrues

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "vigicrues"

// maxStations bounds the stations read at one turn.
const maxStations = 20

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL         string              `yaml:"url"`
	Reaches     []string            `yaml:"reaches"`
	Territories []string            `yaml:"territories"`
	Areas       []string            `yaml:"areas"`
	Level       string              `yaml:"level"`
	Stations    map[string][]string `yaml:"stations"`
}

// Reaches are levels at an address.
type Reaches struct {
	cfg  Config
	base *url.URL
	opt  Options
	deps source.Deps
}

var _ source.Source = (*Reaches)(nil)

// Kind describes the connector. Bulletins come at 10:00 and 16:00, more often in
// a flood.
func Kind() source.Kind {
	return source.Kind{
		Name:            Name,
		New:             func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:        source.Interval{Least: 5 * time.Minute, Usual: 10 * time.Minute, Most: 15 * time.Minute},
		VanishWithdraws: true,
		Guess:           func(res *fetch.Response) bool { return Looks(res.Body) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Reaches, error) {
	cfg := Config{Level: "jaune"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("vigicrues: url", cfg.URL); err != nil {
		return nil, err
	}
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigicrues: url: not an address")
	}
	least := slices.Index(colours(), strings.ToLower(cfg.Level))
	if least < yellow {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigicrues: level: %q is not jaune, orange or rouge", cfg.Level)
	}
	for i, code := range cfg.Areas {
		_, commune := territory.France().Commune(code)
		if _, departement := territory.France().Departement(code); !commune && !departement {
			return nil, events.Permanentf(events.ReasonInvalidConfig, "vigicrues: areas[%d]: %q is not the INSEE code of a commune or département", i, code)
		}
	}
	zone, err := deps.Zones.Load("Europe/Paris")
	if err != nil {
		return nil, fmt.Errorf("vigicrues: %w", err)
	}
	opt := Options{Reaches: cfg.Reaches, Territories: cfg.Territories, Areas: cfg.Areas, Least: least, Zone: zone}
	return &Reaches{cfg: cfg, base: base, opt: opt, deps: deps}, nil
}

// told is what was last told of a reach, kept in the cursor.
type told struct {
	Level    int       `json:"l"`
	Stations []Station `json:"s,omitempty"`
}

// Fetch implements source.Source.
func (r *Reaches) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	before := map[string]told{}
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &before); err != nil {
			return nil, cur, fmt.Errorf("vigicrues: cursor: %w", err)
		}
	}
	next := cur
	res, err := source.Get(ctx, r.deps, fetch.Request{URL: r.cfg.URL}, &next)
	if err != nil {
		return nil, next, err
	}
	bulletin, err := Parse(res.Body, res.ContentType, r.opt)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	if bulletin.Sent.IsZero() {
		bulletin.Sent = r.deps.Now()
	}
	now := make(map[string]told, len(bulletin.Reaches))
	for i := range bulletin.Reaches {
		reach := &bulletin.Reaches[i]
		if last, ok := before[reach.Code]; ok && last.Level == reach.Level {
			reach.Stations = last.Stations
		} else {
			reach.Stations = r.stations(ctx, reach.Code)
		}
		now[reach.Code] = told{Level: reach.Level, Stations: reach.Stations}
	}
	if ctx.Err() != nil {
		return nil, cur, ctx.Err()
	}
	if next.State, err = json.Marshal(now); err != nil {
		return nil, cur, fmt.Errorf("vigicrues: cursor: %w", err)
	}
	return bulletin.Records(r.opt), next, nil
}

// stations reads the stations of a reach; one that fails is left out.
func (r *Reaches) stations(ctx context.Context, reach string) []Station {
	var out []Station
	codes := r.cfg.Stations[reach]
	for _, code := range codes[:min(len(codes), maxStations)] {
		about, err := r.ask(ctx, "station.json/index.php", url.Values{"CdStationHydro": {code}})
		if err != nil {
			continue
		}
		levels, err := r.ask(ctx, "observations.json/index.php", url.Values{"CdStationHydro": {code}, "GrdSerie": {"H"}, "FormatDate": {"iso"}})
		if err != nil {
			continue
		}
		if s, err := ParseStation(about, levels); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// ask reads a service beside the configured one.
func (r *Reaches) ask(ctx context.Context, service string, query url.Values) ([]byte, error) {
	u := r.base.JoinPath("..", service)
	u.RawQuery = query.Encode()
	res, err := source.GetAll(ctx, r.deps, u.String(), nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
