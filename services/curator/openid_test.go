package curator_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/openid"
	"github.com/crieur/crieur/services/web/webtest"
)

// person is somebody whom the issuer knows.
type person struct {
	Claims map[string]any `json:"claims"`
	ACR    string         `json:"acr,omitempty"`
	AMR    []string       `json:"amr,omitempty"`
	// UserInfo is the subject of what userinfo answers, when it is another.
	UserInfo string `json:"userinfo,omitempty"`
}

func known(email string, verified bool) person {
	return person{Claims: map[string]any{"email": email, "email_verified": verified}}
}

// people are by subject.
func people() map[string]person {
	mfa, eidas := known("Ana@Begles.example", true), known("ana@begles.example", true)
	mfa.AMR, eidas.ACR = []string{"pwd", "mfa"}, "eidas2"
	double := known("ana@begles.example", true)
	double.UserInfo = "ana"
	return map[string]person{
		"double": double,
		"ana":    known("Ana@Begles.example", true), "ana-mfa": mfa, "ana-eidas2": eidas, "bob": known("bob@begles.example", true),
		"moved": known("elsewhere@begles.example", true), "stranger": known("stranger@begles.example", true), "unverified": known("com@begles.example", false),
	}
}

// issuer starts the provider written by others at an address.
func issuer(t *testing.T, addr string) {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	body, err := json.Marshal(people())
	must(t, err)
	eventstest.PeerIn(t, "openid/testdata/peer", "node", "provider.mjs", port, "https://crieur.example", string(body))
}

// openTown is a town whose officers may sign in at the issuer of an address.
func openTown(t *testing.T, addr, client string, change func(*openid.Config)) (*town, *eventstest.Buffer) {
	t.Helper()
	log, secret := &eventstest.Buffer{}, filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("le secret du crieur\n"), 0o600))
	cfg := openid.Config{Issuer: "http://" + addr, ClientID: client, ClientSecretFile: secret, Name: "ProConnect", ACRValues: []string{"eidas2", "eidas1"}}
	if change != nil {
		change(&cfg)
	}
	return newTown(t, func(w *town) { w.openid, w.log = &cfg, log }), log
}

// leave presses the button of the sign-in page, and returns where it leads.
func (b *browser) leave() string {
	b.w.t.Helper()
	const start = "/console/signin/oidc/start?next=%2fconsole%2fbegles"
	if page := b.get("/console/signin?next=/console/begles").body; !strings.Contains(page, `href="`+start+`"`) || !strings.Contains(page, "Se connecter avec ProConnect") {
		b.w.t.Fatal("the sign-in page has no button of the issuer")
	}
	r := b.get(start)
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.location, b.w.openid.Issuer) {
		b.w.t.Fatalf("start: %d to %q", r.status, r.location)
	}
	return r.location
}

// atIssuer does there what a person does, and returns the way back: a path of
// ours. Nobody gives up.
func (b *browser) atIssuer(address, person string) string {
	t := b.w.t
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	there := &browser{b.w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	for range 10 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		a := there.do(r)
		at, err := r.URL.Parse(a.location)
		if err != nil || a.location == "" {
			t.Fatalf("the issuer answers %d: %s", a.status, a.body)
		}
		if at.Host == "crieur.example" {
			return at.RequestURI()
		}
		if strings.HasPrefix(at.Path, "/interaction/") && person != "" {
			at.RawQuery = url.Values{"as": {person}}.Encode()
		}
		address = at.String()
	}
	t.Fatal("the issuer leads nowhere")
	return ""
}

// through goes to the issuer and back.
func (b *browser) through(person string) answer {
	b.w.t.Helper()
	return b.get(b.atIssuer(b.leave(), person))
}

func (b *browser) in() bool { return b.get("/console/begles").status == http.StatusOK }

// refused checks that somebody did not come in, and is told why.
func (b *browser) refused(r answer, why string) {
	b.w.t.Helper()
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.location, "/console/signin?next=%2Fconsole") {
		b.w.t.Fatalf("%d to %q", r.status, r.location)
	}
	if page := b.get(r.location).body; !strings.Contains(page, why) {
		b.w.t.Errorf("the page does not say %q", why)
	}
	if b.in() {
		b.w.t.Error("signed in")
	}
}

func (w *town) officer(id string) registry.Officer {
	w.t.Helper()
	o, _, err := w.reg.Officers.Get(w.t.Context(), id)
	must(w.t, err)
	return o
}

func (w *town) change(id string, change func(*registry.Officer)) {
	w.t.Helper()
	_, _, err := w.reg.Officers.Modify(w.t.Context(), registry.Key{id}, func(o *registry.Officer) error { change(o); return nil })
	must(w.t, err)
}

// TestOpenID is the sign-in at npm oidc-provider.
func TestOpenID(t *testing.T) {
	t.Parallel()
	addr := eventstest.FreeAddr(t)
	issuer(t, addr)

	// ProConnect answers userinfo with a JWT, others with JSON.
	for _, client := range []string{"json", "jwt"} {
		t.Run("in and out, "+client, func(t *testing.T) {
			t.Parallel()
			w, _ := openTown(t, addr, client, nil)
			b := w.browser()
			if r := b.through("ana"); r.status != http.StatusSeeOther || r.location != "/console/begles" || !b.in() {
				t.Fatalf("%d to %q", r.status, r.location)
			}
			if o := w.officer("ana"); o.Issuer != w.openid.Issuer || o.Subject != "ana" {
				t.Errorf("bound to %q at %q", o.Subject, o.Issuer)
			}
			if page := b.get("/console/begles/journal").body; !strings.Contains(page, "Compte lié à une identité extérieure") {
				t.Error("the journal does not have it")
			}
			r := b.post("/console/signout", url.Values{})
			address, there := strings.CutPrefix(r.header.Get("Refresh"), "0; url=")
			if r.status != http.StatusOK || !there || b.in() {
				t.Fatalf("signing out: %d %v", r.status, r.header)
			}
			res, err := http.Get(address) //nolint:noctx // a test's
			must(t, err)
			defer res.Body.Close() //nolint:errcheck // a test's
			if res.StatusCode != http.StatusOK {
				t.Errorf("the issuer's sign-out: %s", res.Status)
			}
		})
	}

	t.Run("a password signs out here", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", nil)
		if r := w.as("ana").post("/console/signout", url.Values{}); r.status != http.StatusSeeOther || r.location != "/console/signin" {
			t.Errorf("%d to %q", r.status, r.location)
		}
	})

	t.Run("by invitation", func(t *testing.T) {
		t.Parallel()
		w, log := openTown(t, addr, "json", nil)
		w.change("bob", func(o *registry.Officer) { o.Disabled = true })
		before, err := w.reg.Officers.List(t.Context())
		must(t, err)
		for _, person := range []string{"stranger", "bob", "unverified"} {
			b := w.browser()
			b.refused(b.through(person), "aucun compte ouvert de la console")
		}
		after, err := w.reg.Officers.List(t.Context())
		must(t, err)
		if len(before) != len(after) || w.officer("com").Subject != "" || w.officer("bob").Subject != "" {
			t.Error("an account was made or bound")
		}
		if text := log.String(); strings.Count(text, "sign-in by OpenID Connect refused") != 3 || strings.Contains(text, "begles.example") {
			t.Errorf("log: %s", text)
		}
	})

	t.Run("by a link", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", nil)
		governed(w)
		b := w.browser()
		link := w.link(w.as("ada").post(teamPath+"/new", invitation("Une Inconnue", "stranger@begles.example", "officer")))
		start := regexp.MustCompile(`href="(/console/signin/oidc/start\?next=[^"]+)"`).FindStringSubmatch(b.get(link).body)
		if start == nil {
			t.Fatal("the link does not offer the issuer")
		}
		if r := b.get(b.atIssuer(b.get(unescape(start[1])).location, "stranger")); r.location != link {
			t.Fatalf("the issuer leads back to %q", r.location)
		}
		if r := b.post(link, url.Values{}); r.status != http.StatusSeeOther || !b.in() {
			t.Errorf("joining: %d", r.status)
		}
		if o := w.officer("une-inconnue"); o.Subject != "stranger" || o.PasswordHash != "" {
			t.Error("the account is not the identity's alone")
		}
	})

	t.Run("an issuer that verifies", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", func(c *openid.Config) { c.VerifiesEmail = true })
		if b := w.browser(); b.through("unverified").status != http.StatusSeeOther || !b.in() {
			t.Error("refused")
		}
	})

	t.Run("the identity decides", func(t *testing.T) {
		t.Parallel()
		w, log := openTown(t, addr, "json", nil)
		w.change("ana", func(o *registry.Officer) { o.Issuer, o.Subject = "https://before.example", "x" })
		b := w.browser()
		b.through("ana")
		if !b.in() {
			t.Fatal("an issuer of before keeps the account")
		}
		b = w.browser()
		b.refused(b.through("ana-mfa"), "lié à une autre identité")
		if text := log.String(); !strings.Contains(text, "officer.ana") || strings.Contains(strings.ToLower(text), "ana@") {
			t.Errorf("log: %s", text)
		}
		w.change("ana", func(o *registry.Officer) { o.Subject = "moved" })
		b = w.browser()
		if b.through("moved"); !b.in() {
			t.Error("another address shuts the account")
		}
		w.change("ana", func(o *registry.Officer) { o.Disabled = true })
		b = w.browser()
		b.refused(b.through("moved"), "aucun compte ouvert de la console")
	})

	t.Run("second factor", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", nil)
		for person, asked := range map[string]bool{"ana": true, "ana-mfa": false, "ana-eidas2": false} {
			w.change("ana", func(o *registry.Officer) { o.TOTPSealed, o.Issuer, o.Subject = []byte("sealed"), "", "" })
			b := w.browser()
			r := b.through(person)
			if got := strings.HasPrefix(r.location, "/console/signin/code?next=%2Fconsole%2Fbegles"); got != asked || b.in() == asked {
				t.Errorf("%s: to %q", person, r.location)
			}
		}
	})

	t.Run("what does not hold", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", nil)
		with := func(address, key, value string) string {
			u, err := url.Parse(address)
			must(t, err)
			q := u.Query()
			q.Set(key, value)
			u.RawQuery = q.Encode()
			return u.String()
		}
		other := strings.Repeat("A", 43)
		b := w.browser()
		b.refused(b.get(with(b.atIssuer(b.leave(), "ana"), "state", other)), "a expiré ou a déjà servi")
		back := w.browser()
		way := back.atIssuer(back.leave(), "ana")
		b = w.browser() // of somebody who is led here by another
		b.refused(b.get(way), "a expiré ou a déjà servi")
		b = w.browser()
		b.refused(b.get(b.atIssuer(with(b.leave(), "nonce", other), "ana")), "n’a pas pu être vérifiée")
		b = w.browser()
		b.refused(b.get(b.atIssuer(with(b.leave(), "code_challenge", other), "ana")), "a expiré ou a déjà servi")
		b = w.browser()
		b.refused(b.get(b.atIssuer(with(b.leave(), "code_challenge_method", "plain"), "ana")), "n’a pas pu être vérifiée")
		b = w.browser()
		b.refused(b.through("double"), "n’a pas pu être vérifiée")
		b = w.browser()
		b.refused(b.through(""), "a été abandonnée")
		if w.officer("ana").Subject != "" {
			t.Error("bound")
		}
	})

	t.Run("a code is good once", func(t *testing.T) {
		t.Parallel()
		w, _ := openTown(t, addr, "json", nil)
		b := w.browser()
		way := b.atIssuer(b.leave(), "ana")
		here, err := url.Parse(w.server.URL + "/console/signin/oidc")
		must(t, err)
		kept := b.client.Jar.Cookies(here)
		if b.get(way); !b.in() {
			t.Fatal("not in")
		}
		thief := w.browser()
		thief.client.Jar.SetCookies(here, kept)
		thief.refused(thief.get(way), "a expiré ou a déjà servi")
		b = w.browser()
		b.refused(b.get("/console/signin/oidc?code=x&state="), "a expiré ou a déjà servi")
	})
}

// TestOpenIDIssuerAway: the console starts, passwords are good, and the issuer is
// asked again.
func TestOpenIDIssuerAway(t *testing.T) {
	t.Parallel()
	addr := eventstest.FreeAddr(t)
	w, log := openTown(t, addr, "jwt", nil)
	b := w.browser()
	b.refused(b.get("/console/signin/oidc/start?next=/console/begles"), "ProConnect ne répond pas")
	if !w.as("ana").in() {
		t.Error("no sign-in by password")
	}
	var way string
	t.Run("back", func(t *testing.T) { // the issuer ends with it
		issuer(t, addr)
		if b.through("ana"); !b.in() {
			t.Error("the issuer is back, and nobody is let in")
		}
		b = w.browser()
		way = b.atIssuer(b.leave(), "ana")
	})
	if way == "" {
		return // no peer is installed here, or what is wrong is told
	}
	b.refused(b.get(way), "ProConnect ne répond pas")
	if strings.Contains(log.String(), "le secret du crieur") {
		t.Error("the log has the secret")
	}
}

// TestTheLogIsNotTheIssuersPage: what stands in front of an issuer may answer with
// pages.
func TestTheLogIsNotTheIssuersPage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write(bytes.Repeat([]byte("<p>maintenance</p>"), 1000))
	}))
	t.Cleanup(server.Close)
	w, log := openTown(t, server.Listener.Addr().String(), "json", nil)
	b := w.browser()
	b.refused(b.get("/console/signin/oidc/start"), "ProConnect ne répond pas")
	told := ""
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=WARN") {
			told += line
		}
	}
	if !strings.Contains(told, "502") || len(told) > 1000 {
		t.Errorf("%d bytes of log: %.1000s", len(told), told)
	}
}

func TestOpenIDPagesInABrowser(t *testing.T) {
	t.Parallel()
	w, _ := openTown(t, eventstest.FreeAddr(t), "json", nil)
	b := webtest.New(t)
	b.Go(w.server.URL + "/console/signin")
	b.Look("signin-openid")
	b.Follow(func() { b.Eval(nil, `document.querySelector("main a.primary").click()`) })
	b.Look("signin-openid-away")
}
