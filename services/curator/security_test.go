package curator_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/registry"
)

const sessionCookie = "crieur_console"

// token is the session's, "" without one.
func (b *browser) token() string {
	u, err := url.Parse(b.w.server.URL)
	must(b.w.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

// with is a browser that holds a token.
func (w *town) with(token string) *browser {
	b := w.browser()
	u, err := url.Parse(w.server.URL)
	must(w.t, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: token, Path: "/"}})
	return b
}

// Every form, sent by a page of another site into the browser of an
// administrator who is signed in, is refused before it does anything.
func TestFormsAreRefusedFromOtherSites(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"ana"}, func(o *registry.Officer) error {
		o.Roles["begles"] = append(o.Roles["begles"], registry.Administrator)
		return nil
	})
	must(t, err)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	before := ana.token()
	forms := map[string]url.Values{
		"/console/signin":                {"email": {"eve@metropole.example"}, "password": {password}}, // as the attacker
		"/console/signin/code":           {"code": {"123456"}},
		"/console/signout":               {},
		"/console/account":               {"do": {"password"}, "current": {password}, "password": {"choisi par un autre"}},
		"/console/begles/new":            {"title": {"Faux"}, "topic": {"eau"}, "class": {"service"}, "expires": {"2036-01-01T00:00"}},
		"/console/begles/sources/new":    {"do": {"try"}, "address": {"https://ailleurs.example"}},
		"/console/begles/sources/site":   {"do": {"remove"}},
		"/console/begles/streams/new":    {"name": {"Faux"}, "channel": {"sms"}},
		"/console/begles/streams/infos":  {"do": {"remove"}},
		"/console/begles/counter":        resident(),
		"/console/begles/team/new":       invitation("Faux", "faux@ailleurs.example", "administrator"),
		"/console/begles/team/com":       {"do": {"pause"}},
		"/console/signin/link/com/x":     {"password": {"choisi par un autre"}},
		pathOf("infos", m):               ana.form(pathOf("infos", m)),
		pathOf("infos", m) + "?lang=en":  {"do": {"reject"}},
		"/console/begles/streams/infos?": {"do": {"pause"}},
	}
	origins := map[string][]string{
		"another site":          {"Sec-Fetch-Site", "cross-site", "Origin", "https://ailleurs.example"},
		"a sibling site":        {"Sec-Fetch-Site", "same-site", "Origin", "http://autre.127.0.0.1"},
		"an old browser":        {"Origin", "https://ailleurs.example"},
		"a page without origin": {"Origin", "null"},
	}
	for path, form := range forms {
		if form.Get("do") == "" && strings.Contains(path, "/items/") {
			form.Set("do", "approve")
		}
		for name, header := range origins {
			if r := ana.post(path, form, header...); r.status != http.StatusForbidden {
				t.Errorf("%s from %s: %d to %q", path, name, r.status, r.location)
			}
		}
	}
	if ana.token() != before || ana.get("/console/begles").status != http.StatusOK {
		t.Error("the session changed")
	}
	if n := len(w.publications("infos")); n != 0 {
		t.Errorf("%d publications", n)
	}
	w.as("ana") // the password is the same
}

func TestATokenKnownBeforeSignInIsWorthNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	planted := w.as("eve").token() // the attacker's own, put into the victim's browser
	victim := w.with(planted)
	if r := victim.post("/console/signin", url.Values{"email": {"ana@begles.example"}, "password": {password}}); r.status != http.StatusSeeOther {
		t.Fatalf("sign in: %d", r.status)
	}
	if victim.token() == planted {
		t.Fatal("signed in under a token that somebody else knows")
	}
	if r := w.with(planted).get("/console/begles"); r.status != http.StatusSeeOther {
		t.Errorf("the planted token: %d", r.status)
	}
	for _, made := range []string{"x", strings.Repeat("a", 32) + "." + strings.Repeat("A", 43), planted + "0"} {
		b := w.with(made)
		if r := b.get("/console/begles"); r.status != http.StatusSeeOther {
			t.Errorf("a token that was made up: %d", r.status)
		}
	}
}

func TestSignOutAndANewPasswordEndSessions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	here, there := w.as("ana"), w.as("ana")
	stolen := there.token()
	if r := here.post("/console/account", url.Values{"do": {"password"}, "current": {password}, "password": {"un tout autre tambour"}}); r.status != http.StatusSeeOther {
		t.Fatalf("password: %d %s", r.status, r.body)
	}
	if r := w.with(stolen).get("/console/begles"); r.status != http.StatusSeeOther {
		t.Errorf("a session from before the new password: %d", r.status)
	}
	if r := here.get("/console/begles"); r.status != http.StatusOK {
		t.Errorf("who changed it: %d", r.status)
	}
	left := here.token()
	here.post("/console/signout", url.Values{})
	if r := w.with(left).get("/console/begles"); r.status != http.StatusSeeOther || here.token() != "" {
		t.Errorf("after signing out: %d", r.status)
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, secure := range []bool{false, true} {
		body := url.Values{"email": {"ana@begles.example"}, "password": {password}}.Encode()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/console/signin", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		rec := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(rec, r)
		res := rec.Result()
		_ = res.Body.Close()
		var session *http.Cookie
		for _, c := range res.Cookies() {
			if c.Name == sessionCookie {
				session = c
			}
		}
		if session == nil {
			t.Fatal("no session")
		}
		if !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Secure != secure || session.Domain != "" || session.Path != "/" || session.MaxAge <= 0 {
			t.Errorf("over TLS %v: %s", secure, session.Raw)
		}
	}
}

func TestNothingLeadsElsewhere(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, next := range []string{
		"https://ailleurs.example", "//ailleurs.example", "/\\ailleurs.example", "\\/ailleurs.example", "/\t/ailleurs.example", "javascript:alert(1)",
		"/\r\nLocation: https://ailleurs.example", "ailleurs.example", "///ailleurs.example",
	} {
		b := w.browser()
		r := b.post("/console/signin", url.Values{"email": {"com@begles.example"}, "password": {password}, "next": {next}})
		if r.status != http.StatusSeeOther || r.location != "/console" {
			t.Errorf("next %q: %d to %q", next, r.status, r.location)
		}
		if page := w.browser().get("/console/signin?" + url.Values{"next": {next}}.Encode()); page.status != http.StatusOK || strings.Contains(page.body, `href="`+next) {
			t.Errorf("next %q: %d, or it is a link", next, page.status)
		}
		if r := b.get("/console/signin?" + url.Values{"next": {next}}.Encode()); strings.Contains(r.location, "ailleurs") {
			t.Errorf("next %q, signed in: to %q", next, r.location)
		}
	}
	b := w.browser()
	if r := b.post("/console/signin", url.Values{"email": {"com@begles.example"}, "password": {password}, "next": {"/console/begles/journal"}}); r.location != "/console/begles/journal" {
		t.Errorf("a page of ours: %q", r.location)
	}
}
