package curator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

func undoWithin(d time.Duration) func(*town) { return func(w *town) { w.undo = d } }

func TestAnApprovalIsTakenBackBeforeItLeaves(t *testing.T) {
	t.Parallel()
	w := newTown(t, undoWithin(time.Hour))
	m := w.emit(w.message("1", nil))
	other := w.emit(w.message("2", func(o *events.Message) { o.Incident, o.Content.Title = m.Incident, "Eau coupée, dit la métropole" }))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	ana.see(pathOf("infos", m), other.Content.Title)
	r := ana.press(pathOf("infos", m), "approve")
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.location, "/console/begles?left=") {
		t.Fatalf("approve: %d to %s", r.status, r.location)
	}
	ana.see(r.location, "Annuler l’envoi")
	ana.see("/console/begles?tab=rejected", other.Content.Title) // covered
	if r := ana.post(pathOf("infos", m), url.Values{"do": {"restore"}, "revision": {ana.form(pathOf("infos", m)).Get("revision")}}); r.status != http.StatusSeeOther {
		t.Fatalf("undo: %d %s", r.status, r.body)
	}
	page := ana.see("/console/begles", other.Content.Title) // the last to wait again, and both as one incident
	if !strings.Contains(page, m.Content.Title) || !strings.Contains(page, other.Content.Title) {
		t.Error("what was approved by mistake is not in the queue with its twin")
	}
	if list := w.publications("infos"); len(list) != 0 {
		t.Errorf("%d publications of what was taken back", len(list))
	}
}

func TestWhatIsNotTakenBackLeaves(t *testing.T) {
	t.Parallel()
	w := newTown(t, undoWithin(300*time.Millisecond))
	m := w.emit(w.message("1", nil))
	ana := w.as("ana")
	ana.see("/console/begles", m.Content.Title)
	r := ana.press(pathOf("infos", m), "approve")
	p := w.awaitPublications("infos", 1)[0]
	if p.By[0] != "ana" {
		t.Errorf("published by %v", p.By)
	}
	if page := ana.see(pathOf("infos", m), "Diffusée"); strings.Contains(page, "Programmée") || !strings.Contains(page, "Part dans un instant") {
		t.Error("what was only held back is told as scheduled")
	}
	if page := ana.see(r.location, "C’est parti."); strings.Contains(page, "Annuler l’envoi") {
		t.Error("what has left can still be taken back")
	}
}

func TestAlertsDoNotWait(t *testing.T) {
	t.Parallel()
	w := newTown(t, undoWithin(time.Hour))
	m := w.emit(w.message("1", func(m *events.Message) { m.Class, m.Severity = events.ClassAlert, events.SeveritySevere }))
	ana, bob := w.as("ana"), w.as("bob")
	ana.see("/console/begles", m.Content.Title)
	ana.press(pathOf("infos", m), "approve")
	bob.press(pathOf("infos", m), "approve")
	w.awaitPublications("infos", 1)
}
