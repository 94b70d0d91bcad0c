package curator_test

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run/clocktest"
	"github.com/crieur/crieur/services/curator"
	"github.com/crieur/crieur/services/curator/account"
)

const teamPath = "/console/begles/team"

// governed gives Bègles two administrators.
func governed(w *town) {
	w.t.Helper()
	alone := map[string][]registry.Role{"begles": {registry.Administrator}}
	for _, o := range []registry.Officer{
		{ID: "ada", Name: "Ada Gouverne", Email: "ada@begles.example", Roles: alone},
		{ID: "guy", Name: "Guy Gouverne", Email: "guy@begles.example", Roles: alone},
	} {
		o.PasswordHash = passwordHash()
		must(w.t, curator.DeclareOfficer(w.t.Context(), w.reg, o, ""))
	}
}

// onClock moves the console's time, not that of its sessions.
func onClock(w *town) { w.clock = clocktest.New(w.now) }

var linkRe = regexp.MustCompile(`https://crieur\.example(/console/signin/link/[^<"]+)`)

// link is the path of the link that a page shows.
func (w *town) link(r answer) string {
	w.t.Helper()
	found := linkRe.FindStringSubmatch(r.body)
	if r.status != http.StatusOK || found == nil {
		w.t.Fatalf("no link: %d %s", r.status, r.body)
	}
	return found[1]
}

func invitation(name, email string, roles ...string) url.Values {
	return url.Values{"name": {name}, "email": {email}, "roles": roles}
}

// save sends roles for an account as its page does.
func (b *browser) save(path string, roles ...string) answer {
	b.w.t.Helper()
	return b.post(path, url.Values{"do": {"save"}, "revision": b.form(path)["revision"][:1], "roles": roles})
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	w := newTown(t, governed, func(w *town) { w.log = &log })
	ada := w.as("ada")
	for field, value := range map[string]string{"name": "", "email": "zoe", "roles": "king"} {
		bad := invitation("Zoé Née", "zoe@begles.example", "officer")
		bad.Set(field, value)
		if r := ada.post(teamPath+"/new", bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-`+field+`"`) {
			t.Errorf("%s %q: %d", field, value, r.status)
		}
	}
	r := ada.post(teamPath+"/new", invitation("Zoé Née", " Zoe@Begles.example ", "officer", "approver"))
	link := w.link(r)
	if r.header.Get("Cache-Control") != "no-store" {
		t.Error("a page with a link is kept")
	}
	o := w.officer("zoe-nee")
	if o.Email != "zoe@begles.example" || o.PasswordHash != "" || len(o.Roles) != 0 || o.Has("begles", registry.OfficerRole) {
		t.Errorf("an invitation gives more than a link: %+v", o.Roles)
	}
	ada.see(teamPath, "Invitation en cours")
	if r := ada.post(teamPath+"/new", invitation("Autre", "zoe@begles.example", "officer")); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "déjà dans l’équipe") {
		t.Errorf("invited twice: %d", r.status)
	}

	zoe := w.browser()
	for range 3 { // as mail filters do
		page := zoe.get(link)
		if page.status != http.StatusOK || page.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("the link: %d", page.status)
		}
		for _, want := range []string{"Zoé Née", "zoe@begles.example", "Ville de Bègles", "communication, approbation"} {
			if !strings.Contains(page.body, want) {
				t.Errorf("the link's page lacks %q", want)
			}
		}
	}
	if r := zoe.post(link, url.Values{"password": {"court"}}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a short password: %d", r.status)
	}
	if r := zoe.post(link, url.Values{"password": {"la première du carnet"}}); r.status != http.StatusSeeOther || r.location != "/console/begles" {
		t.Fatalf("joining: %d to %q", r.status, r.location)
	}
	if r := zoe.get("/console/begles"); r.status != http.StatusOK || !strings.Contains(r.body, "Bienvenue dans l’équipe") {
		t.Errorf("who joined: %d", r.status)
	}
	o = w.officer("zoe-nee")
	if !strings.HasPrefix(o.PasswordHash, "$argon2id$") || !slices.Equal(o.Roles["begles"], []registry.Role{registry.OfficerRole, registry.Approver}) || len(o.Links) != 0 {
		t.Errorf("who joined has %v", o.Roles)
	}
	for name, r := range map[string]answer{"seen": w.browser().get(link), "used": w.browser().post(link, url.Values{"password": {"un autre mot de passe"}})} {
		if r.status != http.StatusNotFound || !strings.Contains(r.body, "Ce lien n’est plus valable") {
			t.Errorf("the link %s again: %d", name, r.status)
		}
	}
	if r := w.browser().post("/console/signin", url.Values{"email": {"zoe@begles.example"}, "password": {"la première du carnet"}}); r.status != http.StatusSeeOther {
		t.Errorf("signing in afterwards: %d", r.status)
	}
	journal := ada.see("/console/begles/journal", "Invitation acceptée")
	for _, want := range []string{"Personne invitée (communication, approbation)", "Ada Gouverne", "Zoé Née"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal lacks %q", want)
		}
	}
	token := link[strings.LastIndex(link, "/")+1:]
	trail := ada.get("/console/begles/journal.csv").body
	for _, secret := range []string{token, "zoe@begles.example", "carnet"} {
		if strings.Contains(log.String(), secret) || strings.Contains(trail, secret) || strings.Contains(w.audit(), secret) {
			t.Errorf("%q is in the log or the journal", secret)
		}
	}
	if !strings.Contains(log.String(), "signin/link") {
		t.Error("the log holds no request: nothing is proven of it")
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// audit is all that the journals hold, as stored.
func (w *town) audit() string {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), "AUDIT")
	must(w.t, err)
	info, err := s.Info(w.t.Context())
	must(w.t, err)
	var b strings.Builder
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		msg, err := s.GetMsg(w.t.Context(), seq)
		must(w.t, err)
		b.Write(msg.Data)
	}
	return b.String()
}

func TestLinksExpireAndAreReplaced(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed, onClock)
	ada := w.as("ada")
	first := w.link(ada.post(teamPath+"/new", invitation("Zoé Née", "zoe@begles.example", "officer")))
	w.clock.Advance(3*24*time.Hour - time.Second)
	if r := w.browser().get(first); r.status != http.StatusOK {
		t.Errorf("a second before its end: %d", r.status)
	}
	w.clock.Advance(time.Second)
	if r := w.browser().get(first); r.status != http.StatusNotFound {
		t.Errorf("seen at its end: %d", r.status)
	}
	if r := w.browser().post(first, url.Values{"password": {"trop tard de peu"}}); r.status != http.StatusNotFound || w.officer("zoe-nee").PasswordHash != "" {
		t.Errorf("used at its end: %d", r.status)
	}
	ada.see(teamPath, "Invitation expirée")
	const zoe = teamPath + "/zoe-nee"
	second := w.link(ada.press(zoe, "link"))
	third := w.link(ada.press(zoe, "link"))
	for _, old := range []string{first, second, third + "x", third[:len(third)-1], "/console/signin/link/nobody/" + third[strings.LastIndex(third, "/")+1:]} {
		if r := w.browser().get(old); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", old, r.status)
		}
	}
	if r := ada.save(zoe, "analyst"); r.status != http.StatusSeeOther {
		t.Fatalf("other roles for who is invited: %d", r.status)
	}
	if r := w.browser().post(third, url.Values{"password": {"enfin le bon lien"}}); r.status != http.StatusSeeOther {
		t.Fatalf("the last link: %d", r.status)
	}
	if o := w.officer("zoe-nee"); !slices.Equal(o.Roles["begles"], []registry.Role{registry.Analyst}) {
		t.Errorf("roles %v", o.Roles)
	}
}

func TestACancelledInvitationIsForgotten(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	ada := w.as("ada")
	link := w.link(ada.post(teamPath+"/new", invitation("Zoé Née", "zeo@begles.example", "officer")))
	if r := ada.press(teamPath+"/zoe-nee", "remove"); r.status != http.StatusSeeOther {
		t.Fatalf("cancel: %d", r.status)
	}
	if r := w.browser().get(link); r.status != http.StatusNotFound {
		t.Errorf("its link: %d", r.status)
	}
	if _, _, err := w.reg.Officers.Get(t.Context(), "zoe-nee"); err == nil {
		t.Error("a mistyped address is kept")
	}
	if r := ada.post(teamPath+"/com", url.Values{"do": {"remove"}, "revision": ada.form(teamPath + "/com")["revision"]}); r.status != http.StatusBadRequest {
		t.Errorf("a colleague is no invitation: %d", r.status)
	}
	w.officer("com")
}

// Only administrators, and of this authority: each route says so itself.
func TestOnlyAdministratorsGovern(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	must(t, func() error {
		_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"eve"}, func(o *registry.Officer) error {
			o.Roles["metropole"] = append(o.Roles["metropole"], registry.Administrator)
			return nil
		})
		return err
	}())
	link := w.link(w.as("ada").post(teamPath+"/new", invitation("Zoé Née", "zoe@begles.example", "officer")))
	before, _ := json.Marshal([]registry.Officer{w.officer("com"), w.officer("zoe-nee")})
	for who, want := range map[string]int{"ana": http.StatusForbidden, "com": http.StatusForbidden, "stagiaire": http.StatusForbidden, "eve": http.StatusNotFound} {
		b := w.as(who)
		_, revision, err := w.reg.Officers.Get(t.Context(), "com")
		must(t, err)
		for _, path := range []string{teamPath, teamPath + "/new", teamPath + "/com", teamPath + "/zoe-nee"} {
			if r := b.get(path); r.status != want || strings.Contains(r.body, "com@begles.example") {
				t.Errorf("%s reads %s: %d", who, path, r.status)
			}
		}
		if r := b.post(teamPath+"/new", invitation("X", "x@begles.example", "administrator")); r.status != want {
			t.Errorf("%s invites: %d", who, r.status)
		}
		for _, do := range []string{"save", "pause", "resume", "link", "remove"} {
			if r := b.post(teamPath+"/com", url.Values{"do": {do}, "revision": {fmt.Sprint(revision)}, "roles": {"administrator"}}); r.status != want {
				t.Errorf("%s %ss: %d", who, do, r.status)
			}
		}
		if page := b.get("/console/begles").body; strings.Contains(page, teamPath) {
			t.Errorf("%s is shown the way", who)
		}
	}
	if after, _ := json.Marshal([]registry.Officer{w.officer("com"), w.officer("zoe-nee")}); !bytes.Equal(before, after) {
		t.Error("an account changed")
	}
	if r := w.browser().get(teamPath); r.status != http.StatusSeeOther {
		t.Errorf("nobody: %d", r.status)
	}
	if r := w.browser().get(link); r.status != http.StatusOK {
		t.Errorf("the link: %d", r.status)
	}
}

// An administrator alone stays one, whatever the form says.
func TestNobodyTakesAdministrationFromThemselves(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	ada := w.as("ada")
	if page := ada.get(teamPath + "/ada").body; strings.Contains(page, `value="administrator"`) || strings.Contains(page, `value="pause"`) || strings.Contains(page, `value="link"`) {
		t.Error("one's own page offers it")
	}
	for _, roles := range [][]string{{"approver"}, {}} {
		if r := ada.save(teamPath+"/ada", roles...); r.status != http.StatusSeeOther || !w.officer("ada").Has("begles", registry.Administrator) {
			t.Errorf("%v: %d, %v", roles, r.status, w.officer("ada").Roles)
		}
	}
	for _, do := range []string{"pause", "link"} {
		if r := ada.press(teamPath+"/ada", do); r.status != http.StatusForbidden {
			t.Errorf("%s: %d", do, r.status)
		}
	}
	if r := ada.save(teamPath+"/com", "officer", "approver", "nobody"); r.status != http.StatusSeeOther || !slices.Equal(w.officer("com").Roles["begles"], []registry.Role{registry.OfficerRole, registry.Approver}) {
		t.Errorf("another's roles: %d", r.status)
	}
	if r := ada.save(teamPath + "/com"); r.status != http.StatusUnprocessableEntity {
		t.Errorf("no role at all: %d", r.status)
	}
	old := ada.form(teamPath + "/com")["revision"][:1]
	ada.save(teamPath+"/com", "officer")
	if r := ada.post(teamPath+"/com", url.Values{"do": {"save"}, "revision": old, "roles": {"analyst"}}); r.status != http.StatusConflict || !w.officer("com").Has("begles", registry.OfficerRole) {
		t.Errorf("on what was read before: %d", r.status)
	}
	if r := ada.save(teamPath+"/guy", "analyst"); r.status != http.StatusSeeOther || w.officer("guy").Has("begles", registry.Administrator) {
		t.Errorf("of two administrators, one: %d", r.status)
	}
	if r := w.as("guy").get(teamPath); r.status != http.StatusForbidden {
		t.Errorf("who was administrator: %d", r.status)
	}
}

// Two administrators who take it from each other at the same moment leave one.
func TestTwoAdministratorsAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	pair := []string{"ada", "guy"}
	browsers := []*browser{w.as("ada"), w.as("guy")}
	gone := 0
	for round := range 150 {
		paths := []string{teamPath + "/guy", teamPath + "/ada"}
		var values []url.Values
		for i, b := range browsers {
			do := "save"
			if round < 3 { // which ends sessions, and signing in is limited
				do = "pause"
			}
			values = append(values, url.Values{"do": {do}, "roles": {"analyst"}, "revision": b.form(paths[i])["revision"][:1]})
		}
		var both sync.WaitGroup
		for i, b := range browsers {
			both.Go(func() { b.post(paths[i], values[i]) })
		}
		both.Wait()
		var left []string
		for _, id := range pair {
			if w.officer(id).Has("begles", registry.Administrator) {
				left = append(left, id)
			}
		}
		if len(left) == 0 {
			t.Fatalf("round %d: nobody administers the authority", round)
		}
		gone += len(pair) - len(left)
		for i, id := range pair {
			_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{id}, func(o *registry.Officer) error {
				o.Roles["begles"], o.Suspended = []registry.Role{registry.Administrator}, nil
				return nil
			})
			must(t, err)
			if browsers[i].get(teamPath).status != http.StatusOK {
				browsers[i] = w.as(id)
			}
		}
	}
	if gone == 0 {
		t.Error("nobody took anything: nothing is proven")
	}
}

func TestSuspension(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"bob"}, func(o *registry.Officer) error {
		o.Roles["metropole"] = []registry.Role{registry.OfficerRole}
		return nil
	})
	must(t, err)
	ada, bob, com := w.as("ada"), w.as("bob"), w.as("com")
	for _, id := range []string{"bob", "com"} {
		if r := ada.press(teamPath+"/"+id, "pause"); r.status != http.StatusSeeOther {
			t.Fatalf("suspend %s: %d", id, r.status)
		}
	}
	for _, b := range []*browser{bob, com} {
		if r := b.get("/console/begles"); r.status != http.StatusSeeOther {
			t.Errorf("an open session: %d", r.status)
		}
	}
	if r := w.as("com").get("/console"); r.status != http.StatusForbidden {
		t.Errorf("who has nothing left: %d", r.status)
	}
	bob = w.as("bob")
	if r := bob.get("/console/begles"); r.status != http.StatusNotFound {
		t.Errorf("where suspended: %d", r.status)
	}
	if r := bob.get("/console/metropole"); r.status != http.StatusOK {
		t.Errorf("elsewhere: %d", r.status)
	}
	if r := ada.press(teamPath+"/com", "link"); r.status != http.StatusBadRequest {
		t.Errorf("a link for who is suspended: %d", r.status)
	}
	ada.see(teamPath, "Accès suspendu")
	if r := ada.press(teamPath+"/com", "resume"); r.status != http.StatusSeeOther {
		t.Fatalf("take back: %d", r.status)
	}
	if r := w.as("com").get("/console/begles"); r.status != http.StatusOK || !slices.Equal(w.officer("com").Roles["begles"], []registry.Role{registry.OfficerRole}) {
		t.Errorf("taken back: %d", r.status)
	}
	if journal := ada.see("/console/begles/journal", "Accès rendu"); !strings.Contains(journal, "Accès suspendu") || !strings.Contains(journal, "Com Officer") {
		t.Error("the journal does not say it")
	}
}

// An account that another authority's officer has is asked for its own password,
// and shown to nobody here before.
func TestInvitingAnAccountOfElsewhere(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	ada := w.as("ada")
	r := ada.post(teamPath+"/new", invitation("Madame Ailleurs", "eve@metropole.example", "analyst"))
	link := w.link(r)
	ada.see(teamPath, "Madame Ailleurs")
	pages := r.body + ada.get(teamPath).body + ada.get(teamPath+"/eve").body + ada.get("/console/begles/journal").body
	for _, other := range []string{"Métropole", "/console/metropole", "Eve Ailleurs"} {
		if strings.Contains(pages, other) {
			t.Errorf("an administrator of Bègles reads %q", other)
		}
	}
	eve := w.browser()
	if page := eve.get(link).body; !strings.Contains(page, "current-password") || strings.Contains(page, "Métropole") {
		t.Error("the link does not ask for the account's password")
	}
	if r := eve.post(link, url.Values{"password": {"un mot de passe choisi"}}); r.status != http.StatusUnprocessableEntity {
		t.Fatalf("another password: %d", r.status)
	}
	if r := eve.post(link, url.Values{"password": {password}}); r.status != http.StatusSeeOther {
		t.Fatalf("the account's own: %d", r.status)
	}
	o := w.officer("eve")
	if !slices.Equal(o.Roles["begles"], []registry.Role{registry.Analyst}) || len(o.Roles["metropole"]) != 2 || o.PasswordHash != passwordHash() || o.Name != "Eve Ailleurs" {
		t.Errorf("roles %v", o.Roles)
	}
	for _, path := range []string{"/console/begles", "/console/metropole"} {
		if r := eve.get(path); r.status != http.StatusOK {
			t.Errorf("%s: %d", path, r.status)
		}
	}

	// A password opens the other authority too.
	ada.save(teamPath+"/eve", "officer")
	page := ada.get(teamPath + "/eve").body
	if strings.Contains(page, `value="link"`) || strings.Contains(page, "Métropole") || !strings.Contains(page, "sert aussi à une autre collectivité") {
		t.Error("the page offers another password, or names the other authority")
	}
	if r := ada.press(teamPath+"/eve", "link"); r.status != http.StatusForbidden {
		t.Errorf("another password for an account of elsewhere: %d", r.status)
	}
	if o = w.officer("eve"); len(o.Roles["metropole"]) != 2 || len(o.Links) != 0 {
		t.Errorf("elsewhere: %v", o.Roles)
	}
	_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"ada"}, func(o *registry.Officer) error {
		o.Roles["metropole"] = []registry.Role{registry.Administrator}
		return nil
	})
	must(t, err)
	w.link(ada.press(teamPath+"/eve", "link"))
}

// An account without password is somebody's too: who invites its address must not
// choose one for it.
func TestAnInvitationOpensNoAccountOfElsewhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*registry.Officer){
		"opened by an issuer": func(o *registry.Officer) { o.Issuer, o.Subject, o.Roles = "https://issuer.example", "eve", nil },
		"with roles":          func(*registry.Officer) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, governed)
			eve := w.as("eve")
			w.change("eve", func(o *registry.Officer) { o.PasswordHash = ""; change(o) })
			link := w.link(w.as("ada").post(teamPath+"/new", invitation("Eve", "eve@metropole.example", "analyst")))
			for who, b := range map[string]*browser{"nobody": w.browser(), "who invites": w.as("ada")} {
				if page := b.get(link).body; strings.Contains(page, `name="password"`) {
					t.Errorf("%s is asked for a password", who)
				}
				r := b.post(link, url.Values{"password": {"choisi par qui invite"}})
				if o := w.officer("eve"); r.status != http.StatusSeeOther || !strings.HasPrefix(r.location, "/console/signin?next=") || o.PasswordHash != "" || len(o.Roles["begles"]) != 0 {
					t.Fatalf("%s: %d to %q", who, r.status, r.location)
				}
			}
			if page := eve.get(link).body; strings.Contains(page, `name="password"`) || !strings.Contains(page, "connecté avec ce compte") {
				t.Error("who is signed in is asked for more")
			}
			if r := eve.post(link, url.Values{}); r.status != http.StatusSeeOther || r.location != "/console/begles" || eve.get("/console/begles").status != http.StatusOK {
				t.Errorf("who is signed in: %d to %q", r.status, r.location)
			}
			if o := w.officer("eve"); o.PasswordHash != "" || len(o.Links) != 0 {
				t.Error("more than a role was given")
			}
		})
	}
}

func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	for name, removes := range map[string]bool{"the second factor stays": false, "and is removed when asked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, governed)
			com := w.as("com")
			secret := w.withFactor(com)
			open := com.token()
			ada := w.as("ada")
			const path = teamPath + "/com"
			values := url.Values{"do": {"link"}, "revision": ada.form(path)["revision"][:1]}
			if removes {
				values.Set("factor", "1")
			}
			before := w.officer("com")
			link := w.link(ada.post(path, values))
			w.browser().get(link)
			if now := w.officer("com"); now.PasswordHash != before.PasswordHash || !now.SecondFactor() || w.with(open).get("/console/begles").status != http.StatusOK {
				t.Error("a link that nobody used changed something")
			}
			b := w.browser()
			r := b.post(link, url.Values{"password": {"retrouvé dans le tiroir"}})
			if r.status != http.StatusSeeOther {
				t.Fatalf("the link: %d", r.status)
			}
			if r := w.with(open).get("/console/begles"); r.status != http.StatusSeeOther {
				t.Errorf("a session from before: %d", r.status)
			}
			if r := w.browser().post(link, url.Values{"password": {"une deuxième fois"}}); r.status != http.StatusNotFound {
				t.Errorf("twice: %d", r.status)
			}
			if removes {
				if now := w.officer("com"); now.SecondFactor() || b.get("/console/begles").status != http.StatusOK {
					t.Error("the second factor is still asked")
				}
				ada.see("/console/begles/journal", "Code à six chiffres désactivé")
				return
			}
			if r := b.get("/console/begles"); r.location != "/console/signin/code" {
				t.Errorf("the second factor is not asked: %d to %q", r.status, r.location)
			}
			code := account.Code(secret, account.Step(time.Now())+1)
			if r := b.post("/console/signin/code", url.Values{"code": {code}}); r.status != http.StatusSeeOther || b.get("/console/begles").status != http.StatusOK {
				t.Errorf("the code: %d", r.status)
			}
			if r := w.browser().post("/console/signin", url.Values{"email": {"com@begles.example"}, "password": {password}}); r.status != http.StatusUnprocessableEntity {
				t.Errorf("the password from before: %d", r.status)
			}
		})
	}
}

// withFactor sets the second factor of who is signed in, as their page does.
func (w *town) withFactor(b *browser) (secret []byte) {
	w.t.Helper()
	page := b.get("/console/account").body
	text := regexp.MustCompile(`href="otpauth://[^"]*secret=([A-Z2-7]+)"`).FindStringSubmatch(page)
	sealed := regexp.MustCompile(`name="sealed" value="([^"]+)"`).FindStringSubmatch(page)
	if text == nil || sealed == nil {
		w.t.Fatal("no secret on the account's page")
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text[1])
	must(w.t, err)
	code := account.Code(secret, account.Step(time.Now())-1)
	if r := b.post("/console/account", url.Values{"do": {"totp"}, "sealed": {sealed[1]}, "code": {code}}); r.status != http.StatusSeeOther {
		w.t.Fatalf("the second factor: %d", r.status)
	}
	return secret
}

// A link for another password must not open what its account may do since.
func TestAPasswordLinkEndsWhenTheAccountServesElsewhere(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	_, _, err := w.reg.Officers.Modify(t.Context(), registry.Key{"eve"}, func(o *registry.Officer) error {
		o.Roles["metropole"] = []registry.Role{registry.Administrator}
		return nil
	})
	must(t, err)
	kept := w.link(w.as("ada").press(teamPath+"/com", "link"))
	if r := w.browser().get(kept); r.status != http.StatusOK {
		t.Fatalf("the link: %d", r.status)
	}
	offered := w.link(w.as("eve").post("/console/metropole/team/new", invitation("Com", "com@begles.example", "approver")))
	if r := w.browser().get(kept); r.status != http.StatusOK {
		t.Errorf("an offer alone: %d", r.status)
	}
	if r := w.browser().post(offered, url.Values{"password": {password}}); r.status != http.StatusSeeOther {
		t.Fatalf("joining: %d", r.status)
	}
	if r := w.browser().post(kept, url.Values{"password": {"volé par un voisin"}}); r.status != http.StatusNotFound || w.officer("com").PasswordHash != passwordHash() {
		t.Errorf("the link from before: %d", r.status)
	}
}

// Two who invite one address at once, or one who presses twice, make one account.
func TestOneAccountAnAddress(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	browsers := []*browser{w.as("ada"), w.as("guy")}
	for round := range 8 {
		email := fmt.Sprintf("agent%d@begles.example", round)
		answers := make([]answer, len(browsers))
		var both sync.WaitGroup
		for i, b := range browsers {
			both.Go(func() {
				answers[i] = b.post(teamPath+"/new", invitation([]string{"Zoé Née", "Née Zoé"}[i*(round%2)], email, "officer"))
			})
		}
		both.Wait()
		entries, err := w.reg.Officers.List(t.Context())
		must(t, err)
		n := 0
		for _, e := range entries {
			if e.Value.Email == email {
				n++
			}
		}
		if n != 1 {
			t.Errorf("round %d: %d accounts", round, n)
		}
		links := 0
		for _, r := range answers {
			if r.status == http.StatusOK {
				links++
				if page := w.browser().get(w.link(r)); page.status != http.StatusOK {
					t.Errorf("round %d: a link that was shown is worth nothing", round)
				}
			} else if r.status != http.StatusUnprocessableEntity {
				t.Errorf("round %d: %d", round, r.status)
			}
		}
		if links != 1 {
			t.Errorf("round %d: %d links", round, links)
		}
	}
}

func TestInvitationsAreLimited(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	ada := w.as("ada")
	for n := range 40 {
		r := ada.post(teamPath+"/new", invitation("Agent", fmt.Sprintf("agent%d@begles.example", n), "analyst"))
		if r.status == http.StatusTooManyRequests {
			if n < 10 {
				t.Errorf("only %d at once", n)
			}
			return
		}
	}
	t.Error("addresses are tried without end")
}

// The link's form is used once, however often it is sent at once.
func TestALinkIsUsedOnceAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t, governed)
	link := w.link(w.as("ada").post(teamPath+"/new", invitation("Zoé Née", "zoe@begles.example", "officer")))
	var mu sync.Mutex
	in := map[string]int{}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			b := w.browser()
			r := b.post(link, url.Values{"password": {fmt.Sprintf("mot de passe de %d", n)}})
			mu.Lock()
			defer mu.Unlock()
			in[fmt.Sprint(r.status, " ", r.location)]++
		})
	}
	all.Wait()
	if n := in["303 /console/begles"]; n != 1 {
		t.Errorf("%d came in: %v", n, in)
	}
	eventstest.Eventually(t, func() bool { return w.browser().get(link).status == http.StatusNotFound }, within, "the link is used up")
}
