package registry_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

type entity interface{ Validate() error }

func authority(change func(*registry.Authority)) entity {
	a := registry.Authority{
		ID: "gujan-mestras", Name: "Gujan-Mestras", Kind: registry.Municipality,
		INSEE: []string{"33199"}, SIREN: "213301997", Parent: "cobas",
	}
	a.SetDefaults()
	if change != nil {
		change(&a)
	}
	return a
}

func source(change func(*registry.Source)) entity {
	s := registry.Source{
		Authority: "cobas", ID: "site", Name: "Site", Kind: "feed", URL: "https://example.org/feed",
		Every: registry.Duration(5 * time.Minute), Areas: []string{"33199", "2A", "bourg"},
		Settings: json.RawMessage(`{"password_file":"/etc/x","api_key":"${KEY}","max_tokens":5,"token_url":"https://example.org"}`),
	}
	s.SetDefaults()
	if change != nil {
		change(&s)
	}
	return s
}

func stream(change func(*registry.Stream)) entity {
	s := registry.Stream{
		Authority: "cobas", ID: "travaux", Name: "Travaux", Policy: registry.Automatic,
		Rule: registry.Rule{Sources: []string{"site", "sgar/prefecture"}, MinSeverity: events.SeverityMinor},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func channel(change func(*registry.Channel)) entity {
	c := registry.Channel{
		Authority: "cobas", ID: "sms", Name: "SMS", Kind: "smpp",
		QuietHours: &registry.QuietHours{From: 20 * 60, To: 8 * 60},
	}
	c.SetDefaults()
	if change != nil {
		change(&c)
	}
	return c
}

func officer(change func(*registry.Officer)) entity {
	o := registry.Officer{
		ID: "claire", Name: "Claire", Email: "claire@example.org",
		Roles: map[string][]registry.Role{"cobas": {registry.OfficerRole, registry.Approver}},
	}
	if change != nil {
		change(&o)
	}
	return o
}

func alertModel(change func(*registry.AlertModel)) entity {
	m := registry.AlertModel{
		Authority: "cobas", ID: "barrage", Name: "Lâcher d’eau", Topic: "eau", Severity: events.SeveritySevere,
		Lasts: registry.Duration(12 * time.Hour), Title: "Lâcher d’eau : {lieu}", Instruction: "Quittez le bord de l’eau.",
	}
	if change != nil {
		change(&m)
	}
	return m
}

func abbreviations(full, short string, rank int) entity {
	return registry.Abbreviations{Authority: "cobas", Words: []registry.Abbreviation{{Full: full, Short: short, Rank: rank}}}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	settings := func(raw string) entity {
		return source(func(s *registry.Source) { s.Settings = json.RawMessage(raw) })
	}
	for _, tt := range []struct {
		name string
		e    entity
		want string // "" when valid, or the beginning of the error
	}{
		{"authority", authority(nil), ""},
		{"authority id", authority(func(a *registry.Authority) { a.ID = "Gujan Mestras" }), "authority: id: "},
		{"commune code", authority(func(a *registry.Authority) { a.INSEE[0] = "33" }), "authority: insee[0]: "},
		{"no code", authority(func(a *registry.Authority) { a.INSEE = nil }), "authority: insee: "},
		{"Corsican commune", authority(func(a *registry.Authority) { a.INSEE[0] = "2A004" }), ""},
		{"SIREN key", authority(func(a *registry.Authority) { a.SIREN = "213301998" }), "authority: siren: "},
		{"own parent", authority(func(a *registry.Authority) { a.Parent = a.ID }), "authority: parent: "},
		{"time zone", authority(func(a *registry.Authority) { a.TimeZone = "Europe/Bordeaux" }), "authority: timeZone: "},
		{"colour", authority(func(a *registry.Authority) { a.Theme.Colour = "red" }), "authority: theme.colour: "},
		{"logo", authority(func(a *registry.Authority) { a.Theme.Logo = "javascript:alert(1)" }), "authority: theme.logo: "},

		{"source", source(nil), ""},
		{"too often", source(func(s *registry.Source) { s.Every = registry.Duration(time.Second) }), "source: every: "},
		{"password in url", source(func(s *registry.Source) { s.URL = "https://u:hunter2@example.org" }), "source: url: "},
		{"area", source(func(s *registry.Source) { s.Areas = []string{"33 199"} }), "source: areas[0]: "},
		{"topic twice", source(func(s *registry.Source) { s.Topics = []string{"eau", "eau"} }), "source: topics[1]: "},
		{"trust", source(func(s *registry.Source) { s.Trust = "full" }), "source: trust: "},
		{"settings not an object", settings(`[1]`), "source: settings: "},
		{"password", settings(`{"smtp":{"password":"hunter2"}}`), "source: settings.smtp.password: "},
		{"camel case", settings(`{"accessToken":"hunter2"}`), "source: settings.accessToken: "},
		{"header", settings(`{"headers":[{"Authorization":"Bearer hunter2"}]}`), "source: settings.headers[0].Authorization: "},
		{"dsn", settings(`{"dsn":"amqp://u:hunter2@h/"}`), "source: settings.dsn: "},

		{"stream", stream(nil), ""},
		{"stream source", stream(func(s *registry.Stream) { s.Rule.Sources[1] = "a/b/c" }), "stream: rule.sources[1]: "},
		{"stream class", stream(func(s *registry.Stream) { s.Rule.Classes = []events.Class{"info"} }), "stream: rule.classes[0]: "},
		{"stream severity", stream(func(s *registry.Stream) { s.Rule.MinSeverity = "High" }), "stream: rule.minSeverity: "},
		{"stream policy", stream(func(s *registry.Stream) { s.Policy = "" }), "stream: policy: "},

		{"channel", channel(nil), ""},
		{"window", channel(func(c *registry.Channel) { c.Window = -1 }), "channel: window: "},
		{"quiet all day", channel(func(c *registry.Channel) { c.QuietHours.To = c.QuietHours.From }), "channel: quietHours: "},
		{"rate in nothing known", channel(func(c *registry.Channel) { c.RateUnit = "segments" }), "channel: rateUnit: "},
		{"own fallback", channel(func(c *registry.Channel) { c.Fallback = c.ID }), "channel: fallback: "},

		{"sign", registry.Sign{Authority: "cobas", ID: "mairie", Name: "Mairie", Profile: "led-96x32"}, ""},
		{"sign with a dot", registry.Sign{Authority: "cobas", ID: "mairie.1", Name: "Mairie", Profile: "led"}, "sign: id: "},
		{"sign in space", registry.Sign{Authority: "cobas", ID: "m", Name: "M", Profile: "led", Point: &events.Point{Lat: 444}}, "sign: point.lat: "},

		{"officer", officer(nil), ""},
		{"role", officer(func(o *registry.Officer) { o.Roles["cobas"][1] = "root" }), "officer: roles.cobas[1]: "},
		{"email", officer(func(o *registry.Officer) { o.Email = "hunter2" }), "officer: email: "},
		{"hash", officer(func(o *registry.Officer) { o.PasswordHash = "hunter2" }), "officer: passwordHash: "},

		{"alert model", alertModel(nil), ""},
		{"alert model without what to do", alertModel(func(m *registry.AlertModel) { m.Instruction = "" }), "alert model: instruction: "},
		{"alert model for ever", alertModel(func(m *registry.AlertModel) { m.Lasts = 0 }), "alert model: lasts: "},
		{"alert model severity", alertModel(func(m *registry.AlertModel) { m.Severity = "High" }), "alert model: severity: "},

		{"abbreviations", abbreviations("avenue", "ave", 1), ""},
		{"a word that stays whole", abbreviations("rue", registry.KeepWhole, 1), ""},
		{"no word", abbreviations("", "a", 1), "abbreviations: words[0].full: "},
		{"no shorter", abbreviations("rue", "ruelle", 1), "abbreviations: words[0].short: "},
		{"no rank", abbreviations("avenue", "ave", 4), "abbreviations: words[0].rank: "},

		{"health", registry.SourceHealth{Authority: "cobas", Source: "site"}, ""},
		{"streak", registry.SourceHealth{Authority: "cobas", Source: "site", ErrorStreak: -1}, "source health: errorStreak: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.e.Validate()
			if tt.want == "" {
				if err != nil {
					t.Errorf("valid, but: %v", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("error %v, want %s…", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	relay, strict := registry.Authority{RelayStateAlerts: true}, registry.Authority{}
	for _, tt := range []struct {
		name   string
		policy registry.Policy
		a      registry.Authority
		class  events.Class
		trust  registry.Trust
		want   int
	}{
		{"alert", registry.Automatic, strict, events.ClassAlert, registry.TrustOwn, 2},
		{"alert of the State", registry.Automatic, strict, events.ClassAlert, registry.TrustState, 2},
		{"relayed alert of the State", registry.Review, relay, events.ClassAlert, registry.TrustState, 0},
		{"alert of another where the State's are relayed", registry.Automatic, relay, events.ClassAlert, registry.TrustPartner, 2},
		{"service, automatic", registry.Automatic, strict, events.ClassService, registry.TrustOwn, 0},
		{"service of anybody, automatic", registry.Automatic, strict, events.ClassService, registry.TrustPublic, 1},
		{"service, reviewed", registry.Review, relay, events.ClassService, registry.TrustState, 1},
	} {
		if got := (registry.Stream{Policy: tt.policy}).Approvals(tt.a, tt.class, tt.trust); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestQuietHoursFollowTheWallClock(t *testing.T) {
	t.Parallel()
	paris := registry.Authority{}.Location()
	night := registry.QuietHours{From: 20 * 60, To: 8 * 60}
	siesta := registry.QuietHours{From: 12 * 60, To: 14 * 60}
	for _, tt := range []struct {
		name     string
		q        registry.QuietHours
		at, want string // local; want "" when not quiet
	}{
		{"evening", night, "2026-06-01 21:30", "2026-06-02 08:00"},
		{"small hours", night, "2026-06-02 03:00", "2026-06-02 08:00"},
		{"morning", night, "2026-06-02 08:00", ""},
		{"first minute", night, "2026-06-02 20:00", "2026-06-03 08:00"},
		{"spring forward", night, "2026-03-28 22:00", "2026-03-29 08:00"},
		{"fall back", night, "2026-10-24 22:00", "2026-10-25 08:00"},
		{"end of year", night, "2026-12-31 23:00", "2027-01-01 08:00"},
		{"noon", siesta, "2026-06-02 12:30", "2026-06-02 14:00"},
		{"after", siesta, "2026-06-02 14:00", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, paris)
			must(t, err, at)
			end, quiet := tt.q.Until(at, paris)
			if quiet != (tt.want != "") || quiet && end.In(paris).Format("2006-01-02 15:04") != tt.want {
				t.Errorf("Until(%s) = %s, %t", at, end.In(paris), quiet)
			}
		})
	}
}

func TestDurationsAndTimesOfDayInJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{`"5m"`: `"5m"`, `"90m"`: `"1h30m"`, `"2h"`: `"2h"`, `"10s"`: `"10s"`, `"1m30s"`: `"1m30s"`, `"0s"`: `"0s"`} {
		var d registry.Duration
		must(t, json.Unmarshal([]byte(in), &d), 0)
		if got, _ := json.Marshal(d); string(got) != want {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{`5`, `"5"`, `"five"`, `"5 minutes"`} {
		var d registry.Duration
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s is read as %s", bad, d)
		}
	}
	var q registry.QuietHours
	must(t, json.Unmarshal([]byte(`{"from":"20:15","to":"08:00"}`), &q), 0)
	if got, _ := json.Marshal(q); string(got) != `{"from":"20:15","to":"08:00"}` {
		t.Errorf("quiet hours: %s", got)
	}
	if err := json.Unmarshal([]byte(`{"from":"25:00"}`), &q); err == nil {
		t.Error("25:00 is read")
	}
}

func TestSignToken(t *testing.T) {
	t.Parallel()
	var s registry.Sign
	if s.Admits("") {
		t.Error("a sign without token admits the empty one")
	}
	token := s.IssueToken()
	if !s.Admits(token) || s.Admits(token+"x") || s.Admits(s.TokenHash) {
		t.Error("Admits")
	}
	if body, _ := json.Marshal(s); strings.Contains(string(body), token) {
		t.Error("the token is stored in clear")
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	o := registry.Officer{ID: "claire", Name: "Claire", Email: "claire@ville.example", Links: map[string]registry.Link{"voisine": {Roles: []registry.Role{registry.Analyst}}}}
	old := o.IssueLink("ville", registry.Link{Expires: now})
	token := o.IssueLink("ville", registry.Link{Expires: now})
	l, before := o.Links["ville"], now.Add(-time.Nanosecond)
	if !l.Opens(token, before) || l.Opens(token, now) || l.Opens(old, before) || l.Opens("", before) || l.Opens(l.TokenHash, before) || (registry.Link{Expires: now}).Opens("", before) {
		t.Error("Opens")
	}
	if body, _ := json.Marshal(o); strings.Contains(string(body), token) || len(token) < 26 {
		t.Error("the token is stored in clear, or short")
	}
	o.DropPasswordLinks()
	if _, has := o.Links["ville"]; has || len(o.Links) != 1 {
		t.Error("DropPasswordLinks")
	}
}

func TestASuspendedOfficerHasNoRoleThere(t *testing.T) {
	t.Parallel()
	all := []registry.Role{registry.Administrator}
	o := registry.Officer{Roles: map[string][]registry.Role{"ville": all, "voisine": all}, Suspended: []string{"ville"}}
	if o.Has("ville", registry.Administrator) || !o.Has("voisine", registry.Administrator) {
		t.Error("Has")
	}
}

func TestOfficerPrintsAsItsID(t *testing.T) {
	t.Parallel()
	o := registry.Officer{ID: "claire", Email: "claire@example.org", PasswordHash: "$argon2id$secret", TOTPSealed: []byte("sealed")}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "officer", o)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "officer", o, "pointer", &o)
	fmt.Fprintf(&b, "%v %+v %#v %s %q %x %d %v", o, o, o, o, o, o, o, &o)
	for _, leak := range []string{"example.org", "argon2id", "sealed"} {
		if strings.Contains(b.String(), leak) {
			t.Errorf("%s is printed: %s", leak, b.String())
		}
	}
}
