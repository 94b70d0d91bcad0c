package curator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

// answering stands at the other end of the trial: ingest finds a feed with two
// records, one of which is refused, and normalizer makes a message of the
// other.
func (w *town) answering() {
	t := w.t
	t.Helper()
	ingest, err := call.NewServer(t.Context(), w.nc, "ingest", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = ingest.Stop() })
	must(t, call.Handle(ingest, call.Try, func(_ context.Context, q call.TryRequest) (call.TryReply, error) {
		switch {
		case q.Authority != "begles":
			return call.TryReply{}, events.Permanentf(events.ReasonInternal, "authority %q", q.Authority)
		case strings.Contains(q.URL, "rien"):
			return call.TryReply{}, events.Permanentf(events.ReasonUnsupported, "no kind of source is recognised there")
		}
		return call.TryReply{
			Kind: "feed", URL: "https://mediatheque.example/feed.xml", Name: "Médiathèque de Bègles", Settings: json.RawMessage(`{"full":true}`),
			Every: 15 * time.Minute, Total: 12, Records: []call.TryRecord{
				{Refused: "feed: entry 1: <no title>"},
				{Raw: events.Raw{ID: "r", Kind: "feed", Item: "1", Hash: "h", Revision: 1, FetchedAt: w.now, Record: json.RawMessage(`{}`)}},
			},
		}, nil
	}))
	normalizer, err := call.NewServer(t.Context(), w.nc, "normalizer", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = normalizer.Stop() })
	must(t, call.Handle(normalizer, call.Normalise, func(_ context.Context, q call.NormaliseRequest) (call.NormaliseReply, error) {
		var reply call.NormaliseReply
		for _, raw := range q.Raws {
			if err := q.Source.Validate(); err != nil || raw.Authority != q.Source.Authority || raw.Source != q.Source.ID {
				return reply, events.Permanentf(events.ReasonInternal, "source %v of raw %s/%s", err, raw.Authority, raw.Source)
			}
			reply.Messages = append(reply.Messages, call.Normalised{Message: w.message("1", func(m *events.Message) {
				m.Topic, m.Content.Title, m.Content.Link = "culture", "Heure du conte <samedi>", "https://mediatheque.example/conte"
			})})
		}
		return reply, nil
	}))
}

var hiddenTrial = regexp.MustCompile(`name="trial" value="([^"]+)"`)

func TestPastedAddressBecomesASource(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.answering()
	_, err := w.reg.Streams.Put(t.Context(), registry.Stream{Authority: "begles", ID: "choisies", Name: "Sources choisies", Rule: registry.Rule{Sources: []string{"site"}}, Channels: []string{"sms"}})
	must(t, err)
	com := w.as("com")
	com.see("/console/begles/streams", "Sources choisies")
	r := com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"mediatheque.example"}})
	if r.status != http.StatusOK {
		t.Fatalf("trial: %d %s", r.status, r.body)
	}
	for _, want := range []string{
		"Trouvé\u00a0: Flux RSS ou Atom", "12 informations à cette adresse", "Heure du conte &lt;samedi&gt;", "Culture",
		"Refusée\u00a0: elle ne pourrait pas servir", "entry 1: &lt;no title&gt;", `value="Médiathèque de Bègles"`, "Sources choisies", "1 sur 2",
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the trial lacks %q", want)
		}
	}
	sealed := hiddenTrial.FindStringSubmatch(r.body)
	if sealed == nil {
		t.Fatal("no trial in the form")
	}
	values := url.Values{
		"do": {"create"}, "trial": {sealed[1]}, "address": {"mediatheque.example"}, "name": {"Agenda de la médiathèque"}, "class": {"promotional"},
		"trust": {"own"}, "every": {"1h"}, "topics": {"culture", "jeunesse"}, "areas": {"33039"}, "expiresafter": {"0s"}, "staleafter": {"72h"}, "stream": {"choisies"},
		"url": {"https://ailleurs.example/"}, "kind": {"mail"}, "settings": {`{"password_file":"/etc/passwd"}`}, // a form that was tampered with
	}
	if r := com.post("/console/begles/sources/new", values); r.status != http.StatusSeeOther || r.location != "/console/begles/sources/agenda-de-la-mediatheque?first=1" {
		t.Fatalf("adding: %d to %q %s", r.status, r.location, r.body)
	}
	s, _, err := w.reg.Sources.Get(t.Context(), "begles", "agenda-de-la-mediatheque")
	must(t, err)
	if s.URL != "https://mediatheque.example/feed.xml" || s.Kind != "feed" || string(s.Settings) != `{"full":true}` || s.Name != "Agenda de la médiathèque" ||
		s.Every.Std() != time.Hour || s.StaleAfter.Std() != 72*time.Hour || strings.Join(s.Topics, " ") != "culture jeunesse" || s.ClassDefault != events.ClassPromotional {
		t.Errorf("source %+v", s)
	}
	st, _, err := w.reg.Streams.Get(t.Context(), "begles", "choisies")
	must(t, err)
	if strings.Join(st.Rule.Sources, " ") != "site agenda-de-la-mediatheque" {
		t.Errorf("the stream’s sources are %v", st.Rule.Sources)
	}
	com.see("/console/begles/journal", "Source ajoutée")
}

func TestAnAddressEndsInAStream(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.answering()
	_, _, err := w.reg.Streams.Modify(t.Context(), registry.Key{"begles", "infos"}, func(s *registry.Stream) error {
		s.Rule.Topics = []string{"eau"}
		return nil
	})
	must(t, err)
	_, err = w.reg.Channels.Put(t.Context(), registry.Channel{Authority: "begles", ID: "fil", Name: "Fil", Kind: "feed"})
	must(t, err)
	com := w.as("com")
	var page string
	eventstest.Eventually(t, func() bool {
		page = com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"mediatheque.example"}}).body
		return strings.Contains(page, "Aucun flux ne la prend de lui-même")
	}, within, "no stream takes it")
	values := url.Values{
		"do": {"create"}, "trial": {hiddenTrial.FindStringSubmatch(page)[1]}, "name": {"Médiathèque"}, "class": {"service"},
		"trust": {"own"}, "every": {"1h"}, "expiresafter": {"0s"}, "staleafter": {"0s"},
	}
	if r := com.post("/console/begles/sources/new", values); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "choisissez-en un, ou créez le sien") {
		t.Fatalf("a source that nothing takes: %d", r.status)
	}
	values["stream"] = []string{"+"}
	r := com.post("/console/begles/sources/new", values)
	if r.status != http.StatusSeeOther || r.location != "/console/begles/sources/mediatheque?first=1" {
		t.Fatalf("adding: %d to %q", r.status, r.location)
	}
	st, _, err := w.reg.Streams.Get(t.Context(), "begles", "mediatheque")
	must(t, err)
	if st.Policy != registry.Review || strings.Join(st.Rule.Sources, " ") != "mediatheque" || len(st.Channels) != 2 {
		t.Errorf("the stream of its own %+v", st)
	}
	if page := com.get(r.location).body; !strings.Contains(page, "Première lecture…") || !strings.Contains(page, `hx-get="/console/begles/sources/mediatheque/first?first=2"`) {
		t.Error("the page does not wait for the first reading")
	}
	com.see("/console/begles/streams", "Médiathèque")
	w.emit(w.message("1", func(m *events.Message) {
		m.ID = events.MessageID("begles", "mediatheque", "1")
		m.Incident, m.Source, m.Topic, m.Content.Title, m.Origin[0].Source = m.ID, "mediatheque", "culture", "Heure du conte", "mediatheque"
	}))
	part := com.see("/console/begles/sources/mediatheque/first?first=2", "Heure du conte")
	if !strings.Contains(part, `href="/console/begles/streams/mediatheque"`) || strings.Contains(part, "hx-get") || strings.Contains(part, "<html") {
		t.Errorf("the first reading: %s", part)
	}
}

func TestAddressThatIsNoSource(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	com := w.as("com")
	if r := com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"mediatheque.example"}}); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "indisponible") {
		t.Errorf("without ingest: %d", r.status)
	}
	w.answering()
	for address, want := range map[string]string{"": "À remplir.", "rien.example": "Aucune source n’est reconnue"} {
		r := com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {address}})
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, want) || !strings.Contains(r.body, `href="#f-address"`) {
			t.Errorf("address %q: %d without %q", address, r.status, want)
		}
	}
	last := answer{}
	for range 13 {
		last = com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"rien.example"}})
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("the thirteenth trial at once: %d", last.status)
	}
}

func TestTrialIsSealed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.answering()
	com, ana := w.as("com"), w.as("ana")
	r := com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"mediatheque.example"}})
	sealed := hiddenTrial.FindStringSubmatch(r.body)[1]
	for name, try := range map[string]struct {
		by    *browser
		trial string
	}{"of somebody else": {ana, sealed}, "made up": {com, "e30"}, "none": {com, ""}} {
		r := try.by.post("/console/begles/sources/new", url.Values{"do": {"create"}, "trial": {try.trial}, "name": {"x"}})
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "Lisez l’adresse de nouveau") {
			t.Errorf("a trial %s: %d", name, r.status)
		}
	}
	good := url.Values{"do": {"create"}, "trial": {sealed}, "name": {"x"}, "class": {"service"}, "trust": {"own"}, "every": {"0s"}, "expiresafter": {"0s"}, "staleafter": {"0s"}}
	for field, value := range map[string]string{"name": "", "class": "x", "trust": "state", "every": "1s", "areas": "33 39 ici!", "staleafter": "soon"} {
		bad := url.Values{}
		for k, v := range good {
			bad[k] = v
		}
		bad.Set(field, value)
		if r := com.post("/console/begles/sources/new", bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-`+field+`"`) {
			t.Errorf("%s=%q: %d", field, value, r.status)
		}
	}
	if r := com.post("/console/begles/sources/new", good); r.status != http.StatusSeeOther {
		t.Errorf("what is right: %d", r.status)
	}
}

func TestSourceIsEditedPausedResumedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	com := w.as("com")
	const path = "/console/begles/sources/site"
	values := com.form(path)
	values.Set("do", "save")
	values.Set("name", "Site de Bègles")
	values.Set("class", "service")
	values.Set("trust", "partner")
	values.Set("every", "15m")
	values.Set("expiresafter", "0s")
	values.Set("staleafter", "0s")
	stale := url.Values{}
	for k, v := range values {
		stale[k] = v
	}
	if r := com.post(path, values); r.status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", r.status, r.body)
	}
	s, _, err := w.reg.Sources.Get(t.Context(), "begles", "site")
	must(t, err)
	if s.Name != "Site de Bègles" || s.Trust != registry.TrustPartner || s.Every.Std() != 15*time.Minute || s.URL != "https://begles.example/feed" {
		t.Errorf("source %+v", s)
	}
	if r := com.post(path, stale); r.status != http.StatusConflict || !strings.Contains(r.body, "pendant votre saisie") {
		t.Errorf("what somebody else changed meanwhile: %d", r.status)
	}
	for _, step := range []struct {
		do     string
		paused bool
	}{{"pause", true}, {"resume", false}} {
		if r := com.press(path, step.do); r.status != http.StatusSeeOther {
			t.Fatalf("%s: %d", step.do, r.status)
		}
		if s, _, err = w.reg.Sources.Get(t.Context(), "begles", "site"); err != nil || s.Paused != step.paused {
			t.Errorf("%s: paused %t, %v", step.do, s.Paused, err)
		}
	}
	_, err = w.reg.Streams.Put(t.Context(), registry.Stream{Authority: "begles", ID: "choisies", Name: "Sources choisies", Rule: registry.Rule{Sources: []string{"site"}}, Channels: []string{"sms"}})
	must(t, err)
	com.see(path, "Sources choisies")
	if r := com.press(path, "remove"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "retirez-la d’abord de la règle") {
		t.Errorf("removing what a rule names: %d", r.status)
	}
	must(t, w.reg.Streams.Delete(t.Context(), "begles", "choisies"))
	eventstest.Eventually(t, func() bool { return com.press(path, "remove").status == http.StatusSeeOther }, within, "the source is removed")
	if r := com.get(path); r.status != http.StatusNotFound {
		t.Errorf("a source that was removed: %d", r.status)
	}
}

func TestSourceWithSettingsStaysOnItsSite(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.reg.Sources.Put(t.Context(), registry.Source{
		Authority: "begles", ID: "agenda", Name: "Agenda", Kind: "openagenda", URL: "https://api.openagenda.com/v2/agendas/1", Settings: json.RawMessage(`{"key_file":"/run/secrets/openagenda"}`),
	})
	must(t, err)
	com := w.as("com")
	com.see("/console/begles/sources/agenda", "/run/secrets/openagenda")
	for address, want := range map[string]int{
		"https://ailleurs.example/v2/agendas/1": http.StatusUnprocessableEntity,
		"http://api.openagenda.com/v2":          http.StatusUnprocessableEntity,
		"https://api.openagenda.com/v2/2":       http.StatusSeeOther,
	} {
		values := url.Values{
			"do": {"save"}, "revision": com.form("/console/begles/sources/agenda")["revision"][:1], "url": {address}, "settings": {`{"key_file":"/etc/passwd"}`},
			"name": {"Agenda"}, "class": {"service"}, "trust": {"own"}, "every": {"0s"}, "expiresafter": {"0s"}, "staleafter": {"0s"},
		}
		if r := com.post("/console/begles/sources/agenda", values); r.status != want {
			t.Errorf("%s: %d, want %d", address, r.status, want)
		}
	}
	s, _, err := w.reg.Sources.Get(t.Context(), "begles", "agenda")
	must(t, err)
	if string(s.Settings) != `{"key_file":"/run/secrets/openagenda"}` {
		t.Errorf("settings %s", s.Settings)
	}
}

func TestWhoMaySetUp(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.answering()
	_, err := w.reg.Officers.Put(t.Context(), registry.Officer{ID: "lea", Name: "Léa Admin", Email: "lea@begles.example", PasswordHash: w.hash(), Roles: map[string][]registry.Role{"begles": {registry.Administrator}}})
	must(t, err)
	com, sam, eve := w.as("com"), w.as("stagiaire"), w.as("eve")
	save := url.Values{"do": {"pause"}, "revision": {"1"}}
	tests := []struct {
		name string
		do   func() answer
		want int
	}{
		{"a contributor reads sources", func() answer { return sam.get("/console/begles/sources/site") }, http.StatusOK},
		{"a contributor pastes", func() answer {
			return sam.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"a.example"}})
		}, http.StatusForbidden},
		{"a contributor opens the page to paste", func() answer { return sam.get("/console/begles/sources/new") }, http.StatusForbidden},
		{"a contributor pauses a source", func() answer { return sam.post("/console/begles/sources/site", save) }, http.StatusForbidden},
		{"a contributor changes a stream", func() answer { return sam.post("/console/begles/streams/infos", save) }, http.StatusForbidden},
		{"a contributor creates a stream", func() answer { return sam.post("/console/begles/streams/new", url.Values{"name": {"x"}}) }, http.StatusForbidden},
		{"another authority’s officer pastes", func() answer {
			return eve.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"a.example"}})
		}, http.StatusNotFound},
		{"another authority’s officer pauses", func() answer { return eve.post("/console/begles/sources/site", save) }, http.StatusNotFound},
		{"another authority’s officer changes a stream", func() answer { return eve.post("/console/begles/streams/infos", save) }, http.StatusNotFound},
		{"nobody pastes", func() answer { return w.browser().post("/console/begles/sources/new", url.Values{"do": {"try"}}) }, http.StatusSeeOther},
		{"another site pastes", func() answer {
			return com.post("/console/begles/sources/new", url.Values{"do": {"try"}, "address": {"a.example"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://ailleurs.example")
		}, http.StatusForbidden},
		{"an officer pauses the State’s source", func() answer { return com.post("/console/begles/sources/pref", save) }, http.StatusForbidden},
		{"an officer reads the console’s own source", func() answer { return com.get("/console/begles/sources/console") }, http.StatusNotFound},
		{"an act that is not", func() answer {
			return com.post("/console/begles/sources/site", url.Values{"do": {"burn"}, "revision": com.form("/console/begles/sources/site")["revision"][:1]})
		}, http.StatusBadRequest},
	}
	for _, tt := range tests {
		if r := tt.do(); r.status != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, r.status, tt.want)
		}
	}
	if s, _, err := w.reg.Sources.Get(t.Context(), "begles", "pref"); err != nil || s.Paused {
		t.Errorf("the State’s source is paused: %t, %v", s.Paused, err)
	}
	lea := w.as("lea")
	if r := lea.press("/console/begles/sources/pref", "pause"); r.status != http.StatusSeeOther {
		t.Errorf("an administrator pauses the State’s source: %d", r.status)
	}
}

// hash is the password's of another officer.
func (w *town) hash() string {
	o, _, err := w.reg.Officers.Get(w.t.Context(), "ana")
	must(w.t, err)
	return o.PasswordHash
}

func TestStreamIsCreatedEditedPausedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	com := w.as("com")
	values := url.Values{
		"do": {"save"}, "name": {"Sport & loisirs à Bègles"}, "policy": {"automatic"}, "severity": {""}, "topics": {"sport"}, "channels": {"sms"},
		"sources": {"site", "metropole/travaux"}, "classes": {"service", "promotional"}, "areas": {"33039, 33"}, "public": {"1"},
	}
	if r := com.post("/console/begles/streams/new", values); r.status != http.StatusSeeOther {
		t.Fatalf("create: %d %s", r.status, r.body)
	}
	s, _, err := w.reg.Streams.Get(t.Context(), "begles", "sport-loisirs-a-begles")
	must(t, err)
	if s.Policy != registry.Automatic || !s.Public || strings.Join(s.Rule.Sources, " ") != "site metropole/travaux" && strings.Join(s.Rule.Sources, " ") != "metropole/travaux site" ||
		strings.Join(s.Rule.Areas, " ") != "33039 33" || len(s.Rule.Classes) != 2 || strings.Join(s.Channels, " ") != "sms" {
		t.Errorf("stream %+v", s)
	}
	const path = "/console/begles/streams/sport-loisirs-a-begles"
	for field, value := range map[string]string{"name": "", "policy": "never", "severity": "Huge", "topics": "nope", "channels": "nope", "areas": "ici!", "sources": "nope", "classes": "nope"} {
		bad := url.Values{"revision": com.form(path)["revision"][:1]}
		for k, v := range values {
			bad[k] = v
		}
		bad[field] = []string{value}
		if r := com.post(path, bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-`+field+`"`) {
			t.Errorf("%s=%q: %d", field, value, r.status)
		}
	}
	values.Set("revision", com.form(path).Get("revision"))
	values.Set("policy", "review")
	values.Del("public")
	if r := com.post(path, values); r.status != http.StatusSeeOther {
		t.Fatalf("save: %d", r.status)
	}
	if r := com.post(path, values); r.status != http.StatusConflict {
		t.Errorf("an older revision: %d", r.status)
	}
	if r := com.press(path, "pause"); r.status != http.StatusSeeOther {
		t.Errorf("pause: %d", r.status)
	}
	s, _, err = w.reg.Streams.Get(t.Context(), "begles", "sport-loisirs-a-begles")
	must(t, err)
	if s.Policy != registry.Review || s.Public || !s.Paused || s.ID != "sport-loisirs-a-begles" {
		t.Errorf("stream %+v", s)
	}
	if r := com.press(path, "remove"); r.status != http.StatusSeeOther {
		t.Errorf("remove: %d", r.status)
	}
	w.emit(w.message("1", nil))
	com.see("/console/begles", "Coupure d’eau")
	if r := com.press("/console/begles/streams/infos", "remove"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "1 information de ce flux") {
		t.Errorf("removing a stream that holds an item: %d", r.status)
	}
}

// TestTheLastOfManyRefusedAreShown: those of the source itself, however many others
// push to it unsigned.
func TestTheLastOfManyRefusedAreShown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for i := range 120 {
		r := record.Rejection{Authority: "begles", Source: "site", Item: fmt.Sprint("n", i), At: w.now.Add(time.Duration(i-120) * time.Minute), Reason: events.ReasonInvalidContent, Detail: fmt.Sprintf("row %d: no date", i), Unsigned: i >= 60}
		body, err := json.Marshal(r)
		must(t, err)
		_, err = w.js.Publish(t.Context(), r.Subject(), body)
		must(t, err)
	}
	com := w.as("com")
	if list := com.get("/console/begles/sources").body; !strings.Contains(list, "120 informations refusées en 30 jours") || !strings.Contains(list, "row 59: no date") {
		t.Error("the list does not count them, or shows what anyone pushed")
	}
	page := com.get("/console/begles/sources/site").body
	for row, want := range map[int]bool{0: false, 9: false, 10: true, 59: true, 60: false, 70: true, 119: true} {
		if got := strings.Contains(page, fmt.Sprintf("row %d: no date", row)); got != want {
			t.Errorf("row %d is shown: %t", row, got)
		}
	}
}

func TestRefusedInputsAreShownUnderTheirSource(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for i, r := range []record.Rejection{
		{Item: "a", Reason: events.ReasonInvalidContent, Detail: "feed: line 3: <entry> is not closed", Body: []byte("<script>alert(1)</script>\x1b[31m\u202e" + strings.Repeat("é", 4000)), Bytes: 90_000},
		{Item: "b", Reason: events.ReasonTooLarge, Detail: "feed: 1 GB", Body: []byte{0, 1, 2, 3, 255, 254}, Bytes: 1 << 30},
	} {
		r.Authority, r.Source, r.At = "begles", "site", w.now.Add(time.Duration(i-2)*time.Hour)
		body, err := json.Marshal(r)
		must(t, err)
		_, err = w.js.Publish(t.Context(), r.Subject(), body)
		must(t, err)
	}
	com := w.as("com")
	list := com.get("/console/begles/sources").body
	for _, want := range []string{"2 informations refusées en 30 jours", "Le contenu est trop gros."} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	page := com.get("/console/begles/sources/site").body
	for _, want := range []string{"line 3: &lt;entry&gt; is not closed", "&lt;script&gt;alert(1)", "Le début seulement.", "Le contenu n’est pas du texte.", "90\u202f000 octets"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"<script>alert", "\x1b", "\u202e", "\x00"} {
		if strings.Contains(page, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	if strings.Index(page, "trop gros") > strings.Index(page, "mal formé") {
		t.Error("the latest is not first")
	}
	if page := com.get("/console/begles/sources/pref").body; !strings.Contains(page, "Rien n’a été refusé") {
		t.Error("another source shows them")
	}
}

func TestSourcesWarnBeforeTheEnd(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	const day = 24 * time.Hour
	for source, h := range map[string]registry.SourceHealth{
		"site": {CertificateExpires: w.now.Add(20 * day), TokenExpires: w.now.Add(40 * day), ChangesADay: 2.5},
		"pref": {CertificateExpires: w.now.Add(60 * day), TokenExpires: w.now.Add(-day), PushRefused: true},
	} {
		h.Authority, h.Source, h.LastAttempt, h.LastSuccess, h.NextFetch = "begles", source, w.now, w.now, w.now.Add(time.Hour)
		_, err := w.reg.SourceHealth.Put(t.Context(), h)
		must(t, err)
	}
	page := w.as("com").see("/console/begles/sources", "Le certificat du site finit dans 20")
	for _, want := range []string{"Le jeton d’accès a fini", "un service d’envoi immédiat (WebSub) qui nous refuse", "2,5 nouveautés par jour"} {
		if !strings.Contains(page, want) {
			t.Errorf("the sources lack %q", want)
		}
	}
	if strings.Count(page, "source-alarm") != 3 {
		t.Error("what ends later is an alarm too")
	}
}
