package datex2

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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
const Name = "datex2"

// maxMegabytes bounds what a configuration may ask for.
const maxMegabytes = 64

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL          string `yaml:"url"`
	Area         Area   `yaml:"area"`
	TimeZone     string `yaml:"time_zone"`
	MaxMegabytes int    `yaml:"max_megabytes"`
}

// Roads is a publication at an address.
type Roads struct {
	cfg  Config
	zone *time.Location
	deps source.Deps
}

var _ source.Source = (*Roads)(nil)

// Kind describes the connector. It withdraws by itself what a whole publication
// no longer lists: publications of updates are not whole.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: 2 * time.Minute, Usual: 5 * time.Minute, Most: time.Hour},
		Guess:    func(res *fetch.Response) bool { return Looks(res.Body, res.ContentType) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Roads, error) {
	cfg := Config{TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("datex2: url", cfg.URL); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "datex2: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	if err := cfg.Area.check(); err != nil {
		return nil, err
	}
	if cfg.MaxMegabytes < 0 || cfg.MaxMegabytes > maxMegabytes {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "datex2: max_megabytes: %d is not between 0 and %d", cfg.MaxMegabytes, maxMegabytes)
	}
	return &Roads{cfg: cfg, zone: zone, deps: deps}, nil
}

func (a Area) check() error {
	for i, code := range a.INSEE {
		if _, ok := territory.France().Commune(code); !ok {
			return events.Permanentf(events.ReasonInvalidConfig, "datex2: area.insee[%d]: %q is not the INSEE code of a commune", i, code)
		}
	}
	for i, code := range a.Departements {
		if _, ok := territory.France().Departement(code); !ok {
			return events.Permanentf(events.ReasonInvalidConfig, "datex2: area.departements[%d]: %q is not a département", i, code)
		}
	}
	if n := len(a.Box); n != 0 && (n != 4 || a.Box[0] >= a.Box[2] || a.Box[1] >= a.Box[3]) {
		return events.Permanentf(events.ReasonInvalidConfig, "datex2: area.box: not south, west, north, east")
	}
	if a.RadiusKm < 0 || a.RadiusKm > 100 {
		return events.Permanentf(events.ReasonInvalidConfig, "datex2: area.radius_km: not between 0 and 100")
	}
	return nil
}

// Fetch implements source.Source.
func (r *Roads) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	var before []string
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &before); err != nil {
			return nil, cur, fmt.Errorf("datex2: cursor: %w", err)
		}
	}
	next := cur
	req := fetch.Request{URL: r.cfg.URL, MaxBytes: int64(r.cfg.MaxMegabytes) << 20}
	res, err := source.Get(ctx, r.deps, req, &next)
	if err != nil {
		return nil, next, err
	}
	publication, err := Parse(res.Body, Options{ContentType: res.ContentType, Area: r.cfg.Area, Zone: r.zone, Now: r.deps.Now()})
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	records, shown := publication.since(before)
	if next.State, err = json.Marshal(shown); err != nil {
		return nil, cur, fmt.Errorf("datex2: cursor: %w", err)
	}
	return records, next, nil
}

// since adds the withdrawals of what was shown before and is no longer, where the
// publication is whole, and returns what is shown now.
func (p *Publication) since(before []string) (records []source.Record, shown []string) {
	listed := make(map[string]bool, len(p.Records))
	shown = []string{}
	for _, r := range p.Records {
		if !r.Withdrawn && !listed[r.Item] {
			shown = append(shown, r.Item)
		}
		listed[r.Item] = true
	}
	records = p.Records
	for _, item := range before {
		switch {
		case listed[item]:
		case p.Whole:
			records = append(records, source.Record{Item: item, Withdrawn: true})
		case len(shown) < maxRecords:
			shown = append(shown, item)
		}
	}
	slices.SortFunc(shown, strings.Compare)
	return records, shown
}
