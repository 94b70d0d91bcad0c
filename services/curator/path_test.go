package curator_test

import (
	"encoding/base32"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

func TestAutomaticStreamPublishesCorrectsAndWithdraws(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	waste := func(m *events.Message) { m.Topic = "dechets" }
	m := w.emit(w.message("1", waste))
	w.awaitPublications("collecte", 1)
	w.emit(m) // the same again
	m = w.emit(w.message("1", func(m *events.Message) {
		waste(m)
		m.Revision, m.MsgType, m.Content.Title = 2, events.MsgUpdate, "Collecte samedi"
	}))
	list := w.awaitPublications("collecte", 2)
	if list[1].MsgType != events.MsgUpdate || list[1].Revision != 2 || list[1].Content.Title != "Collecte samedi" {
		t.Errorf("correction %+v", list[1])
	}
	w.emit(w.message("1", func(m *events.Message) {
		m.Revision, m.MsgType, m.Topic = 3, events.MsgCancel, "vie-municipale" // a withdrawn raw has lost its topic
	}))
	list = w.awaitPublications("collecte", 3)
	if list[2].MsgType != events.MsgCancel || list[2].Content.Title != "Collecte samedi" {
		t.Errorf("withdrawal %+v", list[2])
	}
	if n := len(w.publications("infos")); n != 0 {
		t.Errorf("%d publications on the reviewed stream", n)
	}
	_ = m
}

func TestOldNewsNeverLeaveByThemselves(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", func(m *events.Message) { m.Topic, m.Backlog = "dechets", true }))
	ana := w.as("ana")
	ana.see(pathOf("collecte", m), "Approuver et diffuser")
	if n := len(w.publications("collecte")); n != 0 {
		t.Errorf("%d publications of old news", n)
	}
}

func TestIncidentIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	first := w.emit(w.message("1", nil))
	second := w.emit(w.message("2", func(m *events.Message) {
		m.Incident, m.Source, m.Content.Title = first.ID, "pref", "Coupure d’eau : avis de la préfecture"
		m.Origin[0].Source = "pref"
	}))
	ana := w.as("ana")
	page := ana.see("/console/begles", "Une autre source dit la même chose")
	if n := strings.Count(page, `<article class="row`); n != 1 {
		t.Errorf("%d cards for one incident", n)
	}
	ana.press(pathOf("infos", first), "approve")
	p := w.awaitPublications("infos", 1)[0]
	if len(p.Origin) != 2 {
		t.Errorf("provenance %+v", p.Origin)
	}
	ana.see(pathOf("infos", second), "Déjà dit par une autre source")
	if body := ana.get(pathOf("infos", first)).body; !strings.Contains(body, "Aussi annoncé par") {
		t.Error("what was published does not name what it covers")
	}
}

func TestAutomaticIncidentIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	first := w.emit(w.message("1", func(m *events.Message) { m.Topic = "dechets" }))
	w.awaitPublications("collecte", 1)
	second := w.emit(w.message("2", func(m *events.Message) { m.Topic, m.Incident = "dechets", first.ID }))
	ana := w.as("ana")
	ana.see(pathOf("collecte", second), "Déjà dit par une autre source")
	if n := len(w.publications("collecte")); n != 1 {
		t.Errorf("%d publications of one incident", n)
	}
}

func TestParentsMessageIsModeratedInTheCommune(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", func(m *events.Message) {
		m.ID = events.MessageID("metropole", "travaux", "1")
		m.Authority, m.Source, m.Incident = "metropole", "travaux", m.ID
		m.Areas = []events.Area{{INSEE: []string{"33039"}}}
	}))
	ana := w.as("ana")
	ana.see("/console/begles", "Travaux de la métropole (Bordeaux Métropole)")
	ana.press(pathOf("infos", m), "approve")
	if p := w.awaitPublications("infos", 1)[0]; p.Authority != "begles" || strings.Join(p.Audience.Areas, "") != "33039" {
		t.Errorf("publication %+v", p)
	}
}

func TestCorrectAndWithdrawByAnOfficer(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	ana.press(path, "approve")
	w.awaitPublications("infos", 1)
	if r := ana.press(path, "approve", "title", "Coupure reportée à jeudi"); r.status != http.StatusSeeOther {
		t.Fatalf("correct: %d %s", r.status, r.body)
	}
	if p := w.awaitPublications("infos", 2)[1]; p.MsgType != events.MsgUpdate || p.Content.Title != "Coupure reportée à jeudi" || p.Audience.CorrectionOf != 1 {
		t.Errorf("correction %+v", p)
	}
	if r := ana.press(path, "withdraw", "reason", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("withdrawn without a reason: %d", r.status)
	}
	if r := ana.press(path, "withdraw", "reason", "Travaux annulés"); r.status != http.StatusSeeOther {
		t.Fatalf("withdraw: %d", r.status)
	}
	if p := w.awaitPublications("infos", 3)[2]; p.MsgType != events.MsgCancel || p.Reason != "Travaux annulés" {
		t.Errorf("withdrawal %+v", p)
	}
	ana.see("/console/begles?tab=rejected", "Coupure reportée à jeudi")
}

func TestScheduledLeavesAtItsTime(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	if r := ana.press(path, "schedule", "notbefore", time.Now().Add(-time.Hour).In(paris).Format("2006-01-02T15:04")); r.status != http.StatusUnprocessableEntity {
		t.Errorf("scheduled in the past: %d", r.status)
	}
	if r := ana.press(path, "schedule", "notbefore", time.Now().Add(3*time.Hour).In(paris).Format("2006-01-02T15:04")); r.status != http.StatusSeeOther {
		t.Fatalf("schedule: %d", r.status)
	}
	ana.see("/console/begles?tab=scheduled", "Coupure d’eau")
	if n := len(w.publications("infos")); n != 0 {
		t.Errorf("%d publications before the time", n)
	}
	if r := ana.press(path, "restore"); r.status != http.StatusSeeOther {
		t.Errorf("taken back from the schedule: %d", r.status)
	}
	ana.press(path, "schedule")
	if !strings.Contains(ana.get(path).body, "Un changement du texte annule cet envoi") {
		t.Error("nothing says that an edit cancels the schedule")
	}
	ana.press(path, "save", "title", "Coupure d’eau, rue du Port")
	if !strings.Contains(ana.get(path).body, "est annulé\u00a0: approuvez ou programmez de nouveau") {
		t.Error("what was scheduled waits for an approval, and nothing says so")
	}
	ana.see("/console/begles", "Coupure d’eau")
}

func TestReceiptsShowByChannel(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.reg.Channels.Put(t.Context(), registry.Channel{Authority: "begles", ID: "panneaux", Name: "Courriel", Kind: "email"})
	must(t, err)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	ana.press(pathOf("infos", m), "approve")
	p := w.awaitPublications("infos", 1)[0]
	d := events.Delivery{
		ID: "d1", Publication: p.ID, Revision: 1, Authority: "begles", Stream: "infos", Channel: "sms", Kind: "sms", Class: p.Class, Topic: p.Topic,
	}
	var to []events.Recipient
	for i := range 37 {
		status := events.StatusDelivered
		if i < 3 {
			status = events.StatusFailed
		}
		to = append(to, events.Recipient{ID: string(rune('a' + i)), Status: status, At: w.now})
	}
	must(t, w.emitter.Publish(t.Context(), events.NewReceipt(d, "dlr-1", w.now, to)))
	ana.see(pathOf("infos", m), `data-label="Remis ou affiché" class="numeric">34<`)
	if part := ana.get(pathOf("infos", m) + "/delivery").body; !strings.Contains(part, `class="numeric">34<`) || strings.Contains(part, "<html") {
		t.Error("the page that follows a publication is not told what became of it")
	}
	d.ID, d.Channel, d.Kind = "d2", "panneaux", "email"
	must(t, w.emitter.Publish(t.Context(), events.NewReceipt(d, "submit", w.now, []events.Recipient{{ID: "a", Status: events.StatusSent, At: w.now}})))
	body := ana.see(pathOf("infos", m), `data-label="Envoyé" class="numeric">1<`)
	for what, want := range map[string]string{
		"the failures":       `data-label="Échec" class="numeric">3<`,
		"what arrived, sent": `data-label="Envoyé" class="numeric">34<`,
		"no confirmation":    `data-label="Remis ou affiché" class="numeric">–<`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s: the page lacks %q", what, want)
		}
	}
}

// TestEachVersionHasItsTable: 80 people told of an alert and then of its
// withdrawal are 80 people informed.
func TestEachVersionHasItsTable(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", "Coupure d’eau")
	path := pathOf("infos", m)
	told := func(revision, people int) {
		p := w.awaitPublications("infos", revision)[revision-1]
		d := events.Delivery{
			ID: events.NewID(p.ID, string(p.MsgType)), Publication: p.ID, Revision: revision, Authority: "begles", Stream: "infos", Channel: "sms", Kind: "sms", Class: p.Class, Topic: p.Topic,
		}
		to := make([]events.Recipient, people)
		for i := range to {
			to[i] = events.Recipient{ID: strconv.Itoa(i), Status: events.StatusDelivered, At: w.now}
		}
		must(t, w.emitter.Publish(t.Context(), events.NewReceipt(d, "submit", w.now, to)))
		ana.see(path, fmt.Sprintf(`data-label="Envoyé" class="numeric">%d<`, people))
	}
	ana.press(path, "approve")
	told(1, 80)
	ana.see("/console/begles?tab=published", "80 envois aboutis")
	ana.press(path, "approve", "title", "Coupure reportée à jeudi")
	told(2, 75)
	ana.press(path, "withdraw", "reason", "Travaux annulés")
	told(3, 90)
	rest := ana.get(path).body
	for _, want := range []string{"Annulation</caption>", ">90<", "Rectificatif, version 2</caption>", ">75<", "Première version</caption>", ">80<"} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Errorf("the page lacks %q where it is due", want)
		}
		rest = after
	}
	if list := ana.get("/console/begles?tab=rejected").body; !strings.Contains(list, "80 envois aboutis") {
		t.Error("who was told of the withdrawal counts once more")
	}
}

func TestBrokenMessageIsADeadLetterAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.js.Publish(t.Context(), "message.begles.eau", []byte(`{"id":`))
	must(t, err)
	w.emit(w.message("1", nil))
	w.as("ana").see("/console/begles", "Coupure d’eau")
	eventstest.Eventually(t, func() bool {
		s, err := w.js.Stream(t.Context(), "DEADLETTERS")
		return err == nil && s.CachedInfo().State.Msgs == 1
	}, within, "the broken event is a dead letter")
}

func valueOf(page, name string) string {
	return between(between(page, `name="`+name+`"`, `>`), `value="`, `"`)
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	must(t, err)
	return secret
}

func TestConsoleIsASourceTheNormalizerTrusts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	s, _, err := w.reg.Sources.Get(t.Context(), "begles", "console")
	must(t, err)
	if s.Trust != registry.TrustOwn || !s.Paused || s.Attribution != "Ville de Bègles" {
		t.Errorf("source of the console: %+v", s)
	}
	_, err = w.reg.Streams.Put(t.Context(), registry.Stream{Authority: "metropole", ID: "infos", Name: "Infos", Channels: []string{"fil"}})
	must(t, err)
	eventstest.Eventually(t, func() bool {
		_, _, err := w.reg.Sources.Get(t.Context(), "metropole", "console")
		return err == nil
	}, within, "an authority with its first stream has a console")
	if page := w.as("ana").get("/console/begles/sources").body; strings.Contains(page, "Saisie dans la console") {
		t.Error("the officers are listed among the sources")
	}
}
