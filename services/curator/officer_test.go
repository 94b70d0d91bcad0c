package curator_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
)

// TestOthersAreToldOfAnAlert: at its first approval, not at its last.
func TestOthersAreToldOfAnAlert(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	server, err := call.NewServer(t.Context(), w.nc, "publisher", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	told := make(chan call.TellRequest, 4)
	must(t, call.Handle(server, call.Tell, func(_ context.Context, q call.TellRequest) (call.TellReply, error) {
		told <- q
		return call.TellReply{Channels: []string{"equipe"}}, nil
	}))
	m := w.emit(w.message("1", func(m *events.Message) { m.Class, m.Severity = events.ClassAlert, events.SeveritySevere }))
	plain := w.emit(w.message("2", func(m *events.Message) { m.Content.Title = "Marché déplacé" }))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", m.Content.Title)
	ana.see("/console/begles", plain.Content.Title)
	ana.press(pathOf("infos", plain), "approve")
	ana.press(pathOf("infos", m), "approve")
	select {
	case q := <-told:
		if q.Authority != "begles" || !strings.Contains(q.Text, m.Content.Title) || !strings.Contains(q.Text, "Ana Lopez") || q.Link != "https://crieur.example"+pathOf("infos", m) {
			t.Errorf("%+v", q)
		}
	case <-time.After(within):
		t.Fatal("nobody is told")
	}
	bob.press(pathOf("infos", m), "approve")
	w.awaitPublications("infos", 2)
	if len(told) != 0 {
		t.Errorf("told again: %+v", <-told)
	}
}

func TestWhatIsSetAsideIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	r := ana.press(pathOf("infos", m), "reject")
	if r.status != http.StatusSeeOther {
		t.Fatalf("reject: %d", r.status)
	}
	ana.see(r.location, "Information écartée.")
	if r := ana.press(pathOf("infos", m), "restore"); r.status != http.StatusSeeOther {
		t.Fatalf("undo: %d", r.status)
	}
	ana.see("/console/begles", m.Content.Title)
	if page := ana.get(r.location).body; strings.Contains(page, "Information écartée.") {
		t.Error("what was taken back is still told as set aside")
	}
}

// TestPreviewsSayWhatTheyAre: of what is published, of its correction; what a
// channel writes in a simpler form to no effect is no warning; each sign and
// each language has its own.
func TestPreviewsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	server, err := call.NewServer(t.Context(), w.nc, "publisher", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	must(t, call.Handle(server, call.Render, func(_ context.Context, q call.RenderRequest) (call.RenderReply, error) {
		return call.RenderReply{Rendered: []call.Rendered{
			{
				Channel: "sms", Kind: "sms", Rendition: events.Rendition{Text: string(q.Publication.MsgType), Warnings: []string{"folded: ’ → '", "cut: title"}},
				Preview: call.Preview{Facts: []string{"folded: ’ → '"}, Variants: []call.PreviewVariant{{Language: "fr-simple", Text: "Pas d’eau.", Facts: []string{"11 caractères sur 160 · 1 SMS"}}}},
			},
			{Channel: "panneaux", Kind: "sign", Preview: call.Preview{Images: []string{"data:image/png;base64,AAAA", "data:image/png;base64,BBBB"}, Alts: []string{"A", "B"}, Shown: []string{"gare", "mairie gare"}}},
		}}, nil
	}))
	for id, name := range map[string]string{"gare": "Gare", "mairie": "Mairie"} {
		w.hears(id, name, registry.Sign{}, w.now)
	}
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	path := pathOf("infos", m)
	page := ana.see(path, "Mairie, Gare")
	for _, want := range []string{"Apostrophes et tirets simplifiés, sans effet", "Raccourci\u00a0: titre", "Facile à lire et à comprendre", "Pas d’eau.", `<p class="sign-name">Gare</p>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the previews lack %q", want)
		}
	}
	if strings.Contains(page, "Caractères remplacés") || strings.Contains(page, "Ce qui est diffusé") {
		t.Error("a plain apostrophe is a warning, or what waits is told as published")
	}
	ana.press(path, "approve")
	w.awaitPublications("infos", 1)
	page = ana.see(path, "Ce qui est diffusé")
	if !strings.Contains(page, `>Alert</p>`) {
		t.Error("before any edit, something else than what is published is previewed")
	}
	values := ana.form(path)
	values.Set("title", "Eau coupée mercredi")
	values.Set("do", "preview")
	page = ana.post(path, values, "HX-Request", "true").body
	if !strings.Contains(page, "Aperçu du rectificatif") || !strings.Contains(page, `>Update</p>`) {
		t.Error("an edit is not previewed as a correction")
	}
}

// TestACorrectionNamesWhatItLeaves: a text of one channel and a translation
// would be sent as corrected, and say what was wrong.
func TestACorrectionNamesWhatItLeaves(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	path := pathOf("infos", m)
	ana.press(path, "approve", "override-sms", "Pas d’eau mardi.", "title-en", "No water", "text-en", "No water on Tuesday.")
	w.awaitPublications("infos", 1)
	const warning = "SMS (texte adapté), anglais. À relire"
	if page := ana.see(path, "Diffuser le rectificatif"); strings.Contains(page, warning) {
		t.Error("a warning before any change")
	}
	preview := func(pairs ...string) string {
		values := ana.form(path)
		values.Set("do", "preview")
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return ana.post(path, values, "HX-Request", "true").body
	}
	if page := preview("title", "Eau coupée mercredi"); !strings.Contains(page, `hx-swap-oob="innerHTML:#stale">Le texte change`) || !strings.Contains(page, warning) {
		t.Errorf("what the correction leaves is not named: %s", page)
	}
	if page := preview("title", "Eau coupée mercredi", "override-sms", "Pas d’eau mercredi.", "text-en", "No water on Wednesday."); strings.Contains(page, "À relire") {
		t.Error("what is corrected is named")
	}
}

// TestEverythingIsSuspended: what is automatic waits, an officer's approval does
// not.
func TestEverythingIsSuspended(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	com := w.as("com")
	if r := com.post("/console/begles/streams", url.Values{"do": {"pause"}}); r.status != http.StatusSeeOther {
		t.Fatalf("suspend: %d", r.status)
	}
	com.see("/console/begles/streams", "Tout reprendre")
	automatic := w.emit(w.message("2", func(m *events.Message) { m.Topic, m.Content.Title = "dechets", "Collecte avancée" }))
	com.see("/console/begles", automatic.Content.Title)
	now := w.emit(w.message("3", func(m *events.Message) { m.Content.Title = "Marché déplacé" }))
	com.see("/console/begles", now.Content.Title)
	com.press(pathOf("infos", now), "approve")
	w.awaitPublications("infos", 1)
	if n := len(w.publications("collecte")); n != 0 {
		t.Errorf("%d publications by themselves", n)
	}
	com.post("/console/begles/streams", url.Values{"do": {"resume"}})
	w.emit(w.message("4", func(m *events.Message) { m.Topic = "dechets" }))
	w.awaitPublications("collecte", 1)
	if r := w.as("stagiaire").post("/console/begles/streams", url.Values{"do": {"pause"}}); r.status != http.StatusForbidden {
		t.Errorf("a contributor suspends: %d", r.status)
	}
}

// TestCalendar: a week that says too much to one person is told, alerts apart.
func TestCalendar(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	for _, id := range []string{"1", "2", "3", "4"} {
		w.emit(w.message(id, func(m *events.Message) { m.Topic, m.Content.Title = "dechets", "Collecte "+id }))
	}
	w.emit(w.message("a", func(m *events.Message) { m.Class, m.Content.Title = events.ClassAlert, "Fuite de gaz" }))
	w.awaitPublications("collecte", 4)
	page := ana.see("/console/begles/calendar", "Collecte 4")
	if strings.Contains(page, "on se désabonne") || strings.Contains(page, "Fuite de gaz") {
		t.Error("four messages a week are too many, or what waits for approval is in the calendar")
	}
	ana.see("/console/begles?tab=published", `href="/console/begles/calendar"`)
	w.emit(w.message("5", func(m *events.Message) { m.Topic, m.Content.Title = "dechets", "Collecte 5" }))
	w.awaitPublications("collecte", 5)
	ana.see("/console/begles/calendar", "on se désabonne")
	if page := ana.get("/console/begles/calendar?from=2020-01-01").body; strings.Contains(page, "Collecte") || !strings.Contains(page, "décembre 2019") {
		t.Error("another week is not shown")
	}
}

func TestJournalIsSearched(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", func(m *events.Message) { m.Content.Title = "=Coupure d’eau" }))
	other := w.emit(w.message("2", func(m *events.Message) { m.Content.Title = "Marché déplacé" }))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", m.Content.Title)
	ana.see("/console/begles", other.Content.Title)
	ana.press(pathOf("infos", m), "approve")
	bob.press(pathOf("infos", other), "reject")
	ana.see("/console/begles/journal", "Écartée")
	page := ana.get("/console/begles/journal?q=BOB+ecart").body
	if !strings.Contains(page, "1 ligne trouvée") || !strings.Contains(page, "Marché déplacé") || strings.Contains(page, "=Coupure") {
		t.Error("a search finds too much or too little")
	}
	if page := ana.get("/console/begles/journal?to=2020-01-01").body; !strings.Contains(page, "Rien ne correspond à cette recherche") {
		t.Error("days are not looked at")
	}
	r := ana.get("/console/begles/journal.csv?q=approuvee")
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	must(t, err)
	if len(rows) != 2 || rows[1][4] != "Ana Lopez" || rows[1][6] != "'=Coupure d’eau" || len(rows[1][8]) < 40 {
		t.Errorf("CSV: %q", rows)
	}
	if r := w.as("eve").get("/console/begles/journal.csv"); r.status != http.StatusNotFound {
		t.Errorf("somebody of another authority: %d", r.status)
	}
}
