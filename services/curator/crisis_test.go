package curator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

func TestAlertFromAModel(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	raws, err := w.nc.SubscribeSync(events.All(events.SubjectRaw))
	must(t, err)
	page := ana.see("/console/begles", `href="/console/begles/alert"`) // one gesture away
	if !strings.Contains(page, `href="/impact/begles"`) {
		t.Error("no way to what was measured")
	}
	page = ana.get("/console/begles/alert").body
	for _, want := range []string{"Inondation", "Eau non potable", "Ana Lopez, Bob Martin", "SMS, Panneaux"} {
		if !strings.Contains(page, want) {
			t.Errorf("the models lack %q", want)
		}
	}
	const path = "/console/begles/alert/inondation"
	values := ana.form(path)
	if r := ana.post(path, values); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-blank-rues-ou-quartiers"`) {
		t.Fatalf("empty blanks: %d", r.status)
	}
	values.Set("blank-rues-ou-quartiers", "quai {nord} <b>")
	values.Set("blank-lieu-d-accueil", "gymnase")
	values.Set("exercise", "1")
	if r := ana.post(path, values); r.status != http.StatusSeeOther {
		t.Fatalf("alert: %d %s", r.status, r.body)
	}
	e := entryOf(t, raws)
	left := time.Until(e.Expires)
	switch {
	case e.Title != "Inondation : quai {nord} <b>", !strings.HasPrefix(e.Instruction, "Montez à l’étage."):
		t.Errorf("title %q, instruction %q", e.Title, e.Instruction)
	case !strings.Contains(e.Body, "quai {nord} &lt;b&gt;"), !strings.Contains(e.Body, "Lieu d’accueil : gymnase."):
		t.Errorf("body %q", e.Body)
	case e.Class != string(events.ClassAlert), e.Severity != string(events.SeveritySevere), e.Status != "exercise", left < 23*time.Hour, left > 25*time.Hour:
		t.Errorf("entry %+v", e)
	}
	if r := ana.get("/console/begles/alert/nope"); r.status != http.StatusNotFound {
		t.Errorf("no such model: %d", r.status)
	}
}

func TestAdministratorWritesAModel(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	o, _, err := w.reg.Officers.Get(t.Context(), "ana")
	must(t, err)
	o.Roles["begles"] = append(o.Roles["begles"], registry.Administrator)
	_, err = w.reg.Officers.Put(t.Context(), o)
	must(t, err)
	ana, bob := w.as("ana"), w.as("bob")
	const path = "/console/begles/alert/canicule/edit"
	if r := bob.get(path); r.status != http.StatusForbidden {
		t.Errorf("an approver edits models: %d", r.status)
	}
	ana.see(path, "Canicule")
	values := ana.form(path)
	values["topic"], values["severity"], values["lasts"] = []string{"meteo"}, []string{"Severe"}, []string{"48h"}
	bad := url.Values{}
	for field, value := range values {
		bad[field] = value
	}
	bad.Set("instruction", "")
	if r := ana.post(path, bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#f-instruction"`) {
		t.Errorf("a model without an instruction: %d", r.status)
	}
	values.Set("title", "Grosse chaleur : {jours}")
	if r := ana.post(path, values); r.status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", r.status, r.body)
	}
	bob.see("/console/begles/alert", "Grosse chaleur : ")
	ana.see("/console/begles/journal", "Modèle d’alerte modifié")

	values.Set("hidden", "1")
	ana.post(path, values)
	ana.see("/console/begles/alert", "Non proposé")
	if page := bob.get("/console/begles/alert").body; strings.Contains(page, "Grosse chaleur") {
		t.Error("a model that is not to be offered is")
	}
	ana.post(path, url.Values{"do": {"reset"}})
	bob.see("/console/begles/alert", "Canicule : ")

	values.Set("name", "Rupture de barrage")
	values.Set("hidden", "")
	if r := ana.post("/console/begles/alert/new/edit", values); r.status != http.StatusSeeOther {
		t.Fatalf("add: %d %s", r.status, r.body)
	}
	bob.see("/console/begles/alert", `href="/console/begles/alert/rupture-de-barrage"`)
}
