package curator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator"
	"github.com/crieur/crieur/services/curator/account"
)

func TestApproveAndPublish(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau rue du Port")
	r := ana.press(pathOf("infos", m), "approve")
	if r.status != http.StatusSeeOther {
		t.Fatalf("approve: %d %s", r.status, r.body)
	}
	p := w.awaitPublications("infos", 1)[0]
	if p.Revision != 1 || len(p.By) != 1 || p.By[0] != "ana" || len(p.Channels) != 2 || p.Message != m.ID {
		t.Errorf("publication %+v", p)
	}
	page := ana.get(pathOf("infos", m)).body
	for _, want := range []string{"Suivi de la diffusion", "Diffuser le rectificatif", "Annuler la diffusion", "C’est parti."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of what was published lacks %q", want)
		}
	}
	ana.see("/console/begles?tab=published", "Coupure d’eau rue du Port")
	if body := ana.get("/console/begles/journal").body; !strings.Contains(body, "Le journal est intact") || !strings.Contains(body, "Ana Lopez") {
		t.Error("the journal does not say who approved")
	}
}

func TestEditPreviewsNothingAndPublishesTheEdit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	if r := ana.press(pathOf("infos", m), "preview", "title", "Autre titre"); r.status != http.StatusOK || !strings.Contains(r.body, "Autre titre") {
		t.Errorf("preview: %d", r.status)
	}
	if form := ana.form(pathOf("infos", m)); form.Get("title") != m.Content.Title {
		t.Error("a preview was kept")
	}
	values := ana.form(pathOf("infos", m))
	values["channel"] = []string{"sms"}
	values.Set("title", "Eau coupée mardi")
	values.Set("override-sms", "Eau coupée mardi matin rue du Port")
	values.Set("do", "approve")
	if r := ana.post(pathOf("infos", m), values); r.status != http.StatusSeeOther {
		t.Fatalf("approve: %d", r.status)
	}
	p := w.awaitPublications("infos", 1)[0]
	text, _ := p.Text("sms")
	if p.Content.Title != "Eau coupée mardi" || len(p.Channels) != 1 || text != "Eau coupée mardi matin rue du Port" {
		t.Errorf("publication %+v", p)
	}
}

func TestAlertIsApprovedByTwo(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", func(m *events.Message) { m.Class, m.Severity = events.ClassAlert, events.SeveritySevere }))
	ana, bob, com := w.as("ana"), w.as("bob"), w.as("com")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	if r := com.press(path, "approve"); r.status != http.StatusForbidden {
		t.Errorf("an officer who is no approver: %d", r.status)
	}
	if r := ana.press(path, "approve"); r.status != http.StatusSeeOther {
		t.Fatalf("first approval: %d", r.status)
	}
	if body := bob.get(path).body; !strings.Contains(body, "1 approbation sur 2") || !strings.Contains(body, "Approuvé par Ana Lopez") {
		t.Error("the page does not say 1 of 2")
	}
	if r := ana.press(path, "approve"); r.status != http.StatusForbidden {
		t.Errorf("the same person again: %d", r.status)
	}
	if n := len(w.publications("infos")); n != 0 {
		t.Fatalf("%d publications on one approval", n)
	}
	if r := bob.press(path, "approve"); r.status != http.StatusSeeOther {
		t.Fatalf("second approval: %d", r.status)
	}
	if p := w.awaitPublications("infos", 1)[0]; strings.Join(p.By, " ") != "ana bob" {
		t.Errorf("approved by %v", p.By)
	}
}

func TestTwoOfficersRace(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	first, second := ana.form(path), bob.form(path)
	first.Set("do", "approve")
	second.Set("do", "approve")
	second.Set("title", "Le titre de Bob")
	answers := make(chan answer, 2)
	go func() { answers <- ana.post(path, first) }()
	go func() { answers <- bob.post(path, second) }()
	a, b := <-answers, <-answers
	won, lost := a, b
	if won.status != http.StatusSeeOther {
		won, lost = b, a
	}
	if won.status != http.StatusSeeOther || lost.status != http.StatusConflict {
		t.Fatalf("answers %d and %d, want 303 and 409", a.status, b.status)
	}
	if !strings.Contains(lost.body, "a modifié cette information pendant votre saisie") {
		t.Error("who lost is not told why")
	}
	w.awaitPublications("infos", 1)
	if n := len(w.publications("infos")); n != 1 {
		t.Errorf("%d publications", n)
	}
}

func TestWhoLosesKeepsTheirText(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	stale := bob.form(path)
	if r := ana.press(path, "save", "title", "Le titre d’Ana"); r.status != http.StatusSeeOther {
		t.Fatal(r.status)
	}
	stale.Set("title", "Le titre de Bob")
	stale.Set("do", "save")
	r := bob.post(path, stale)
	if r.status != http.StatusConflict || !strings.Contains(r.body, "Le titre de Bob") || !strings.Contains(r.body, "Ana Lopez a modifié") {
		t.Errorf("%d, without Bob’s text or Ana’s name", r.status)
	}
}

func TestSourceTextIsEscaped(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	const attack = `<script>alert(1)</script><img src=x onerror=alert(2)>"'>`
	m := w.emit(w.message("1", func(m *events.Message) {
		m.Content = events.Content{Language: "fr", Title: attack, Summary: attack, Text: attack, Place: attack, Link: "javascript:alert(3)"}
		m.Areas = []events.Area{{Name: attack}}
		m.Origin[0].URL = "javascript:alert(4)"
	}))
	ana := w.as("ana")
	ana.see("/console/begles", "&lt;script&gt;")
	for _, path := range []string{"/console/begles", pathOf("infos", m)} {
		r := ana.get(path)
		if strings.Contains(r.body, "<script>alert") || strings.Contains(r.body, "<img src=x") || strings.Contains(r.body, `href="javascript:`) {
			t.Errorf("%s lets the source’s markup through", path)
		}
		if policy := r.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestWithoutSessionOrRole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	form := ana.form(path)
	form.Set("do", "approve")
	tests := []struct {
		name string
		do   func() answer
		want int
		to   string
	}{
		{"nobody reads", func() answer { return w.browser().get("/console/begles") }, http.StatusSeeOther, "/console/signin?next="},
		{"nobody approves", func() answer { return w.browser().post(path, form) }, http.StatusSeeOther, "/console/signin"},
		{"another authority’s officer reads", func() answer { return w.as("eve").get("/console/begles") }, http.StatusNotFound, ""},
		{"another authority’s officer approves", func() answer { return w.as("eve").post(path, form) }, http.StatusNotFound, ""},
		{"another authority’s officer listens", func() answer { return w.as("eve").get("/console/begles/live") }, http.StatusNotFound, ""},
		{"a contributor approves", func() answer { return w.as("stagiaire").post(path, form) }, http.StatusForbidden, ""},
		{"from another site", func() answer {
			return ana.post(path, form, "Sec-Fetch-Site", "cross-site", "Origin", "https://ailleurs.example")
		}, http.StatusForbidden, ""},
		{"an item that is not", func() answer { return ana.get(pathOf("infos", events.Message{ID: "no"})) }, http.StatusNotFound, ""},
		{"an act that is not", func() answer { return ana.press(path, "burn") }, http.StatusForbidden, ""},
	}
	for _, tt := range tests {
		r := tt.do()
		if r.status != tt.want || !strings.HasPrefix(r.location, tt.to) {
			t.Errorf("%s: %d to %q, want %d to %q", tt.name, r.status, r.location, tt.want, tt.to)
		}
	}
	form.Set("do", "preview")
	if r := w.browser().post(path, form, "HX-Request", "true"); r.status != http.StatusOK || !strings.Contains(r.body, "Votre session est finie") || strings.Contains(r.body, "Coupure") {
		t.Errorf("a page whose session has ended: %d %s", r.status, r.body)
	}
	if n := len(w.publications("infos")); n != 0 {
		t.Errorf("%d publications", n)
	}
	if r := w.as("stagiaire").press(path, "save", "title", "Proposé par Sam"); r.status != http.StatusSeeOther {
		t.Errorf("a contributor may write: %d", r.status)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := w.browser()
	wrong := b.post("/console/signin", url.Values{"email": {"ana@begles.example"}, "password": {"un autre mot de passe"}})
	nobody := b.post("/console/signin", url.Values{"email": {"zoe@begles.example"}, "password": {"un autre mot de passe"}})
	if wrong.status != http.StatusUnprocessableEntity || nobody.status != wrong.status ||
		strings.ReplaceAll(nobody.body, "zoe@", "ana@") != wrong.body {
		t.Errorf("a wrong password (%d) and an unknown address (%d) are told apart", wrong.status, nobody.status)
	}
	last := answer{}
	for range 12 {
		last = b.post("/console/signin", url.Values{"email": {"ana@begles.example"}, "password": {"x"}})
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("after twelve wrong passwords: %d", last.status)
	}
	if r := w.browser().get("/console/signin?next=//ailleurs.example"); strings.Contains(r.location, "ailleurs") {
		t.Error("an open redirect")
	}
}

// TestNobodyIsLockedOut: whoever tries an officer's password is slowed down, and
// the officer signs in all the same where he has before.
func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	office, other := w.as("ana"), w.as("bob")
	for _, b := range []*browser{office, other} {
		b.post("/console/signout", url.Values{})
	}
	stranger, right := w.browser(), url.Values{"email": {"ana@begles.example"}, "password": {password}}
	for range 12 {
		stranger.post("/console/signin", url.Values{"email": {"ana@begles.example"}, "password": {"x"}})
	}
	if r := stranger.post("/console/signin", right); r.status != http.StatusTooManyRequests {
		t.Errorf("after twelve wrong passwords: %d", r.status)
	}
	if r := other.post("/console/signin", right); r.status != http.StatusTooManyRequests {
		t.Errorf("in another officer's browser: %d", r.status)
	}
	if r := office.post("/console/signin", right); r.status != http.StatusSeeOther {
		t.Errorf("where she signed in before: %d", r.status)
	}
	office.post("/console/signout", url.Values{})
	last := answer{}
	for range 12 {
		last = office.post("/console/signin", url.Values{"email": {"ana@begles.example"}, "password": {"x"}})
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("after twelve wrong passwords there: %d", last.status)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	page := ana.get("/console/account").body
	sealed := valueOf(page, "sealed")
	secretText := between(page, `<p class="secret"><code>`, `</code>`)
	secret := decode(t, secretText)
	code := func(at time.Time) string { return account.Code(secret, account.Step(at)) }
	now := time.Now()
	if r := ana.post("/console/account", url.Values{"do": {"totp"}, "sealed": {sealed}, "code": {"000000"}}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", r.status)
	}
	if r := ana.post("/console/account", url.Values{"do": {"totp"}, "sealed": {sealed}, "code": {code(now)}}); r.status != http.StatusSeeOther {
		t.Fatalf("the right code: %d", r.status)
	}
	eventstest.Eventually(t, func() bool {
		return strings.Contains(w.as("ana").get("/console/begles").location, "/console/signin/code")
	}, within, "a code is asked")
	b := w.as("ana")
	if r := b.get("/console/begles"); r.location != "/console/signin/code" {
		t.Fatalf("half signed in, sent to %q", r.location)
	}
	if r := b.post("/console/signin/code", url.Values{"code": {code(now)}}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a code used already: %d", r.status)
	}
	half := b.token()
	if r := b.post("/console/signin/code", url.Values{"code": {code(now.Add(30 * time.Second))}, "next": {"//ailleurs.example"}}); r.status != http.StatusSeeOther || r.location != "/console" {
		t.Errorf("the next code: %d to %q", r.status, r.location)
	}
	if half == b.token() || w.with(half).get("/console/begles").status == http.StatusOK {
		t.Error("the token of half a sign-in has all its rights")
	}
	if r := b.get("/console/begles"); r.status != http.StatusOK {
		t.Errorf("signed in: %d", r.status)
	}
	again := url.Values{"do": {"totp"}, "sealed": {sealed}, "code": {code(now)}}
	if r := b.post("/console/account", again); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a key put in the place of the one in use, without the password: %d", r.status)
	}
}

func TestDeclareOfficerKeepsThePassword(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	before, _, err := w.reg.Officers.Get(t.Context(), "ana")
	must(t, err)
	o := registry.Officer{ID: "ana", Name: "Ana Lopez-Martin", Email: "ana@begles.example", Roles: before.Roles}
	must(t, curator.DeclareOfficer(t.Context(), w.reg, o, "/no/such/file"))
	after, _, err := w.reg.Officers.Get(t.Context(), "ana")
	must(t, err)
	if after.PasswordHash != before.PasswordHash || after.Name != "Ana Lopez-Martin" {
		t.Error("the password changed, or the name did not follow")
	}
	if err := curator.DeclareOfficer(t.Context(), w.reg, registry.Officer{ID: "new", Name: "N", Email: "n@b.example"}, "/no/such/file"); err == nil {
		t.Error("an account was made without its password file")
	}
}

func TestDeclareOfficerReadsThePassword(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	file := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(file, []byte("un autre mot de passe\n"), 0o600))
	must(t, curator.DeclareOfficer(t.Context(), w.reg, registry.Officer{ID: "zoe", Name: "Zoé", Email: "zoe@begles.example"}, file))
	zoe, _, err := w.reg.Officers.Get(t.Context(), "zoe")
	must(t, err)
	if ok, err := account.Verify(zoe.PasswordHash, "un autre mot de passe"); !ok || err != nil {
		t.Errorf("the password of the file is not the account's: %t, %v", ok, err)
	}
}

func TestQueueComesLive(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/console/begles/live?tab=todo", nil)
	must(t, err)
	res, err := ana.client.Do(r)
	must(t, err)
	defer res.Body.Close() //nolint:errcheck // a test's
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	sent := false
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Rien à traiter") && !sent {
			sent = true
			w.emit(w.message("1", nil))
		}
		if strings.Contains(lines.Text(), "Coupure d’eau rue du Port") {
			return
		}
	}
	t.Fatalf("the message did not come (sent: %t): %v", sent, lines.Err())
}

// TestAnOpenPageEndsWithTheRole: who has no role any more is shown nothing more,
// on a page that was opened before either.
func TestAnOpenPageEndsWithTheRole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/console/begles/live?tab=todo", nil)
	must(t, err)
	res, err := ana.client.Do(r)
	must(t, err)
	defer res.Body.Close() //nolint:errcheck // a test's
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	withdrawn := false
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Coupure d’eau rue du Port") {
			t.Fatal("what came since is shown")
		}
		if !strings.Contains(lines.Text(), "Rien à traiter") || withdrawn {
			continue
		}
		withdrawn = true
		_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"ana"}, func(o *registry.Officer) error {
			o.Roles = map[string][]registry.Role{}
			return nil
		})
		must(t, err)
		eventstest.Eventually(t, func() bool { return ana.get("/console/begles").status == http.StatusNotFound }, within, "the role is withdrawn")
		w.emit(w.message("1", nil))
	}
	if ctx.Err() != nil || !withdrawn {
		t.Errorf("the page stays open: %v, %v", lines.Err(), ctx.Err())
	}
}

func TestPreviewsAreThePublishersAndSanitised(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	server, err := call.NewServer(t.Context(), w.nc, "publisher", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	must(t, call.Handle(server, call.Render, func(_ context.Context, q call.RenderRequest) (call.RenderReply, error) {
		return call.RenderReply{Rendered: []call.Rendered{
			{Channel: "sms", Kind: "sms", Rendition: events.Rendition{Text: "SMS: " + q.Publication.Content.Title, CostMicroEUR: 50_000, Warnings: []string{"ê coûte un SMS"}}, Preview: call.Preview{Facts: []string{"1 SMS"}}},
			{Channel: "panneaux", Kind: "sign", Preview: call.Preview{Images: []string{"data:image/png;base64,AAAA", "javascript:alert(1)"}, Alts: []string{"EAU COUPEE"}, HTML: "<script>alert(1)</script>"}},
		}}, nil
	}))
	audience, err := call.NewServer(t.Context(), w.nc, "audience", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = audience.Stop() })
	must(t, call.Handle(audience, call.Reach, func(context.Context, call.ReachRequest) (call.ReachReply, error) {
		return call.ReachReply{People: 1200, Channels: []call.ChannelReach{{Channel: "sms", Subscribers: 1000}}}, nil
	}))
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	values := ana.form(pathOf("infos", m))
	values.Set("title", "Eau coupée")
	values.Set("do", "preview")
	body := ana.post(pathOf("infos", m), values, "HX-Request", "true").body
	for _, want := range []string{"SMS: Eau coupée", "1 SMS", "ê coûte un SMS", `src="data:image/png;base64,AAAA" alt="EAU COUPEE"`, "1\u202f200 personnes", "50,00\u00a0€"} {
		if !strings.Contains(body, want) {
			t.Errorf("previews lack %q", want)
		}
	}
	for _, never := range []string{"<script", "javascript:", "<html"} {
		if strings.Contains(body, never) {
			t.Errorf("previews hold %q", never)
		}
	}
}

func TestManualEntryTakesTheNormalPath(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	raws, err := w.nc.SubscribeSync(events.All(events.SubjectRaw))
	must(t, err)
	values := url.Values{
		"key": {"k1"}, "title": {"Marché <déplacé>"}, "text": {"Place du 14 juillet.\r\n\r\nÀ 8 h."}, "topic": {"marches"}, "class": {"service"},
		"severity": {"Unknown"}, "expires": {time.Now().Add(48 * time.Hour).Format("2006-01-02T15:04")},
	}
	if r := ana.post("/console/begles/new", values); r.status != http.StatusSeeOther {
		t.Fatalf("entry: %d %s", r.status, r.body)
	}
	msg, err := raws.NextMsg(within)
	must(t, err)
	raw, err := events.Unmarshal[events.Raw](msg.Data)
	must(t, err)
	if raw.Subject() != "raw.begles.console" || raw.Kind != "console" || !strings.Contains(string(raw.Record), `Place du 14 juillet.`) {
		t.Errorf("raw %+v", raw)
	}
	for field, value := range map[string]string{"title": "", "topic": "nope", "class": "nope", "expires": "2020-01-01T00:00", "link": "javascript:x"} {
		bad := url.Values{}
		for k, v := range values {
			bad[k] = v
		}
		bad.Set(field, value)
		if r := ana.post("/console/begles/new", bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-`+field+`"`) {
			t.Errorf("%s=%q: %d", field, value, r.status)
		}
	}
}

// TestAlertSaysWhatToDo: an alert without an instruction is not taken, and is
// offered a day, not a week.
func TestAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	raws, err := w.nc.SubscribeSync(events.All(events.SubjectRaw))
	must(t, err)
	values := ana.form("/console/begles/new")
	if until, err := time.Parse("2006-01-02T15:04", values.Get("expires")); err != nil || time.Until(until) < 6*24*time.Hour {
		t.Errorf("offered until %s: %v", values.Get("expires"), err)
	}
	for field, value := range map[string]string{"title": "Fuite de gaz rue du Port", "topic": "risques", "class": "alert", "severity": "Severe"} {
		values.Set(field, value)
	}
	if r := ana.post("/console/begles/new", values); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-instruction"`) {
		t.Fatalf("an alert that does not say what to do: %d", r.status)
	}
	values.Set("instruction", "Sortez sans rien allumer.")
	if r := ana.post("/console/begles/new", values); r.status != http.StatusSeeOther {
		t.Fatalf("entry: %d %s", r.status, r.body)
	}
	e := entryOf(t, raws)
	if left := time.Until(e.Expires); e.Instruction != "Sortez sans rien allumer." || left < 23*time.Hour || left > 25*time.Hour {
		t.Errorf("instruction %q, expires in %s", e.Instruction, left)
	}

	m := w.emit(w.message("1", func(m *events.Message) { m.Class, m.Content.Instruction = events.ClassAlert, "" }))
	ana.see("/console/begles", m.Content.Title)
	if r := ana.press(pathOf("infos", m), "approve"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-instruction"`) {
		t.Errorf("an alert of a source that does not say what to do: %d", r.status)
	}
	if r := ana.press(pathOf("infos", m), "approve", "instruction", "Faites une réserve."); r.status != http.StatusSeeOther {
		t.Errorf("approve: %d", r.status)
	}
	bob := w.as("bob")
	bob.press(pathOf("infos", m), "approve")
	if p := w.awaitPublications("infos", 1)[0]; p.Content.Instruction != "Faites une réserve." {
		t.Errorf("published %+v", p.Content)
	}
}

func entryOf(t *testing.T, raws *nats.Subscription) record.Entry {
	t.Helper()
	msg, err := raws.NextMsg(within)
	must(t, err)
	raw, err := events.Unmarshal[events.Raw](msg.Data)
	must(t, err)
	var e record.Entry
	must(t, json.Unmarshal(raw.Record, &e))
	return e
}

func TestSourcesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.reg.SourceHealth.Put(t.Context(), registry.SourceHealth{
		Authority: "begles", Source: "site", LastAttempt: w.now, LastSuccess: w.now.Add(-26 * time.Hour), LastChange: w.now.Add(-26 * time.Hour), Stale: true,
	})
	must(t, err)
	_, err = w.reg.SourceHealth.Put(t.Context(), registry.SourceHealth{
		Authority: "begles", Source: "pref", LastAttempt: w.now, ErrorStreak: 4, LastReason: events.ReasonTLS, LastError: "feed: certificate <expired>",
	})
	must(t, err)
	page := w.as("com").see("/console/begles/sources", "Silencieuse depuis 26")
	for _, want := range []string{"4 échecs de suite", "Le certificat du site n’est pas valide.", "certificate &lt;expired&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("sources lack %q", want)
		}
	}
	if page := w.as("com").get("/console/begles/streams").body; !strings.Contains(page, "Diffusion automatique") || !strings.Contains(page, "Déchets et propreté") {
		t.Error("streams do not say their policy and rule")
	}
}

func TestOfficerSaysItInPlainLanguageAndTranslates(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	english := events.Content{Language: "en", Title: "Water cut", Text: "Tuesday 8 to 12."}
	m := w.emit(w.message("1", func(m *events.Message) { m.Variants = []events.Content{english} }))
	kept := w.emit(w.message("2", func(m *events.Message) { m.Variants = []events.Content{english} }))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	eventstest.Eventually(t, func() bool { return ana.get(pathOf("infos", kept)).status == http.StatusOK }, within, "both are there")
	form := ana.form(path)
	if form.Get("title-en") != "Water cut" {
		t.Errorf("the source’s translation is not shown: %q", form.Get("title-en"))
	}
	if r := ana.press(path, "save", "title-fr-simple", "", "text-fr-simple", "Pas d’eau mardi matin."); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-title-fr-simple"`) {
		t.Errorf("a text without a title: %d", r.status)
	}
	// The officer rewords: the source's translation would say something else.
	if r := ana.press(path, "approve", "title", "Eau coupée mardi", "title-fr-simple", "Pas d’eau mardi", "text-fr-simple", "Il n’y a pas d’eau mardi.\r\nDe 8 h à 12 h."); r.status != http.StatusSeeOther {
		t.Fatalf("approve: %d", r.status)
	}
	p := w.awaitPublications("infos", 1)[0]
	if len(p.Variants) != 1 || p.Variants[0].Language != "fr-simple" || p.Variants[0].Title != "Pas d’eau mardi" || p.Variants[0].Text != "Il n’y a pas d’eau mardi.\nDe 8 h à 12 h." {
		t.Errorf("variants %+v", p.Variants)
	}
	// The officer adds without rewording: both leave, the translation first.
	if r := ana.press(pathOf("infos", kept), "approve", "title-fr-simple", "Pas d’eau mardi"); r.status != http.StatusSeeOther {
		t.Fatalf("approve: %d", r.status)
	}
	p = w.awaitPublications("infos", 2)[1]
	if len(p.Variants) != 2 || p.Variants[0].Title != "Water cut" || p.Variants[1].Language != "fr-simple" {
		t.Errorf("variants %+v", p.Variants)
	}
}

// TestVariantsInAnotherOrderAreNoEdit: a source may give plain language before
// translations, the form shows it after.
func TestVariantsInAnotherOrderAreNoEdit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", func(m *events.Message) {
		m.Class, m.Severity = events.ClassAlert, events.SeveritySevere
		m.Variants = []events.Content{{Language: "fr-simple", Title: "Pas d’eau"}, {Language: "en", Title: "Water cut"}}
	}))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	ana.press(path, "approve")
	bob.press(path, "approve")
	w.awaitPublications("infos", 1)
	if page := bob.get(path).body; strings.Contains(page, "Texte modifié") {
		t.Error("approving without a change is told as an edit")
	}
}
