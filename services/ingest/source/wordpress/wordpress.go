package wordpress

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // sites write local times; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "wordpress"

// pagePosts is the most the API gives at once: one more is a 400.
const pagePosts = 100

// Config is the connector's configuration; see example.yaml.
type Config struct {
	// URL is the site, or an address of its API.
	URL string `yaml:"url"`
	// Type is the route of the post type: posts, pages, or that of a plugin.
	Type string `yaml:"type"`
	// Plain asks by ?rest_route=, for sites without pretty addresses.
	Plain bool `yaml:"plain"`
	// Categories are the numbers of the categories to read, all when empty.
	Categories []int `yaml:"categories"`
	// First is how many pages of 100 posts a first reading takes.
	First    int    `yaml:"first_pages"`
	TimeZone string `yaml:"time_zone"`
}

// Source is a site.
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
		Interval: source.Interval{Least: 5 * time.Minute, Usual: 15 * time.Minute, Most: time.Hour},
		Guess: func(res *fetch.Response) bool {
			head := res.Body[:min(len(res.Body), 8192)]
			return strings.Contains(res.FinalURL, "/wp/v2/") && bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) && bytes.Contains(head, []byte(`"rendered"`))
		},
	}
}

var routeForm = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{Type: "posts", First: 1, TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("wordpress: url", cfg.URL); err != nil {
		return nil, err
	}
	if !routeForm.MatchString(cfg.Type) {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "wordpress: type: %q is not a route such as posts", cfg.Type)
	}
	if cfg.First < 1 || cfg.First > 40 {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "wordpress: first_pages: %d is not between 1 and 40", cfg.First)
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "wordpress: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// memory is what travels in the cursor.
type memory struct {
	// Since is the latest change seen, by the site's clock.
	Since time.Time `json:"since,omitzero"`
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	var since memory
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &since); err != nil {
			since = memory{} // of another version: the latest posts are read again
		}
	}
	address, err := s.address(since.Since)
	if err != nil {
		return nil, cur, err
	}
	next, after, page := cur, since, 0
	var records []source.Record
	err = rows.Pages(ctx, s.deps, fetch.Request{URL: address}, &next, func(res *fetch.Response) (string, error) {
		posts, err := Parse(res.Body, res.ContentType)
		if err != nil {
			return "", source.Invalid(res, err)
		}
		for _, p := range posts {
			if r, ok := s.record(p); ok {
				records = append(records, r)
				if e, _ := r.Value.(record.Entry); e.Updated.After(after.Since) {
					after.Since = e.Updated
				}
			}
		}
		page++
		total, err := strconv.Atoi(res.Header.Get("X-WP-TotalPages"))
		if err != nil || page >= total || since.Since.IsZero() && page >= s.cfg.First {
			return "", nil // a site that counts no pages has one
		}
		return rows.WithQuery(address, "page", strconv.Itoa(page+1))
	})
	if err != nil {
		return nil, next, err
	}
	if next.State, err = json.Marshal(after); err != nil {
		return nil, cur, fmt.Errorf("wordpress: cursor: %w", err)
	}
	return records, next, nil
}

// address asks for what changed since, the last change included, so that an
// answer without news is the same as the one before.
func (s *Source) address(since time.Time) (string, error) {
	u, err := url.Parse(s.cfg.URL)
	if err != nil {
		return "", events.Permanentf(events.ReasonInvalidConfig, "wordpress: url: cannot be read")
	}
	q := u.Query()
	switch route := "/wp/v2/" + s.cfg.Type; {
	case strings.Contains(u.Path, "/wp-json"), q.Has("rest_route"):
	case s.cfg.Plain:
		q.Set("rest_route", route)
	default:
		u.Path = strings.TrimSuffix(u.Path, "/") + "/wp-json" + route
	}
	q.Set("per_page", strconv.Itoa(pagePosts))
	q.Set("orderby", "modified")
	q.Set("order", "desc")
	q.Set("_embed", "author,wp:term,wp:featuredmedia")
	if len(s.cfg.Categories) > 0 {
		var list []string
		for _, n := range s.cfg.Categories {
			list = append(list, strconv.Itoa(n))
		}
		q.Set("categories", strings.Join(list, ","))
	}
	if !since.IsZero() {
		q.Set("modified_after", since.Add(-time.Second).UTC().Format(time.RFC3339))
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Parse reads one answer: a list of posts.
func Parse(body []byte, contentType string) ([]map[string]any, error) {
	doc, err := rows.JSON(body, contentType)
	if err != nil {
		return nil, fmt.Errorf("wordpress: %w", err)
	}
	if _, ok := doc.([]any); !ok {
		return nil, fmt.Errorf("wordpress: %w", rows.ErrNoRows)
	}
	list, err := rows.Extract(doc, "")
	if err != nil {
		return nil, fmt.Errorf("wordpress: %w", err)
	}
	return list, nil
}

// record maps one post; ok is false for one that readers cannot see.
func (s *Source) record(p map[string]any) (r source.Record, ok bool) {
	status := rows.Text(p["status"])
	if rows.Truth(rows.At(p, "content.protected")) || status != "" && status != "publish" && status != "inherit" {
		return r, false
	}
	base, _ := url.Parse(s.cfg.URL) // read by New
	e := record.Entry{
		Title: rows.Line(rendered(p, "title")), Summary: excerpt(rendered(p, "excerpt")), Body: rows.Prose(rendered(p, "content")),
		Link: web(base, rows.Text(p["link"])), Published: s.date(p, "date"), Updated: s.date(p, "modified"),
	}
	for _, group := range rows.List(rows.At(p, "_embedded.wp:term")) {
		for _, term := range rows.List(group) {
			name := rows.Line(rows.Text(rows.At(term, "name")))
			if name != "" && !slices.Contains(e.Categories, name) && rows.Text(rows.At(term, "slug")) != "non-classe" && len(e.Categories) < 50 {
				e.Categories = append(e.Categories, name)
			}
		}
	}
	if name := rows.Line(rows.Text(rows.At(p, "_embedded.author[0].name"))); name != "" && !strings.Contains(name, "@") {
		e.Authors = []string{name}
	}
	if address := web(base, rows.Text(rows.At(p, "_embedded.wp:featuredmedia[0].source_url"))); address != "" {
		m := record.Media{URL: address, Alt: rows.Line(rows.Text(rows.At(p, "_embedded.wp:featuredmedia[0].alt_text")))}
		m.Type = cmp.Or(rows.Text(rows.At(p, "_embedded.wp:featuredmedia[0].mime_type")), rows.MediaType(address))
		if size, ok := rows.Number(rows.At(p, "_embedded.wp:featuredmedia[0].media_details.filesize")); ok && size > 0 && size < 1e12 {
			m.Bytes = int64(size)
		}
		e.Media = []record.Media{m}
	}
	r = source.Record{Item: rows.Text(p["id"]), URL: e.Link, Value: e}
	if e.Title == "" && e.Summary == "" && e.Body == "" {
		r.Refused = events.Permanentf(events.ReasonInvalidContent, "wordpress: post without title, excerpt and content")
	}
	return r, true
}

// rendered reads {"rendered": …}, and a plain text that some plugins write.
func rendered(p map[string]any, name string) string {
	if s, ok := rows.At(p[name], "rendered").(string); ok {
		return s
	}
	s, _ := p[name].(string)
	return s
}

var more = regexp.MustCompile(`(?s)<a[^>]*class="[^"]*more-link[^"]*".*?</a>|\[(?:&hellip;|…|\.\.\.)\]`)

// excerpt drops the "read more" that themes add.
func excerpt(s string) string { return rows.Prose(more.ReplaceAllString(s, "…")) }

// date reads <name>_gmt, else the site's local time.
func (s *Source) date(p map[string]any, name string) time.Time {
	if t, _, ok := dates.Read(rows.Text(p[name+"_gmt"]), time.UTC); ok {
		return t
	}
	t, _, _ := dates.Read(rows.Text(p[name]), s.zone)
	return t
}

func web(base *url.URL, raw string) string {
	if raw == "" {
		return ""
	}
	u, err := base.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}
