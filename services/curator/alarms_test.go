package curator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

func TestAlarms(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	ana.see("/console/begles/alarms", "Tout va bien")

	w.refusing()
	ana.see("/console/begles/alarms", "SMS n’arrive plus à envoyer")
	if page := ana.get("/console/begles/alarms").body; !strings.Contains(page, "Les identifiants sont refusés.") || !strings.Contains(page, "2 envois en échec") {
		t.Error("why a channel fails is not said")
	}

	w.hears("mairie", "Mairie", registry.Sign{}, w.now)
	w.hears("gare", "Gare", registry.Sign{}, w.now.Add(-2*time.Hour)) // the last to be known
	page := ana.see("/console/begles/alarms", "Gare ne répond plus")
	if strings.Contains(page, "Mairie ne répond plus") || !strings.Contains(page, "Mairie") {
		t.Error("a sign that was heard is silent, or missing")
	}

	soon := w.emit(w.message("1", func(m *events.Message) { m.Expires = time.Now().Add(30 * time.Minute) }))
	ana.see("/console/begles/alarms", "sans avoir été traitée")
	if body := ana.get("/console/begles/alarms").body; !strings.Contains(body, pathOf("infos", soon)) {
		t.Error("no way to what expires")
	}
	alert := w.emit(w.message("2", func(m *events.Message) { m.Class, m.Content.Title = events.ClassAlert, "Fuite de gaz" }))
	ana.see("/console/begles", "Fuite de gaz")
	if page := ana.get("/console/begles/alarms").body; strings.Contains(page, "Fuite de gaz") {
		t.Error("an alert that has just come alarms already")
	}
	ana.press(pathOf("infos", alert), "approve")
	ana.see("/console/begles/alarms", "Une alerte attend la deuxième approbation.")
	ana.press(pathOf("infos", alert), "reject")
	_, err := w.reg.SourceHealth.Put(t.Context(), registry.SourceHealth{Authority: "begles", Source: "site", LastAttempt: w.now, ErrorStreak: 3, LastReason: events.ReasonTLS})
	must(t, err)
	ana.see("/console/begles/alarms", "Le certificat du site n’est pas valide.")
	ana.see("/console/begles", `Canaux <span class="count">4</span>`)

	w.sends()
	if page := ana.see("/console/begles", `Canaux <span class="count">3</span>`); page == "" {
		t.Error("a channel that works again still alarms")
	}
}

// What nobody could handle, and a full disk, are alarms: of the authority whose
// event it is, and of all when nobody can tell.
func TestAlarmsOfTheBus(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	ana.see("/console/begles/alarms", "Tout va bien")
	bury := func(sequence uint64, subject string) {
		letter := bus.NewLetter(bus.Origin{Stream: bus.StreamRaw, Consumer: bus.ConsumerNormalizer, Subject: subject, Sequence: sequence},
			nil, []byte("{"), events.Permanentf(events.ReasonInvalidEvent, "broken"), w.now)
		_, err := w.js.PublishMsg(t.Context(), letter)
		must(t, err)
	}
	bury(1, "raw.metropole.travaux")
	bury(2, "raw.begles.site")
	page := ana.see("/console/begles/alarms", "1 événement que personne n’a su traiter")
	if !strings.Contains(page, "normalizer. Événement non valide.") || strings.Count(page, "que personne") != 1 {
		t.Error("who gave it up and why is not said, or another's is shown")
	}
	bury(3, "raw.begles.site")
	bury(4, "raw.nowhere.site")
	ana.see("/console/begles/alarms", "2 événements que personne n’a su traiter")
	ana.see("/console/begles", `Canaux <span class="count">2</span>`)

	w.full.Store(true)
	ana.see("/console/begles/alarms", "Le disque est plein")
	w.full.Store(false)
	if page := ana.get("/console/begles/alarms").body; strings.Contains(page, "Le disque est plein") {
		t.Error("there is room again, and it alarms still")
	}
}

// TestSignOfASetting: a sign that a channel's settings name has its health, too.
func TestSignOfASetting(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	_, err := w.reg.Channels.Put(t.Context(), registry.Channel{Authority: "begles", ID: "route", Name: "Panneaux de route", Kind: "ntcip", Settings: []byte(`{"signs": {"pont": {"address": "192.0.2.1:161"}}}`)})
	must(t, err)
	h := registry.SignHealth{Authority: "begles", Sign: "pont", Channel: "route", LastHeard: w.now, EverySeconds: 60, Faults: []string{"pixel", "door-open"}}
	_, err = w.reg.SignHealth.Put(t.Context(), h)
	must(t, err)
	ana.see("/console/begles/alarms", "pont annonce une panne")
	ana.see("/console/begles/alarms", "Panne annoncée\u00a0: pixels, porte ouverte.")
	h.Sign, h.Wrong = "ancien", true // the settings name it no more
	_, err = w.reg.SignHealth.Put(t.Context(), h)
	must(t, err)
	h.Sign = "pont"
	_, err = w.reg.SignHealth.Put(t.Context(), h)
	must(t, err)
	if page := ana.see("/console/begles/alarms", "pont n’affiche pas ce qu’il devrait"); strings.Contains(page, "ancien") {
		t.Error("a sign that is gone still alarms")
	}
}

// TestAddressesToTell are for those who set channels up.
func TestAddressesToTell(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.previewing()
	page := w.as("ana").see("/console/begles/alarms", "Adresses à donner au prestataire")
	for _, want := range []string{"https://begles.example/sms/begles/sms/6d1f0f2c9a8b4e7d5c3a2b1908f7e6d5/incoming", "un STOP envoyé par un habitant", "Copier"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if page := w.as("stagiaire").see("/console/begles/alarms", "Canaux"); strings.Contains(page, "6d1f0f2c") {
		t.Error("a contributor sees an address with a token")
	}
}

// TestAlarmOfAProvider: what fails, what becomes of the messages, and a token
// before it ends.
func TestAlarmOfAProvider(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	health := func(h registry.ChannelHealth) {
		t.Helper()
		h.Authority, h.Channel = "begles", "sms"
		_, err := w.reg.ChannelHealth.Put(t.Context(), h)
		must(t, err)
	}
	health(registry.ChannelHealth{Since: w.now.Add(-time.Hour), Reason: events.ReasonUnauthorized})
	ana.see("/console/begles/alarms", "Renouvelez-les dans les réglages du canal")
	ch, _, err := w.reg.Channels.Get(t.Context(), "begles", "sms")
	must(t, err)
	spare := ch
	spare.ID, spare.Name = "secours", "SMS de secours"
	_, err = w.reg.Channels.Put(t.Context(), spare)
	must(t, err)
	ch.Fallback, ch.TokenExpires = "secours", w.now.AddDate(0, 0, 10).Format(time.DateOnly)
	_, err = w.reg.Channels.Put(t.Context(), ch)
	must(t, err)
	health(registry.ChannelHealth{Since: w.now.Add(-time.Hour), Reason: events.ReasonConnection})
	ana.see("/console/begles/alarms", "Les envois passent par SMS de secours.")
	ana.see("/console/begles/alarms", "Le jeton d’accès finit dans")
	health(registry.ChannelHealth{})
	eventstest.Eventually(t, func() bool {
		return !strings.Contains(ana.get("/console/begles/alarms").body, "Les envois passent par")
	}, within, "a provider that answers again still alarms")
}

// refusing is a provider that refuses the SMS channel's credentials.
func (w *town) refusing() { w.receipt(events.StatusFailed, events.ReasonUnauthorized, w.now) }

func (w *town) sends() { w.receipt(events.StatusSent, "", w.now.Add(time.Minute)) }

func (w *town) receipt(status events.ReceiptStatus, reason events.Reason, at time.Time) {
	w.t.Helper()
	d := events.Delivery{
		ID: events.NewID("d", at.String()), Publication: events.NewID("p", at.String()), Revision: 1, Authority: "begles", Stream: "infos",
		Channel: "sms", Kind: "sms", Class: events.ClassService, Topic: "eau", Severity: events.SeverityMinor, Action: events.ActionPublish,
		SourceAt: at, FetchedAt: at, ApprovedAt: at, CreatedAt: at, NotBefore: at, Expires: at.Add(time.Hour),
	}
	to := []events.Recipient{{ID: "a", Status: status, Reason: reason, At: at}, {ID: "b", Status: status, Reason: reason, At: at}}
	must(w.t, w.emitter.Publish(w.t.Context(), events.NewReceipt(d, "send", at, to)))
}

// hears is a sign, last heard at a time, as the publisher writes it.
func (w *town) hears(id, name string, s registry.Sign, at time.Time) {
	w.t.Helper()
	s.Authority, s.ID, s.Name, s.Place, s.Profile = "begles", id, name, "Place "+name, "text-4x16"
	s.IssueToken()
	_, err := w.reg.Signs.Put(w.t.Context(), s)
	must(w.t, err)
	kv, err := w.js.KeyValue(w.t.Context(), registry.HealthBucket)
	must(w.t, err)
	body, err := json.Marshal(map[string]any{"authority": "begles", "sign": id, "lastHeard": at, "everySeconds": 60, "shows": "h", "showsSince": at})
	must(w.t, err)
	_, err = kv.Put(w.t.Context(), "sign.begles."+id, body)
	must(w.t, err)
}
