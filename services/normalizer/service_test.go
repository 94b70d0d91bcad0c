package normalizer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/normalizer"
)

// stage is the service on a bus of its own.
type stage struct {
	t       testing.TB
	js      jetstream.JetStream
	emitter *bus.Emitter
	stop    func()
	deps    run.Deps
}

func start(t testing.TB) *stage {
	t.Helper()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Authorities.Put(t.Context(), registry.Authority{ID: "begles", Name: "Bègles", Kind: registry.Municipality, INSEE: []string{"33039"}}); err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{"site": "Ville de Bègles", "metropole": "Bordeaux Métropole"} {
		if _, err := reg.Sources.Put(t.Context(), registry.Source{Authority: "begles", ID: id, Name: name, Kind: "feed"}); err != nil {
			t.Fatal(err)
		}
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, js: js, emitter: bus.NewEmitter(pub), deps: run.Deps{NATS: nc, JetStream: js}}
	s.run()
	return s
}

func (s *stage) run() {
	svc, err := normalizer.New(s.deps, normalizer.Config{})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			s.t.Errorf("Run: %v", err)
		}
	}
	s.t.Cleanup(s.stop)
	eventstest.Eventually(s.t, func() bool { return svc.Ready() == nil }, 30*time.Second)
}

func (s *stage) send(raws ...events.Raw) {
	s.t.Helper()
	for _, r := range raws {
		if err := s.emitter.Publish(s.t.Context(), r); err != nil {
			s.t.Fatal(err)
		}
	}
}

// messages returns those of the stream once there are n and no raw waits.
func (s *stage) messages(n int) []events.Message {
	s.t.Helper()
	var list []events.Message
	eventstest.Eventually(s.t, func() bool {
		list = nil
		st, err := s.js.Stream(s.t.Context(), bus.StreamMessages)
		if err != nil {
			return false
		}
		info, err := st.Info(s.t.Context())
		if err != nil || info.State.Msgs < uint64(n) || s.pending() > 0 {
			return false
		}
		for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
			msg, err := st.GetMsg(s.t.Context(), seq)
			if err != nil {
				return false
			}
			m, err := events.Unmarshal[events.Message](msg.Data)
			if err != nil {
				s.t.Error(err)
			}
			list = append(list, m)
		}
		return true
	}, 30*time.Second, "messages")
	if len(list) != n {
		s.t.Fatalf("%d messages, want %d: %+v", len(list), n, list)
	}
	return list
}

// pending is how many raws are not settled.
func (s *stage) pending() uint64 {
	c, err := s.js.Consumer(s.t.Context(), bus.StreamRaw, bus.ConsumerNormalizer)
	if err != nil {
		return 1
	}
	info, err := c.Info(s.t.Context())
	if err != nil {
		return 1
	}
	return info.NumPending + uint64(info.NumAckPending)
}

var fetched = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func raw(source, item string, revision int, e record.Entry) events.Raw {
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	hash := fmt.Sprintf("h%d", revision)
	return events.Raw{
		ID: events.RawID("begles", source, item, hash), Authority: "begles", Source: source, Kind: "feed", Item: item, Hash: hash,
		Revision: revision, FetchedAt: fetched, Record: body,
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := raw("site", "1", 1, record.Entry{Title: "Coupure d’eau", Body: "<p>Rue Nationale, le 24 novembre.</p>"})
	s.send(first)
	s.messages(1)
	s.send(raw("site", "1", 2, record.Entry{Title: "Coupure d’eau ", Body: "<div>Rue Nationale,  le 24 novembre.</div>"})) // same meaning
	s.messages(1)
	s.send(raw("site", "1", 3, record.Entry{Title: "Coupure d’eau", Body: "<p>Rue Nationale, le 25 novembre.</p>"}))
	s.messages(2)
	back := raw("site", "1", 4, record.Entry{Title: "Coupure d’eau", Body: "<p>Rue Nationale, le 24 novembre.</p>"})
	s.send(back)
	s.messages(3)
	gone := events.Raw{
		ID: events.RawID("begles", "site", "1", "gone"), Authority: "begles", Source: "site", Kind: "feed", Item: "1", Hash: "gone",
		Revision: 5, FetchedAt: fetched, Withdrawn: true,
	}
	s.send(gone)
	got := s.messages(4)
	for i, want := range []struct {
		revision int
		msgType  events.MsgType
	}{{1, events.MsgAlert}, {2, events.MsgUpdate}, {3, events.MsgUpdate}, {4, events.MsgCancel}} {
		m := got[i]
		if m.Revision != want.revision || m.MsgType != want.msgType || m.ID != got[0].ID || m.Incident != got[0].ID || m.Content.Title != "Coupure d’eau" || m.Topic != "eau" {
			t.Errorf("message %d: revision %d, %s, %q, %s, incident %s of %s", i, m.Revision, m.MsgType, m.Content.Title, m.Topic, m.Incident, m.ID)
		}
	}

	// The same raws once more, past the stream's memory of IDs: nothing comes.
	replay := func(r events.Raw) {
		body, err := events.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.js.Publish(t.Context(), r.Subject(), body); err != nil {
			t.Fatal(err)
		}
	}
	replay(first)
	replay(back)
	replay(gone)
	s.messages(4)
}

func TestIncidentAcrossSourcesAndRestart(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.send(raw("site", "1", 1, record.Entry{
		Title: "Travaux rue Nationale", Published: time.Now().UTC(),
		Body: "Des travaux d’assainissement ont lieu rue Nationale du 30 novembre au 4 décembre. La circulation sera alternée.",
	}))
	s.messages(1)
	s.stop()
	s.run() // the window is read again from the stream
	s.send(raw("metropole", "a", 1, record.Entry{
		Title: "Bègles : circulation alternée rue Nationale pour des travaux d’assainissement", Published: time.Now().UTC(),
		Body: "Du lundi 30 novembre au vendredi 4 décembre, circulation alternée rue Nationale.",
	}), raw("metropole", "b", 1, record.Entry{
		Title: "Stationnement interdit avenue de la Gare", Body: "Un déménagement a lieu le 1er décembre avenue de la Gare.", Published: time.Now().UTC(),
	}))
	got := s.messages(3)
	byItem := map[string]events.Message{}
	for _, m := range got {
		byItem[m.Content.Title] = m
	}
	same := byItem["Bègles : circulation alternée rue Nationale pour des travaux d’assainissement"]
	if same.Incident != got[0].ID || len(same.Origin) != 2 {
		t.Errorf("incident %s, want %s; provenance %+v", same.Incident, got[0].ID, same.Origin)
	}
	if other := byItem["Stationnement interdit avenue de la Gare"]; other.Incident != other.ID {
		t.Error("another street joined the incident")
	}
}

func TestPoisonIsBuriedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.send(raw("site", "1", 1, record.Entry{Link: "https://exemple.fr"}), raw("site", "2", 1, record.Entry{Title: "Bal populaire"}))
	s.messages(1)
	st, err := s.js.Stream(t.Context(), bus.StreamDeadLetters)
	if err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		info, err := st.Info(t.Context())
		return err == nil && info.State.Msgs == 1
	}, 20*time.Second)
	letter, err := st.GetLastMsgForSubject(t.Context(), "deadletter."+bus.ConsumerNormalizer)
	if err != nil {
		t.Fatal(err)
	}
	if got := letter.Header.Get(bus.HeaderDeadReason); got != string(events.ReasonInvalidContent) {
		t.Errorf("reason %q", got)
	}
}

// BenchmarkService is the stage on a bus in the same process, its state and
// messages kept in files: get, create, publish and mark for each raw.
func BenchmarkService(b *testing.B) {
	s := start(b)
	entries := feedEntries(b)
	for i := 0; b.Loop(); i++ {
		r := entries[i%len(entries)]
		r.Item = fmt.Sprint(i)
		r.ID = events.RawID(r.Authority, r.Source, r.Item, r.Hash)
		s.send(r)
	}
	eventstest.Eventually(b, func() bool { return s.pending() == 0 }, time.Minute)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "raws/s")
}

// Two processes share the stream: every item has one message, and accounts of
// one thing that they handle at the same moment are one incident.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.stop
	s.run()
	second := s.stop
	t.Cleanup(first)
	t.Cleanup(second)
	streets := []string{
		"Pasteur", "Gambetta", "Voltaire", "Jaurès", "Zola", "Hugo", "Lamartine", "Rousseau", "Diderot", "Montaigne",
		"Carnot", "Ferry", "Briand", "Clemenceau", "Foch", "Joffre", "Leclerc", "Moulin", "Kléber", "Hoche",
	}
	var raws []events.Raw
	for i, street := range streets {
		e := record.Entry{
			Title:  "Travaux rue " + street,
			Body:   "La circulation sera alternée rue " + street + " pendant la réfection du réseau.",
			Starts: time.Date(2026, 11, 24+i%4, 7, 0, 0, 0, time.UTC), Ends: time.Date(2026, 12, 4, 16, 0, 0, 0, time.UTC),
			Place: &record.Place{Name: "rue " + street, City: "Bègles"},
		}
		raws = append(raws, raw("site", street, 1, e))
		e.Title = "Rue " + street + " : circulation alternée, travaux de réfection du réseau"
		raws = append(raws, raw("metropole", street, 1, e))
	}
	if err := s.emitter.Publish(t.Context(), asEvents(raws)...); err != nil {
		t.Fatal(err)
	}
	incidents := map[string]map[string]bool{}
	for _, m := range s.messages(len(raws)) {
		street := m.Areas[0].Place
		if incidents[street] == nil {
			incidents[street] = map[string]bool{}
		}
		incidents[street][m.Incident] = true
	}
	for street, ids := range incidents {
		if len(ids) != 1 {
			t.Errorf("%s: %d incidents", street, len(ids))
		}
	}
	if len(incidents) != len(streets) {
		t.Errorf("%d streets", len(incidents))
	}
}

func asEvents(raws []events.Raw) []events.Event {
	list := make([]events.Event, len(raws))
	for i, r := range raws {
		list[i] = r
	}
	return list
}
