package vigilance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
const Name = "vigilance"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL          string   `yaml:"url"`
	Texts        string   `yaml:"texts"`
	Key          string   `yaml:"key"`
	KeyFile      string   `yaml:"key_file"`
	Departements []string `yaml:"departements"`
	Level        string   `yaml:"level"`
}

// Vigilance is a map of warnings at an address.
type Vigilance struct {
	cfg   Config
	texts string
	opt   Options
	deps  source.Deps
}

var _ source.Source = (*Vigilance)(nil)

// Kind describes the connector. The map is issued at 6:00 and 16:00, and between
// them when something comes.
func Kind() source.Kind {
	return source.Kind{
		Name:            Name,
		New:             func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:        source.Interval{Least: 2 * time.Minute, Usual: 5 * time.Minute, Most: 10 * time.Minute},
		VanishWithdraws: true,
		Guess:           func(res *fetch.Response) bool { return Looks(res.Body) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Vigilance, error) {
	cfg := Config{Level: "jaune"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("vigilance: url", cfg.URL); err != nil {
		return nil, err
	}
	v := &Vigilance{cfg: cfg, deps: deps}
	if cfg.Texts != "" {
		base, err := url.Parse(cfg.URL)
		if err != nil {
			return nil, events.Permanentf(events.ReasonInvalidConfig, "vigilance: url: not an address")
		}
		texts, err := base.Parse(cfg.Texts)
		if err != nil {
			return nil, events.Permanentf(events.ReasonInvalidConfig, "vigilance: texts: not an address")
		}
		v.texts = texts.String()
	}
	least := slices.Index(colours(), strings.ToLower(cfg.Level))
	if least < int(yellow) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigilance: level: %q is not jaune, orange or rouge", cfg.Level)
	}
	for i, code := range cfg.Departements {
		code = strings.ToUpper(strings.TrimSpace(code))
		if _, ok := territory.France().Departement(code); !ok {
			return nil, events.Permanentf(events.ReasonInvalidConfig, "vigilance: departements[%d]: %q is not a département", i, code)
		}
		v.opt.Departements = append(v.opt.Departements, code)
	}
	zone, err := deps.Zones.Load("Europe/Paris")
	if err != nil {
		return nil, fmt.Errorf("vigilance: %w", err)
	}
	v.opt.Least, v.opt.Zone = level(least), zone
	return v, nil
}

// Fetch implements source.Source.
func (v *Vigilance) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	header, err := v.header()
	if err != nil {
		return nil, cur, err
	}
	before := map[string]Shown{}
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &before); err != nil {
			return nil, cur, fmt.Errorf("vigilance: cursor: %w", err)
		}
	}
	next := cur
	res, err := source.Get(ctx, v.deps, fetch.Request{URL: v.cfg.URL, Header: header}, &next)
	if err != nil {
		return nil, next, err
	}
	bulletin, err := Parse(res.Body, res.ContentType, v.opt)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	if v.texts != "" && len(bulletin.Warnings) > 0 {
		texts, err := v.readTexts(ctx, header)
		switch {
		case ctx.Err() != nil:
			return nil, cur, ctx.Err()
		case err == nil:
			bulletin.Texts = texts
		default: // a warning does not wait for its text, which is asked for again
			next.ReadAgain()
		}
	}
	records, shown := bulletin.Records(before)
	if next.State, err = json.Marshal(shown); err != nil {
		return nil, cur, fmt.Errorf("vigilance: cursor: %w", err)
	}
	return records, next, nil
}

func (v *Vigilance) header() (http.Header, error) {
	reference := cmp.Or(v.cfg.Key, v.cfg.KeyFile)
	if reference == "" {
		return nil, nil
	}
	key, err := v.deps.Secret(reference)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "vigilance: key: %w", err)
	}
	return http.Header{"Apikey": {key}}, nil
}

// readTexts reads the texts. Between issues the interface answers that there is
// "no matching blob": there is nothing to say.
func (v *Vigilance) readTexts(ctx context.Context, header http.Header) (Texts, error) {
	res, err := source.GetAll(ctx, v.deps, v.texts, header)
	if events.OutcomeOf(err).Reason == events.ReasonNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ParseTexts(res.Body, res.ContentType)
}
