package ckan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // portals write local times; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "ckan"

// pageRows is how many rows of the datastore are asked for at once.
const pageRows = 1000

// Config is the connector's configuration; see example.yaml.
type Config struct {
	// URL is a portal with Resource, or the address of a datastore_search or of a
	// udata data set.
	URL string `yaml:"url"`
	// Resource is the identifier of a resource: required with a portal; with a
	// udata data set, the newest table where it is empty.
	Resource string `yaml:"resource"`
	// Query is CKAN's full-text query, Sort its order.
	Query    string       `yaml:"query"`
	Sort     string       `yaml:"sort"`
	TimeZone string       `yaml:"time_zone"`
	Mapping  rows.Mapping `yaml:"mapping"`
	// Key or KeyFile names the secret: an API token.
	Key     string `yaml:"key"`
	KeyFile string `yaml:"key_file"`
}

// Source is a resource.
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
		Interval: source.Interval{Least: 30 * time.Minute, Usual: 2 * time.Hour, Most: 24 * time.Hour},
		Guess: func(res *fetch.Response) bool {
			head := res.Body[:min(len(res.Body), 64<<10)]
			return strings.Contains(res.FinalURL, "/api/3/action/datastore_search") ||
				strings.Contains(res.FinalURL, "/api/1/datasets/") && bytes.Contains(head, []byte(`"resources"`))
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
	if err := source.CheckURL("ckan: url", cfg.URL); err != nil {
		return nil, err
	}
	if err := cfg.Mapping.Check("ckan: mapping"); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "ckan: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	req := fetch.Request{URL: s.cfg.URL}
	if reference := cmp.Or(s.cfg.Key, s.cfg.KeyFile); reference != "" {
		key, err := s.deps.Secret(reference)
		if err != nil {
			return nil, cur, events.Permanentf(events.ReasonInvalidConfig, "ckan: key: %w", err)
		}
		req.Header = http.Header{"Authorization": {key}, "X-Api-Key": {key}}
	}
	next := cur
	var list []map[string]any
	var err error
	licence := func(ctx context.Context) ([]string, error) { return s.licence(ctx, req) }
	if strings.Contains(s.cfg.URL, "/api/1/datasets/") {
		var name string
		list, name, err = s.udata(ctx, req, &next)
		licence = func(context.Context) ([]string, error) { return []string{name}, nil }
	} else {
		list, err = s.datastore(ctx, req, &next)
	}
	if err != nil {
		return nil, next, err
	}
	records := rows.Records(list, s.cfg.Mapping, s.zone, s.cfg.URL, false)
	rows.Licensed(ctx, s.deps.Now(), &next, records, licence)
	return records, next, nil
}

// licence reads what CKAN calls the licence of the data set of a resource.
func (s *Source) licence(ctx context.Context, req fetch.Request) ([]string, error) {
	resource := s.cfg.Resource
	if u, err := url.Parse(s.cfg.URL); err == nil && resource == "" {
		resource = u.Query().Get("resource_id")
	}
	show := func(action, id string) (any, error) {
		address, err := rows.Beside(req.URL, "/api/3/action/"+action+"?id="+url.QueryEscape(id))
		if err != nil || id == "" {
			return nil, err
		}
		res, err := source.GetAll(ctx, s.deps, address, req.Header)
		if err != nil {
			return nil, err
		}
		doc, err := rows.JSON(res.Body, res.ContentType)
		if err != nil {
			return nil, source.Invalid(res, fmt.Errorf("ckan: %s: %w", action, err))
		}
		return rows.At(doc, "result"), nil
	}
	shown, err := show("resource_show", resource)
	if err != nil {
		return nil, err
	}
	pack, err := show("package_show", rows.Text(rows.At(shown, "package_id")))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, field := range []string{"license_title", "license_id", "license_url"} {
		names = append(names, rows.Text(rows.At(pack, field)))
	}
	return names, nil
}

// datastore reads CKAN's datastore_search, page by page.
func (s *Source) datastore(ctx context.Context, req fetch.Request, cur *source.Cursor) (list []map[string]any, err error) {
	if !strings.Contains(req.URL, "datastore_search") && s.cfg.Resource != "" {
		if req.URL, err = rows.Beside(req.URL, "/api/3/action/datastore_search"); err != nil {
			return nil, err
		}
	}
	page := func(offset int) (string, error) {
		pairs := []string{"limit", strconv.Itoa(pageRows)}
		if offset > 0 {
			pairs = append(pairs, "offset", strconv.Itoa(offset))
		}
		for _, p := range [][2]string{{"resource_id", s.cfg.Resource}, {"q", s.cfg.Query}, {"sort", s.cfg.Sort}} {
			if p[1] != "" {
				pairs = append(pairs, p[0], p[1])
			}
		}
		return rows.WithQuery(req.URL, pairs...)
	}
	first := req
	if first.URL, err = page(0); err != nil {
		return nil, err
	}
	err = rows.Pages(ctx, s.deps, first, cur, func(res *fetch.Response) (string, error) {
		more, total, err := Parse(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		list = append(list, more...)
		if len(more) == 0 || len(list) >= total || len(list) > rows.MaxRows {
			return "", nil
		}
		return page(len(list))
	})
	return list, err
}

// Parse reads one answer of datastore_search, and how many rows there are.
func Parse(body []byte, contentType string) (list []map[string]any, total int, err error) {
	doc, err := rows.JSON(body, contentType)
	if err != nil {
		return nil, 0, fmt.Errorf("ckan: %w", err)
	}
	if list, err = rows.Extract(doc, "result.records"); err != nil {
		return nil, 0, fmt.Errorf("ckan: result.records: %w", err)
	}
	if n, ok := rows.Number(rows.At(doc, "result.total")); ok && n > 0 && n < 1e12 {
		total = int(n)
	}
	return list, total, nil
}

// udata reads the data set, then the file of its resource. The file is asked for
// on the same terms, with the cursor of its own. licence is that of the data set.
func (s *Source) udata(ctx context.Context, req fetch.Request, cur *source.Cursor) (list []map[string]any, licence string, _ error) {
	res, err := source.GetAll(ctx, s.deps, req.URL, req.Header)
	if err != nil {
		return nil, "", err
	}
	doc, err := rows.JSON(res.Body, res.ContentType)
	if err != nil {
		return nil, "", source.Invalid(res, fmt.Errorf("ckan: %w", err))
	}
	address, format, err := Resource(doc, s.cfg.Resource)
	if err != nil {
		return nil, "", source.Invalid(res, err)
	}
	// The file is another's server: no header goes there.
	file, err := source.Get(ctx, s.deps, fetch.Request{URL: address}, cur)
	if err != nil {
		return nil, "", err
	}
	if format == "csv" {
		list, err = rows.CSV(file.Body, file.ContentType, 0)
	} else {
		var doc any
		if doc, err = rows.JSON(file.Body, file.ContentType); err == nil {
			list, err = rows.Extract(doc, "")
		}
	}
	if err != nil {
		return nil, "", source.Invalid(file, fmt.Errorf("ckan: resource: %w", err))
	}
	return list, rows.Text(rows.At(doc, "license")), nil
}

// Resource finds in a data set of udata the address and format of a resource, or
// of its newest table where id is "".
func Resource(doc any, id string) (address, format string, err error) {
	newest := ""
	for _, r := range rows.List(rows.At(doc, "resources")) {
		kind := strings.ToLower(rows.Text(rows.At(r, "format")))
		if !slices.Contains([]string{"csv", "json", "geojson"}, kind) || id != "" && rows.Text(rows.At(r, "id")) != id {
			continue
		}
		// "latest" stays when the file behind it is replaced.
		link := cmp.Or(rows.Text(rows.At(r, "latest")), rows.Text(rows.At(r, "url")))
		if date := rows.Text(rows.At(r, "last_modified")); link != "" && (address == "" || date > newest) {
			address, format, newest = link, kind, date
		}
	}
	if address == "" {
		return "", "", errors.New("ckan: no resource that is a table")
	}
	return address, format, nil
}
