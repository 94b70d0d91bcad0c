package ical

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
	_ "time/tzdata" // calendars name zones; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "ical"

const (
	// maxAhead bounds the announced items remembered, to see them vanish.
	maxAhead = 200
	// maxItemBytes is the longest item remembered.
	maxItemBytes = 200
)

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	TimeZone string `yaml:"time_zone"`
	// Horizon is how far ahead recurring events are shown.
	Horizon time.Duration `yaml:"horizon"`
	// CalDAV asks the address with a REPORT.
	CalDAV bool `yaml:"caldav"`
	// User signs in with Password or PasswordFile.
	User         string `yaml:"user"`
	Password     string `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Source is a calendar at an address.
type Source struct {
	cfg  Config
	zone *time.Location
	deps source.Deps
}

var _ source.Source = (*Source)(nil)

// Kind describes the connector. Calendars change a few times a day.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: 15 * time.Minute, Usual: time.Hour, Most: 6 * time.Hour},
		Guess:    guess,
		Title:    title,
	}
}

// guess knows a calendar, after what a careless server printed before it, and a
// component that stands alone.
func guess(res *fetch.Response) bool {
	head := bytes.ToUpper(res.Body[:min(len(res.Body), 512)])
	if bytes.Contains(head, []byte("BEGIN:VCALENDAR")) {
		return true
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, "\ufeff \t\r\n"), []byte("\n"))
	name, begins := bytes.CutPrefix(first, []byte("BEGIN:"))
	return begins && isComponent(string(bytes.TrimSpace(name)))
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{TimeZone: "Europe/Paris", Horizon: 60 * 24 * time.Hour}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("ical: url", cfg.URL); err != nil {
		return nil, err
	}
	if cfg.Horizon < 24*time.Hour || cfg.Horizon > 2*366*24*time.Hour {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "ical: horizon: %s is not between 24h and 17568h", cfg.Horizon)
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "ical: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// memory is what travels in the cursor.
type memory struct {
	// Again is the day from which the same document shows new occurrences, "" for never.
	Again string `json:"again,omitempty"`
	// Ahead are the items announced, with the Unix second of their end.
	Ahead map[string]int64 `json:"ahead,omitempty"`
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	now := s.deps.Now()
	var before memory
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &before); err != nil {
			before = memory{} // of another version: what was announced is forgotten
		}
	}
	next := cur
	if before.Again != "" && now.Format(time.DateOnly) >= before.Again {
		next.ReadAgain()
	}
	req, err := s.request(now)
	if err != nil {
		return nil, cur, err
	}
	res, err := source.Get(ctx, s.deps, req, &next)
	if err != nil {
		return nil, next, err
	}
	bodies := [][]byte{res.Body}
	if s.cfg.CalDAV {
		if bodies, err = calendarData(res.Body); err != nil {
			return nil, cur, source.Invalid(res, err)
		}
	}
	cal, err := parseAll(bodies, Options{
		ContentType: res.ContentType, Zone: s.zone, Now: now, Past: 24 * time.Hour, Horizon: s.cfg.Horizon,
	})
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	records, after := remember(cal, before, now)
	if next.State, err = json.Marshal(after); err != nil {
		return nil, cur, fmt.Errorf("ical: cursor: %w", err)
	}
	return records, next, nil
}

// remember adds the withdrawal of what was announced, is still to come and is no
// longer there. A document cut in its middle withdraws nothing.
func remember(cal Calendar, before memory, now time.Time) ([]source.Record, memory) {
	records, after := cal.Records, memory{}
	if cal.Recurs {
		after.Again = now.Add(24 * time.Hour).Format(time.DateOnly)
	}
	type item struct {
		name string
		end  int64
	}
	var ahead []item
	shown := map[string]bool{}
	for _, r := range cal.Records {
		shown[r.Item] = true
		e, ok := r.Value.(record.Entry)
		if !ok || r.Item == "" || len(r.Item) > maxItemBytes {
			continue
		}
		end := e.Starts
		for _, t := range []time.Time{e.Ends, e.Expires} {
			if t.After(end) {
				end = t
			}
		}
		if end.After(now) {
			ahead = append(ahead, item{r.Item, end.Unix()})
		}
	}
	var vanished []string
	for name, end := range before.Ahead {
		if !shown[name] && end > now.Unix() {
			vanished = append(vanished, name)
			if !cal.Whole {
				ahead = append(ahead, item{name, end})
			}
		}
	}
	slices.Sort(vanished)
	for _, name := range vanished {
		if cal.Whole {
			records = append(records, source.Record{Item: name, Withdrawn: true})
		}
	}
	slices.SortFunc(ahead, func(a, b item) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name)) })
	after.Ahead = map[string]int64{}
	for _, a := range ahead[:min(len(ahead), maxAhead)] {
		after.Ahead[a.name] = a.end
	}
	return records, after
}

func (s *Source) request(now time.Time) (fetch.Request, error) {
	req := fetch.Request{URL: s.cfg.URL, Header: http.Header{"Accept": {"text/calendar, */*;q=0.5"}}}
	if s.cfg.CalDAV {
		from := now.Truncate(24 * time.Hour).Add(-24 * time.Hour)
		req.Method, req.Body = "REPORT", calendarQuery(from, from.Add(s.cfg.Horizon+48*time.Hour))
		req.Header = http.Header{"Depth": {"1"}, "Content-Type": {"application/xml; charset=utf-8"}}
	}
	if s.cfg.User != "" {
		password, err := s.deps.Secret(cmp.Or(s.cfg.Password, s.cfg.PasswordFile))
		if err != nil {
			return req, events.Permanentf(events.ReasonInvalidConfig, "ical: password: %w", err)
		}
		basic := http.Request{Header: req.Header}
		basic.SetBasicAuth(s.cfg.User, password)
	}
	return req, nil
}
