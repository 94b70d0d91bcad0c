package table

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // open data writes local times; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "table"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL string `yaml:"url"`
	// Format is auto, json, jsonl or csv. GeoJSON is JSON.
	Format string `yaml:"format"`
	// Rows is the path of the list in a JSON document, "" to find it.
	Rows string `yaml:"rows"`
	// Next is the path of the next page's address in a JSON document, "" for none.
	Next string `yaml:"next"`
	// Separator parts the cells of a CSV: one character, or tab; "" to find it.
	Separator string `yaml:"separator"`
	TimeZone  string `yaml:"time_zone"`
	// Guess fills from the names of the columns what the mapping leaves unsaid.
	Guess   bool         `yaml:"guess"`
	Mapping rows.Mapping `yaml:"mapping"`
	// Token or TokenFile names the secret sent as a bearer token.
	Token     string `yaml:"token"`
	TokenFile string `yaml:"token_file"`
}

// Source is a table at an address.
type Source struct {
	cfg   Config
	comma rune
	zone  *time.Location
	deps  source.Deps
}

var _ source.Source = (*Source)(nil)

// Kind describes the connector. Data sets change daily at most.
func Kind() source.Kind {
	return source.Kind{
		Name:       Name,
		New:        func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval:   source.Interval{Least: 10 * time.Minute, Usual: time.Hour, Most: 12 * time.Hour},
		NeverEmpty: true,
		Guess:      guess,
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{Format: "auto", TimeZone: "Europe/Paris", Guess: true}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("table: url", cfg.URL); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"auto", "json", "jsonl", "csv"}, cfg.Format) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "table: format: %q is none of auto, json, jsonl, csv", cfg.Format)
	}
	comma, err := separator(cfg.Separator)
	if err != nil {
		return nil, err
	}
	if err := cfg.Mapping.Check("table: mapping"); err != nil {
		return nil, err
	}
	if !cfg.Guess && cfg.Mapping.Empty() {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "table: mapping: required where guess is false")
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "table: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, comma: comma, zone: zone, deps: deps}, nil
}

func separator(s string) (rune, error) {
	switch s {
	case "":
		return 0, nil
	case "tab", `\t`:
		return '\t', nil
	case ",", ";", "|", "\t", ":":
		return rune(s[0]), nil
	}
	return 0, events.Permanentf(events.ReasonInvalidConfig, "table: separator: %q is none of , ; | : tab", s)
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	req := fetch.Request{URL: s.cfg.URL}
	if reference := cmp.Or(s.cfg.Token, s.cfg.TokenFile); reference != "" {
		token, err := s.deps.Secret(reference)
		if err != nil {
			return nil, cur, events.Permanentf(events.ReasonInvalidConfig, "table: token: %w", err)
		}
		req.Header = http.Header{"Authorization": {"Bearer " + token}}
	}
	next := cur
	var list []map[string]any
	err := rows.Pages(ctx, s.deps, req, &next, func(res *fetch.Response) (string, error) {
		more, following, err := s.read(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		list = append(list, more...)
		if len(more) == 0 || len(list) > rows.MaxRows {
			following = ""
		}
		return following, nil
	})
	if err != nil {
		return nil, next, err
	}
	return rows.Records(list, s.cfg.Mapping, s.zone, s.cfg.URL, !s.cfg.Guess), next, nil
}

// read gives the rows of one document and the address of the next.
func (s *Source) read(body []byte, contentType string) (list []map[string]any, next string, err error) {
	switch format := cmp.Or(strings.TrimPrefix(s.cfg.Format, "auto"), formatOf(body, contentType)); format {
	case "csv":
		list, err = rows.CSV(body, contentType, s.comma)
	case "jsonl":
		list, err = rows.Lines(body, contentType)
	default:
		var doc any
		if doc, err = rows.JSON(body, contentType); err == nil {
			list, err = rows.Extract(doc, s.cfg.Rows)
			if s.cfg.Next != "" {
				next = rows.Text(rows.At(doc, s.cfg.Next))
			}
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("table: %w", err)
	}
	return list, next, nil
}

// formatOf tells the format by the first letter: a server's type is often wrong.
func formatOf(body []byte, contentType string) string {
	text, _ := fetch.UTF8(body[:min(len(body), 64<<10)], contentType)
	text = bytes.TrimLeft(text, "\ufeff \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return "csv"
	}
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if line = bytes.TrimSpace(line); text[0] == '{' && bytes.HasSuffix(line, []byte("}")) && len(bytes.TrimSpace(rest)) > 0 && bytes.TrimSpace(rest)[0] == '{' {
		return "jsonl"
	}
	return "json"
}

func guess(res *fetch.Response) bool {
	kind := strings.ToLower(res.ContentType)
	for _, mark := range []string{"text/csv", "geo+json", "ndjson"} {
		if strings.Contains(kind, mark) {
			return true
		}
	}
	if !strings.Contains(kind, "json") {
		return false
	}
	doc, err := rows.JSON(res.Body, res.ContentType)
	if err != nil {
		return false
	}
	list, err := rows.Extract(doc, "")
	return err == nil && len(list) > 0
}
