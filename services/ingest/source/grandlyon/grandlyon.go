package grandlyon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the portal writes local times; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "grandlyon"

// pageRows is what the portal gives when not asked for more.
const pageRows = 1000

// Config is the connector's configuration; see example.yaml.
type Config struct {
	// URL is that of an all.json or of a collection's items.
	URL string `yaml:"url"`
	// Filter are conditions on fields, such as etat__eq: ouvert.
	Filter   map[string]string `yaml:"filter"`
	TimeZone string            `yaml:"time_zone"`
	Mapping  rows.Mapping      `yaml:"mapping"`
	// User signs in with Password or PasswordFile.
	User         string `yaml:"user"`
	Password     string `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Source is a data set.
type Source struct {
	cfg  Config
	zone *time.Location
	deps source.Deps
}

var _ source.Source = (*Source)(nil)

// Kind describes the connector.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: 10 * time.Minute, Usual: 30 * time.Minute, Most: 6 * time.Hour},
		Guess: func(res *fetch.Response) bool {
			u, err := url.Parse(res.FinalURL)
			return err == nil && (strings.HasSuffix(u.Host, "data.grandlyon.com") && strings.HasSuffix(u.Path, ".json") ||
				strings.HasSuffix(u.Path, "/items") && bytes.Contains(res.Body[:min(len(res.Body), 4096)], []byte(`"FeatureCollection"`)))
		},
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("grandlyon: url", cfg.URL); err != nil {
		return nil, err
	}
	if err := cfg.Mapping.Check("grandlyon: mapping"); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "grandlyon: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	req, err := s.request()
	if err != nil {
		return nil, cur, err
	}
	next := cur
	var list []map[string]any
	err = rows.Pages(ctx, s.deps, req, &next, func(res *fetch.Response) (string, error) {
		page, following, err := Parse(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		list = append(list, page...)
		if len(page) == 0 || len(list) > rows.MaxRows {
			return "", nil
		}
		return following, nil
	})
	if err != nil {
		return nil, next, err
	}
	records := rows.Records(list, s.cfg.Mapping, s.zone, s.cfg.URL, false)
	rows.Licensed(ctx, s.deps.Now(), &next, records, func(ctx context.Context) ([]string, error) { return s.licence(ctx, req.Header) })
	return records, next, nil
}

// licence reads the link of relation license that a collection has (OGC API -
// Features, §7.13). The web service says none.
func (s *Source) licence(ctx context.Context, header http.Header) ([]string, error) {
	collection, _, found := strings.Cut(s.cfg.URL, "/items")
	if !found {
		return nil, nil
	}
	res, err := source.GetAll(ctx, s.deps, collection+"?f=application%2Fjson", header)
	if err != nil {
		return nil, err
	}
	doc, err := rows.JSON(res.Body, res.ContentType)
	if err != nil {
		return nil, source.Invalid(res, fmt.Errorf("grandlyon: collection: %w", err))
	}
	var names []string
	for _, link := range rows.List(rows.At(doc, "links")) {
		if rows.Text(rows.At(link, "rel")) == "license" {
			names = append(names, rows.Text(rows.At(link, "title")), rows.Text(rows.At(link, "href")))
		}
	}
	return names, nil
}

func (s *Source) request() (fetch.Request, error) {
	size := "maxfeatures"
	if strings.Contains(s.cfg.URL, "/collections/") {
		size = "limit"
	}
	pairs := []string{size, strconv.Itoa(pageRows)}
	if size == "limit" && !strings.Contains(s.cfg.URL, "f=") {
		pairs = append(pairs, "f", "application/json")
	}
	for name, value := range s.cfg.Filter {
		pairs = append(pairs, name, value)
	}
	address, err := rows.WithQuery(s.cfg.URL, pairs...)
	if err != nil {
		return fetch.Request{}, err
	}
	req := fetch.Request{URL: address, Header: http.Header{}}
	if s.cfg.User != "" {
		password, err := s.deps.Secret(cmp.Or(s.cfg.Password, s.cfg.PasswordFile))
		if err != nil {
			return req, events.Permanentf(events.ReasonInvalidConfig, "grandlyon: password: %w", err)
		}
		basic := http.Request{Header: req.Header}
		basic.SetBasicAuth(s.cfg.User, password)
	}
	return req, nil
}

// Parse reads one page and the address of the next: "next" of the web service,
// or the link with rel=next of OGC API Features.
func Parse(body []byte, contentType string) (list []map[string]any, next string, err error) {
	doc, err := rows.JSON(body, contentType)
	if err != nil {
		return nil, "", fmt.Errorf("grandlyon: %w", err)
	}
	root, ok := doc.(map[string]any)
	if !ok {
		return nil, "", errors.New("grandlyon: neither values nor features")
	}
	path := "values"
	if root["features"] != nil {
		path = "features"
	}
	if list, err = rows.Extract(root, path); err != nil {
		return nil, "", fmt.Errorf("grandlyon: %s: %w", path, err)
	}
	next, _ = root["next"].(string)
	for _, link := range rows.List(root["links"]) {
		if rows.Text(rows.At(link, "rel")) == "next" {
			next = rows.Text(rows.At(link, "href"))
		}
	}
	return list, next, nil
}
