package vigieau

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "vigieau"

// nothing is the cursor's state where nothing is restricted.
const nothing = `"none"`

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL     string   `yaml:"url"`
	Commune string   `yaml:"commune"`
	Lat     *float64 `yaml:"lat"`
	Lon     *float64 `yaml:"lon"`
	Profile string   `yaml:"profil"`
}

// Restrictions are those of one place.
type Restrictions struct {
	url  string
	base *url.URL
	opt  Options
	deps source.Deps
}

var _ source.Source = (*Restrictions)(nil)

// Kind describes the connector. Orders change a few times a month.
func Kind() source.Kind {
	return source.Kind{
		Name:            Name,
		New:             func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:        source.Interval{Least: time.Hour, Usual: 3 * time.Hour, Most: 12 * time.Hour},
		VanishWithdraws: true,
		Guess:           func(res *fetch.Response) bool { return Looks(res.Body) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Restrictions, error) {
	cfg := Config{Profile: "particulier"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("vigieau: url", cfg.URL); err != nil {
		return nil, err
	}
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigieau: url: not an address")
	}
	query := base.Query()
	opt := Options{Commune: cmp.Or(cfg.Commune, query.Get("commune"))}
	commune, known := territory.France().Commune(opt.Commune)
	switch {
	case opt.Commune == "":
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigieau: commune: required")
	case !known:
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigieau: commune: %q is not the INSEE code of a commune", opt.Commune)
	case !slices.Contains(profiles(), cfg.Profile):
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigieau: profil: %q is not particulier, entreprise, collectivite or exploitation", cfg.Profile)
	case (cfg.Lat == nil) != (cfg.Lon == nil):
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigieau: lat, lon: give both or none")
	}
	opt.Name, opt.Profile, opt.Lat, opt.Lon = commune.Name, cfg.Profile, cfg.Lat, cfg.Lon
	if opt.Zone, err = deps.Zones.Load("Europe/Paris"); err != nil {
		return nil, fmt.Errorf("vigieau: %w", err)
	}
	asked := *base
	query.Set("commune", opt.Commune)
	query.Set("profil", cfg.Profile)
	if cfg.Lat != nil {
		query.Set("lat", strconv.FormatFloat(*cfg.Lat, 'f', -1, 64))
		query.Set("lon", strconv.FormatFloat(*cfg.Lon, 'f', -1, 64))
	}
	asked.RawQuery = query.Encode()
	return &Restrictions{url: asked.String(), base: base, opt: opt, deps: deps}, nil
}

func profiles() []string {
	return []string{"particulier", "entreprise", "collectivite", "exploitation"}
}

// Fetch implements source.Source.
func (r *Restrictions) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	next := cur
	res, err := source.Get(ctx, r.deps, fetch.Request{URL: r.url}, &next)
	switch status := statusOf(err); {
	case status == http.StatusNotFound && string(cur.State) == nothing:
		return nil, cur, source.ErrUnchanged
	case status == http.StatusNotFound:
		if r.alive(ctx) {
			return nil, source.Cursor{State: []byte(nothing)}, nil
		}
		return nil, cur, err
	case status == http.StatusConflict:
		return nil, cur, events.Permanentf(events.ReasonInvalidConfig, "vigieau: %s (%s) has several drought zones: give lat and lon, the position of an address such as the town hall's", r.opt.Name, r.opt.Commune)
	case err != nil:
		return nil, next, err
	}
	opt := r.opt
	opt.Now = r.deps.Now()
	records, err := Parse(res.Body, res.ContentType, opt)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	next.State = nil
	return records, next, nil
}

// alive reports whether the service is where it was, by its list of départements.
func (r *Restrictions) alive(ctx context.Context) bool {
	u := r.base.JoinPath("..", "departements")
	u.RawQuery = ""
	res, err := source.GetAll(ctx, r.deps, u.String(), nil)
	return err == nil && departments(res.Body)
}

// statusOf is the HTTP status of an error, 0 when it has none.
func statusOf(err error) int {
	var failed *fetch.Error
	if errors.As(err, &failed) {
		return failed.Status
	}
	return 0
}
