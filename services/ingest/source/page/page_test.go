package page

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

const settings = "item: article\nbody: p\ntime_zone: Europe/Paris"

func list(items ...string) string {
	return "<!doctype html><html><body><ul>" + strings.Join(items, "") + "</ul></body></html>"
}

func item(link, title, text string) string {
	return fmt.Sprintf(`<article><h2><a href="%s">%s</a></h2><p>%s</p></article>`, link, title, text)
}

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Settings: settings, ContentType: "text/html",
		Document: []byte(list(item("/1", "Un", "a"), item("/2", "Deux", "b"))),
		Latin1:   []byte(list(item("/1", "Horaires d'\xe9t\xe9", "x"))),
		Twice:    []byte(list(item("/1", "Un", "a"), item("/1", "Deux", "b"))),
	})
}

// site is a town's, with a robots.txt.
type site struct {
	*httptest.Server
	page, robots atomic.Value // string
	status       atomic.Int64 // of robots.txt
	pages, asked atomic.Int64
	now          atomic.Value // time.Time
}

func newSite(t *testing.T) (*site, func(settings string) *Page) {
	t.Helper()
	s := &site{}
	s.page.Store(list(item("/1", "Un", "a")))
	s.robots.Store("")
	s.status.Store(200)
	s.now.Store(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			s.asked.Add(1)
			w.WriteHeader(int(s.status.Load()))
			fmt.Fprint(w, s.robots.Load())
			return
		}
		s.pages.Add(1)
		fmt.Fprint(w, s.page.Load())
	}))
	t.Cleanup(s.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return s, func(settings string) *Page {
		p, err := New(source.Deps{HTTP: client, Now: func() time.Time { return s.now.Load().(time.Time) }}, source.Spec{URL: s.URL + "/actualites?page=1", Settings: []byte(settings)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestRobotsAreObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		robots string
		status int64
		want   events.Reason
	}{
		"none":               {"", 404, ""},
		"refused":            {"", 403, ""},
		"empty":              {"", 200, ""},
		"all but us":         {"User-agent: *\nDisallow: /\n\nUser-agent: crieur\nAllow: /", 200, ""},
		"all":                {"User-agent: *\nDisallow: /", 200, events.ReasonForbidden},
		"us":                 {"User-agent: Crieur\nDisallow: /actualites", 200, events.ReasonForbidden},
		"another page":       {"User-agent: *\nDisallow: /admin", 200, ""},
		"the longest wins":   {"User-agent: *\nDisallow: /\nAllow: /actualites", 200, ""},
		"with a query":       {"User-agent: *\nDisallow: /*?page=", 200, events.ReasonForbidden},
		"it cannot be known": {"", 503, events.ReasonUnavailable},
		"a page instead":     {"<!doctype html><html><body>Accueil</body></html>", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, newPage := newSite(t)
			s.robots.Store(c.robots)
			s.status.Store(c.status)
			_, _, err := newPage(settings).Fetch(t.Context(), source.Cursor{})
			if events.OutcomeOf(err).Reason != c.want || (c.want != "") == (s.pages.Load() > 0) {
				t.Errorf("%v, %d pages asked", err, s.pages.Load())
			}
		})
	}
}

// TestRobotsOfWhereAPageLeads: the rules of another host, and of another path, are
// obeyed too, at the move and once it is remembered.
func TestRobotsOfWhereAPageLeads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		robots string // of the other host
		want   events.Reason
	}{
		"moved to one that refuses":    {http.StatusMovedPermanently, "User-agent: *\nDisallow: /actu", events.ReasonForbidden},
		"sent to one that refuses":     {http.StatusFound, "User-agent: *\nDisallow: /actu", events.ReasonForbidden},
		"moved to one that allows":     {http.StatusMovedPermanently, "User-agent: *\nDisallow: /admin", ""},
		"moved, and it cannot be read": {http.StatusMovedPermanently, "down", events.ReasonUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path != "/robots.txt":
					fmt.Fprint(w, list(item("/1", "Un", "a")))
				case c.robots == "down":
					w.WriteHeader(http.StatusServiceUnavailable)
				default:
					fmt.Fprint(w, c.robots)
				}
			}))
			t.Cleanup(other.Close)
			s, newPage := newSite(t)
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/robots.txt" {
					http.Redirect(w, r, other.URL+"/actu", c.status)
				}
			})
			p := newPage(settings)
			_, cur, err := p.Fetch(t.Context(), source.Cursor{})
			if events.OutcomeOf(err).Reason != c.want || err != nil && cur.MovedTo != "" {
				t.Errorf("%v, moved to %q", err, cur.MovedTo)
			}
			_, _, err = newPage(settings).Fetch(t.Context(), source.Cursor{MovedTo: other.URL + "/actu"})
			if events.OutcomeOf(err).Reason != c.want {
				t.Errorf("remembered: %v", err)
			}
		})
	}
}

func TestRobotsAreAskedOnceADay(t *testing.T) {
	t.Parallel()
	s, newPage := newSite(t)
	p := newPage(settings)
	cur := source.Cursor{}
	for range 3 {
		_, next, err := p.Fetch(t.Context(), cur)
		if err != nil && !errors.Is(err, source.ErrUnchanged) {
			t.Fatal(err)
		}
		cur = next
	}
	if s.asked.Load() != 1 {
		t.Errorf("asked %d times", s.asked.Load())
	}
	s.now.Store(s.now.Load().(time.Time).Add(25 * time.Hour))
	s.robots.Store("User-agent: *\nDisallow: /")
	if _, _, err := p.Fetch(t.Context(), cur); events.OutcomeOf(err).Reason != events.ReasonForbidden {
		t.Errorf("the next day: %v", err)
	}
}

func TestOnlyWordsChangeAPage(t *testing.T) {
	t.Parallel()
	s, newPage := newSite(t)
	p := newPage(settings)
	_, cur, err := p.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	s.page.Store(list(`<script>token = "other"</script><div>Visiteurs : 12</div>`, item("/1", "Un", "a")))
	if _, cur, err = p.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("what turns around: %v", err)
	}
	s.page.Store(list(item("/1", "Un", "b")))
	records, _, err := p.Fetch(t.Context(), cur)
	if err != nil || len(records) != 1 || !strings.HasSuffix(records[0].Item, "/1") {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ settings, page, field string }{
		"list gone":            {settings, "<html><body><main>Nouveau site</main></body></html>", "item"},
		"body gone":            {settings, list("<article><h2>Un</h2></article>"), "body"},
		"date gone":            {settings + "\ndate: .date", list(item("/1", "Un", "a")), "date"},
		"title gone":           {"title: .titre\nbody: p", list(item("/1", "Un", "a")), "title"},
		"body left empty":      {settings, list("<article><h2><a href='/1'>Un</a></h2><p> </p></article>"), "body"},
		"title left empty":     {"item: article\ntitle: h2\nbody: p", list("<article><h2> </h2><p>a</p></article>"), "title"},
		"date in no form":      {settings + "\ndate: em", list("<article><h2><a href='/1'>Un</a></h2><p>a</p><em>bientôt</em></article>"), "date"},
		"link to nowhere":      {"item: article\ntitle: h2\nlink: a", list("<article><h2><a href='javascript:x'>Un</a></h2><p>a</p></article>"), "link"},
		"body is a picture":    {settings, list("<article><h2><a href='/1'>Un</a></h2><p><img src='/a.png'></p></article>"), ""},
		"nothing to read":      {"", "<html><body><p>Bientôt</p></body></html>", "body"},
		"body in one of two":   {settings, list("<article><h2>Un</h2></article>", item("/2", "Deux", "b")), ""},
		"a page, no selection": {"body: p", list(item("/1", "Un", "a")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, newPage := newSite(t)
			s.page.Store(c.page)
			_, _, err := newPage(c.settings).Fetch(t.Context(), source.Cursor{})
			var drift *source.DriftError
			if c.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &drift) || drift.Field != c.field || events.OutcomeOf(err).Reason != events.ReasonInvalidContent || string(source.BodyOf(err)) != c.page {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReaderMode(t *testing.T) {
	t.Parallel()
	s, newPage := newSite(t)
	s.page.Store(`<!doctype html><html lang="fr"><head><title>Coupure d'eau | Ville</title><meta property="article:published_time" content="2026-11-20T09:00:00+01:00"></head><body><nav><a href="/">Accueil</a></nav><article><h1>Coupure d'eau</h1>` + strings.Repeat("<p>L'eau sera coupée rue des Érables, lundi, de huit heures à midi, pour réparer une conduite.</p>", 8) + `</article><footer>Mentions légales</footer></body></html>`)
	records, _, err := newPage("").Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 {
		t.Fatalf("%+v, %v", records, err)
	}
	e := records[0].Value.(record.Entry)
	if !strings.Contains(e.Body, "rue des Érables") || strings.Contains(e.Body, "Mentions") || strings.Contains(e.Body, "Accueil") || !strings.HasPrefix(e.Title, "Coupure d'eau") || e.Language != "fr" || e.Published.Hour() != 8 {
		t.Errorf("%+v", e)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{"item: '>>'": "page: item: not a CSS selector", "time_zone: Mars": "page: time_zone: ", "selector: p": "page:1: "} {
		if _, err := New(source.Deps{}, source.Spec{URL: "https://a.example", Settings: []byte(settings)}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

// The day of a posting is not read again as that of the thing; a day to come is.
func TestAGuessedBodyIsWithoutTitleAndDate(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, zone)
	rules := Rules{Item: cascadia.MustCompile("article"), Zone: zone, Now: now}
	for name, c := range map[string]struct {
		html, body string
		published  time.Time
	}{
		"posted":  {`<time datetime="2026-11-20">20 novembre</time><h3>Fermeture</h3><p>Jusqu'au 2 décembre.</p>`, `<p>Jusqu&#39;au 2 décembre.</p>`, time.Date(2026, 11, 20, 0, 0, 0, 0, zone)},
		"to come": {`<time datetime="2026-12-05">5 décembre</time><h3>Concert</h3>`, `<time datetime="2026-12-05">5 décembre</time>`, time.Time{}},
		"alone":   {`<a href="/1"><h3>Le marché déménage</h3></a>`, `<a href="https://mairie.example/1"><h3>Le marché déménage</h3></a>`, time.Time{}},
	} {
		records, err := Parse([]byte("<article>"+c.html+"</article>"), "text/html; charset=utf-8", "https://mairie.example/", rules)
		if err != nil || len(records) != 1 {
			t.Errorf("%s: %d records, %v", name, len(records), err)
			continue
		}
		e := records[0].Value.(record.Entry)
		if e.Body != c.body || !e.Published.Equal(c.published) {
			t.Errorf("%s: body %q, published %v", name, e.Body, e.Published)
		}
	}
}
