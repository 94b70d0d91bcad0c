package openagenda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // events have local dates; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "openagenda"

// pageEvents is the most that the API gives at once.
const pageEvents = 300

// Config is the connector's configuration; see example.yaml.
type Config struct {
	// URL is the API; Agenda the uid of an agenda there. Without Agenda, URL is the
	// whole address of its events.
	URL    string `yaml:"url"`
	Agenda string `yaml:"agenda"`
	// Slug is the agenda's name in public addresses, to link events that say none.
	Slug     string `yaml:"slug"`
	Language string `yaml:"language"`
	// Key or KeyFile names the secret: the account's public key.
	Key     string `yaml:"key"`
	KeyFile string `yaml:"key_file"`
}

// Source is an agenda.
type Source struct {
	cfg  Config
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
			return err == nil && u.Host == "api.openagenda.com"
		},
	}
}

var (
	agendaUID = regexp.MustCompile(`^\d{1,12}$`)
	slugForm  = regexp.MustCompile(`^[a-z0-9_-]{1,150}$`)
)

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{Language: "fr"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL, "https://api.openagenda.com")
	if err := source.CheckURL("openagenda: url", cfg.URL); err != nil {
		return nil, err
	}
	if cfg.Agenda != "" && !agendaUID.MatchString(cfg.Agenda) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "openagenda: agenda: %q is not a number", cfg.Agenda)
	}
	if cfg.Slug != "" && !slugForm.MatchString(cfg.Slug) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "openagenda: slug: %q is not a slug", cfg.Slug)
	}
	return &Source{cfg: cfg, deps: deps}, nil
}

// memory is what travels in the cursor.
type memory struct {
	// Since is the latest update seen, by the agenda's clock, as it wrote it.
	Since string `json:"since,omitempty"`
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	var since memory
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &since); err != nil {
			since = memory{} // of another version: all is read again
		}
	}
	address, err := s.address(since)
	if err != nil {
		return nil, cur, err
	}
	next := cur
	var list []map[string]any
	err = rows.Pages(ctx, s.deps, fetch.Request{URL: address}, &next, func(res *fetch.Response) (string, error) {
		page, after, err := Parse(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		list = append(list, page...)
		if len(after) == 0 || len(page) < pageEvents || len(list) >= rows.MaxRows {
			return "", nil
		}
		return following(address, after)
	})
	// A redirect's address would hold the key; it is asked for again each time.
	next.MovedTo = ""
	if err != nil {
		return nil, next, err
	}
	after := since
	var records []source.Record
	for _, e := range list {
		records = append(records, s.cfg.record(e))
		if at := rows.Text(e["updatedAt"]); at > after.Since {
			if _, _, ok := dates.Read(at, time.UTC); ok {
				after.Since = at
			}
		}
	}
	if len(list) >= rows.MaxRows {
		records = append(records, source.Record{Refused: rows.TooMany(len(list))})
	}
	if next.State, err = json.Marshal(after); err != nil {
		return nil, cur, fmt.Errorf("openagenda: cursor: %w", err)
	}
	return records, next, nil
}

// address asks for what changed since, the last change included, so that an
// answer without news is the same as the one before.
func (s *Source) address(since memory) (string, error) {
	address := s.cfg.URL
	if s.cfg.Agenda != "" {
		address = strings.TrimSuffix(s.cfg.URL, "/") + "/v2/agendas/" + s.cfg.Agenda + "/events"
	}
	pairs := []string{"detailed", "1", "size", strconv.Itoa(pageEvents), "sort", "updatedAt.asc"}
	if since.Since != "" {
		pairs = append(pairs, "updatedAt[gte]", since.Since, "removed", "1")
	}
	if reference := cmp.Or(s.cfg.Key, s.cfg.KeyFile); reference != "" {
		key, err := s.deps.Secret(reference)
		if err != nil {
			return "", events.Permanentf(events.ReasonInvalidConfig, "openagenda: key: %w", err)
		}
		pairs = append(pairs, "key", key)
	}
	address, err := rows.WithQuery(address, pairs...)
	if err != nil || since.Since != "" {
		return address, err
	}
	return address + "&relative%5B%5D=current&relative%5B%5D=upcoming", nil
}

// following gives the address of the page after the one that ended with after.
func following(address string, after []string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("openagenda: address cannot be read")
	}
	q := u.Query()
	q["after[]"] = after
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Parse reads one answer: its events and what the next page begins after.
func Parse(body []byte, contentType string) (list []map[string]any, after []string, err error) {
	doc, err := rows.JSON(body, contentType)
	if err != nil {
		return nil, nil, fmt.Errorf("openagenda: %w", err)
	}
	path := "events"
	if _, ok := doc.([]any); ok {
		path = ""
	}
	if list, err = rows.Extract(doc, path); err != nil {
		return nil, nil, fmt.Errorf("openagenda: %w", err)
	}
	for _, v := range rows.List(rows.At(doc, "after")) {
		after = append(after, rows.Text(v))
	}
	list = slices.DeleteFunc(list, func(e map[string]any) bool { return rows.Text(e["uid"]) == "" && rows.Text(e["slug"]) == "" })
	return list, after, nil
}
