package opendatasoft

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
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
const Name = "opendatasoft"

const (
	// pageRows is the most that API 2.1 gives at once, pageRowsV1 what 1.0 gives well.
	pageRows, pageRowsV1 = 100, 1000
	// maxOffset is the highest offset + limit of the paged APIs.
	maxOffset = 10_000
)

// Config is the connector's configuration; see example.yaml.
type Config struct {
	// URL is the portal with Dataset, or the address of the API without.
	URL     string `yaml:"url"`
	Dataset string `yaml:"dataset"`
	// API is 2.1 or 1.0.
	API string `yaml:"api"`
	// Where is an ODSQL filter (2.1), or a query (1.0); OrderBy an order, best
	// with the newest first.
	Where    string `yaml:"where"`
	OrderBy  string `yaml:"order_by"`
	TimeZone string `yaml:"time_zone"`
	// Export reads the whole data set at once instead of pages.
	Export  bool         `yaml:"export"`
	Mapping rows.Mapping `yaml:"mapping"`
	// Key or KeyFile names the secret sent as an API key.
	Key     string `yaml:"key"`
	KeyFile string `yaml:"key_file"`
}

// Source is a data set.
type Source struct {
	cfg  Config
	zone *time.Location
	deps source.Deps
}

var _ source.Source = (*Source)(nil)

// Kind describes the connector. Portals publish daily, some hourly.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: 15 * time.Minute, Usual: time.Hour, Most: 12 * time.Hour},
		Guess: func(res *fetch.Response) bool {
			head := res.Body[:min(len(res.Body), 2048)]
			return bytes.Contains(head, []byte(`"total_count"`)) && bytes.Contains(head, []byte(`"results"`)) ||
				bytes.Contains(head, []byte(`"nhits"`)) && bytes.Contains(head, []byte(`"records"`))
		},
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{API: "2.1", TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("opendatasoft: url", cfg.URL); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"2.1", "1.0"}, cfg.API) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "opendatasoft: api: %q is neither 2.1 nor 1.0", cfg.API)
	}
	if cfg.Export && cfg.Dataset == "" {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "opendatasoft: dataset: required with export")
	}
	if err := cfg.Mapping.Check("opendatasoft: mapping"); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "opendatasoft: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	header, err := s.header()
	if err != nil {
		return nil, cur, err
	}
	next := cur
	list, total, err := s.read(ctx, header, &next)
	if err != nil {
		return nil, next, err
	}
	records := s.records(list, total)
	rows.Licensed(ctx, s.deps.Now(), &next, records, func(ctx context.Context) ([]string, error) { return s.licence(ctx, header) })
	return records, next, nil
}

func (s *Source) read(ctx context.Context, header http.Header, cur *source.Cursor) (list []map[string]any, total int, err error) {
	before := *cur
	if !s.cfg.Export {
		list, total, err = s.pages(ctx, header, cur)
		if err != nil || total <= maxOffset || s.cfg.Dataset == "" || s.cfg.API != "2.1" {
			return list, total, err
		}
		// A data set this large is read by its export from its first page on.
		*cur = before
	}
	list, err = s.export(ctx, header, cur)
	return list, len(list), err
}

func (s *Source) records(list []map[string]any, total int) []source.Record {
	records := rows.Records(list, s.cfg.Mapping, s.zone, s.cfg.URL, false)
	if total > rows.MaxRows && len(list) <= rows.MaxRows {
		records = append(records, source.Record{Refused: rows.TooMany(total)})
	}
	return records
}

func (s *Source) header() (http.Header, error) {
	reference := cmp.Or(s.cfg.Key, s.cfg.KeyFile)
	if reference == "" {
		return nil, nil
	}
	key, err := s.deps.Secret(reference)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "opendatasoft: key: %w", err)
	}
	return http.Header{"Authorization": {"Apikey " + key}}, nil
}

// pages reads the paged API; total is what the portal says it holds. It stops
// after the first page where the export must be read.
func (s *Source) pages(ctx context.Context, header http.Header, cur *source.Cursor) (list []map[string]any, total int, err error) {
	first, err := s.page(0)
	if err != nil {
		return nil, 0, err
	}
	size := s.size()
	err = rows.Pages(ctx, s.deps, fetch.Request{URL: first, Header: header}, cur, func(res *fetch.Response) (string, error) {
		page, count, err := Parse(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		list, total = append(list, page...), max(count, total)
		large := total > maxOffset && s.cfg.Dataset != "" && s.cfg.API == "2.1"
		if len(page) == 0 || len(list) >= total || len(list) >= rows.MaxRows || large {
			return "", nil
		}
		return s.page(min(len(list), maxOffset-size))
	})
	return list, total, err
}

func (s *Source) size() int {
	if s.cfg.API == "1.0" {
		return pageRowsV1
	}
	return pageRows
}

// page gives the address of the page that begins at a row.
func (s *Source) page(offset int) (string, error) {
	start := ""
	if offset > 0 {
		start = strconv.Itoa(offset)
	}
	size := strconv.Itoa(s.size())
	if s.cfg.API == "1.0" {
		address := s.cfg.URL
		if s.cfg.Dataset != "" {
			address = s.portal() + "/api/records/1.0/search/"
		}
		return rows.WithQuery(address, s.given("dataset", s.cfg.Dataset, "q", s.cfg.Where, "sort", s.cfg.OrderBy, "rows", size, "start", start)...)
	}
	address := s.cfg.URL
	if s.cfg.Dataset != "" {
		address = s.dataset() + "/records"
	}
	return rows.WithQuery(address, s.given("where", s.cfg.Where, "order_by", s.cfg.OrderBy, "limit", size, "offset", start)...)
}

// given leaves out the parameters that the configuration does not set, which the
// address may have; the place of the page is always ours.
func (s *Source) given(pairs ...string) []string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" || pairs[i] == "offset" || pairs[i] == "start" {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return out
}

func (s *Source) portal() string {
	u, err := url.Parse(s.cfg.URL)
	if err != nil {
		return s.cfg.URL
	}
	return u.Scheme + "://" + u.Host
}

func (s *Source) dataset() string {
	return s.portal() + "/api/explore/v2.1/catalog/datasets/" + url.PathEscape(s.cfg.Dataset)
}

var inPath = regexp.MustCompile(`/catalog/datasets/([^/?]+)`)

// licence reads what the portal calls the licence of the data set.
func (s *Source) licence(ctx context.Context, header http.Header) ([]string, error) {
	name := s.cfg.Dataset
	if u, err := url.Parse(s.cfg.URL); err == nil && name == "" {
		name = u.Query().Get("dataset")
		if m := inPath.FindStringSubmatch(u.Path); m != nil {
			name = m[1]
		}
	}
	if name == "" {
		return nil, nil
	}
	res, err := source.GetAll(ctx, s.deps, s.portal()+"/api/explore/v2.1/catalog/datasets/"+url.PathEscape(name), header)
	if err != nil {
		return nil, err
	}
	doc, err := rows.JSON(res.Body, res.ContentType)
	if err != nil {
		return nil, source.Invalid(res, fmt.Errorf("opendatasoft: data set: %w", err))
	}
	meta := rows.At(doc, "metas.default")
	return []string{rows.Text(rows.At(meta, "license")), rows.Text(rows.At(meta, "license_url"))}, nil
}

func (s *Source) export(ctx context.Context, header http.Header, cur *source.Cursor) ([]map[string]any, error) {
	address, err := rows.WithQuery(s.dataset()+"/exports/jsonl", s.given("where", s.cfg.Where, "order_by", s.cfg.OrderBy, "limit", strconv.Itoa(rows.MaxRows+1))...)
	if err != nil {
		return nil, err
	}
	res, err := source.Get(ctx, s.deps, fetch.Request{URL: address, Header: header, MaxBytes: 50 << 20}, cur)
	if err != nil {
		return nil, err
	}
	list, err := rows.Lines(res.Body, res.ContentType)
	if err != nil {
		return nil, source.Invalid(res, fmt.Errorf("opendatasoft: export: %w", err))
	}
	return list, nil
}

// Parse reads one answer of either API, and how many rows the data set has.
func Parse(body []byte, contentType string) (list []map[string]any, total int, err error) {
	doc, err := rows.JSON(body, contentType)
	if err != nil {
		return nil, 0, fmt.Errorf("opendatasoft: %w", err)
	}
	root, _ := doc.(map[string]any)
	name := ""
	for _, candidate := range []string{"results", "records"} {
		if _, ok := root[candidate].([]any); ok {
			name = candidate
		}
	}
	if name == "" {
		return nil, 0, fmt.Errorf("opendatasoft: %w", rows.ErrNoRows)
	}
	if list, err = rows.Extract(doc, name); err != nil {
		return nil, 0, fmt.Errorf("opendatasoft: %w", err)
	}
	count, _ := rows.Number(cmp.Or(root["total_count"], root["nhits"]))
	if count < 0 || count > 1e12 {
		count = 0
	}
	// One time stamp for the whole data set dates no row.
	if stamps := column(list, "record_timestamp"); len(stamps) == 1 && len(list) > 1 {
		for _, row := range list {
			delete(row, "record_timestamp")
		}
	}
	return list, int(count), nil
}

func column(list []map[string]any, name string) map[string]bool {
	values := map[string]bool{}
	for _, row := range list {
		values[strings.TrimSpace(rows.Text(row[name]))] = true
	}
	return values
}
