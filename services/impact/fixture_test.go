package impact

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/impact/engine"
	"github.com/crieur/crieur/services/impact/impacttest"
	"github.com/crieur/crieur/services/web"
)

func TestMain(m *testing.M) {
	engine.ChildMain()
	os.Exit(m.Run())
}

const patience = 30 * time.Second

// site is the service with its bus, engine and listener, and an officer.
type site struct {
	svc     *Service
	engine  *engine.Engine
	js      jetstream.JetStream
	emitter *bus.Emitter
	handler http.Handler
	cookie  string // of the officer
	now     time.Time
}

func newSite(t testing.TB) *site {
	t.Helper()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{js: js, emitter: bus.NewEmitter(pub), engine: impacttest.Engine(t), now: time.Now().UTC()}
	deps := run.Deps{NATS: nc, JetStream: js, Logger: slog.New(slog.DiscardHandler)}
	s.svc, err = New(deps, Config{ClickHouse: s.engine.Options(), KeysDir: t.TempDir(), Site: web.Site{Name: "Crieur", Publisher: "Ville de Bordeaux"}})
	if err != nil {
		t.Fatal(err)
	}
	s.register(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.svc.Run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done; _ = pub.Close() })
	s.listen(t)
	eventstest.Eventually(t, func() bool { return s.svc.Ready() == nil }, patience, "ready")
	return s
}

// register writes an authority with its streams and channels, and an officer
// who is signed in.
func (s *site) register(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	reg, err := registry.Open(ctx, s.js)
	if err != nil {
		t.Fatal(err)
	}
	must := func(_ uint64, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(reg.Authorities.Put(ctx, registry.Authority{ID: "saint-aubin", Name: "Saint-Aubin-des-Marais", Kind: registry.Municipality, INSEE: []string{"33063"}, Population: 18_240}))
	must(reg.Authorities.Put(ctx, registry.Authority{ID: "merignac", Name: "Mérignac", Kind: registry.Municipality, INSEE: []string{"33281"}}))
	for id, name := range map[string]string{"voirie": "Voirie et circulation", "alertes": "Alertes"} {
		must(reg.Streams.Put(ctx, registry.Stream{Authority: "saint-aubin", ID: id, Name: name}))
	}
	for id, name := range map[string]string{"sms": "SMS", "courriel": "Courriel", "panneaux": "Panneaux lumineux"} {
		must(reg.Channels.Put(ctx, registry.Channel{Authority: "saint-aubin", ID: id, Name: name, Kind: kindOf(id)}))
	}
	must(reg.Officers.Put(ctx, registry.Officer{ID: "camille", Name: "Camille Dupuy", Email: "camille@example.org", Roles: map[string][]registry.Role{"saint-aubin": {registry.Analyst}}}))
	bucket, err := s.js.KeyValue(ctx, bus.BucketSessions)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := web.NewSessions(web.NewKVSessions(bucket), web.SessionOptions{Cookie: "crieur_console"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if _, err := sessions.SignIn(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil), "camille", nil); err != nil {
		t.Fatal(err)
	}
	s.cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
}

func kindOf(channel string) string {
	return map[string]string{"sms": "sms", "courriel": "email", "panneaux": "sign"}[channel]
}

// listen is the whole listener, as crieur makes it.
func (s *site) listen(t testing.TB) {
	t.Helper()
	re, err := web.NewRenderer(nil, web.Options{Site: web.Site{Name: "Crieur"}, Key: make([]byte, 32), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	re.Mount(mux)
	for _, r := range s.svc.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	s.handler, err = web.Protect(mux, web.Protection{Logger: slog.New(slog.DiscardHandler), Errors: re})
	if err != nil {
		t.Fatal(err)
	}
}

// get asks as the officer, or as a visitor.
func (s *site) get(t testing.TB, target string, officer bool, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if officer {
		r.Header.Set("Cookie", s.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// story is some weeks of a small town: publications, and what became of them.
type story struct {
	random   *rand.Rand
	now      time.Time
	people   int
	events   []events.Event
	receipts int // rows
}

func newStory(now time.Time, people int) *story {
	return &story{random: rand.New(rand.NewPCG(7, 7)), now: now, people: people}
}

func titles() []string {
	return []string{
		"Rue des Écluses fermée à la circulation", "Vigilance orange : crue de la Dordogne", "Coupure d’eau rue du Port jeudi matin",
		"Collecte décalée au samedi", "Travaux de nuit avenue de la Gare", "Inscriptions au périscolaire ouvertes", "Vent violent attendu ce soir",
	}
}

// publish adds a publication approved some time ago, and its receipts.
func (y *story) publish(n int, ago time.Duration) string {
	approved := y.now.Add(-ago)
	class, stream, topic := events.ClassService, "voirie", []string{"travaux", "dechets", "ecoles"}[n%3]
	if n%7 == 1 || n%7 == 6 {
		class, stream, topic = events.ClassAlert, "alertes", "risques"
	}
	p := events.Publication{
		ID: events.NewID("publication", fmt.Sprint(n)), Revision: 1, Authority: "saint-aubin", Stream: stream, Message: fmt.Sprint("m", n),
		Status: events.StatusActual, MsgType: events.MsgAlert, Class: class, Topic: topic, Content: events.Content{Title: titles()[n%7]},
		Channels: []string{"sms", "courriel", "panneaux"}, By: []string{"camille"}, SourceAt: approved.Add(-time.Duration(2+y.random.IntN(20)) * time.Minute),
		FetchedAt: approved.Add(-time.Duration(1+y.random.IntN(2)) * time.Minute), At: approved, Expires: approved.Add(24 * time.Hour),
	}
	y.send(p)
	return p.ID
}

func (y *story) send(p events.Publication) {
	y.events = append(y.events, p)
	y.batch(p, "sms", y.people*2/3)
	y.batch(p, "courriel", y.people/2)
	y.sign(p)
}

// withdraw tells everybody that the last publication is cancelled.
func (y *story) withdraw() {
	var last events.Publication
	for _, e := range y.events {
		if p, ok := e.(events.Publication); ok {
			last = p
		}
	}
	last.Revision, last.MsgType, last.At = 2, events.MsgCancel, last.At.Add(10*time.Minute)
	y.send(last)
}

func (y *story) receipt(p events.Publication, channel, endpoint, step string, at time.Time, to []events.Recipient) {
	if len(to) == 0 {
		return
	}
	d := events.Delivery{
		ID: events.DeliveryID(p.ID, p.Revision, channel, endpoint, 0), Publication: p.ID, Revision: p.Revision, Authority: p.Authority, Stream: p.Stream, Channel: channel,
		Kind: kindOf(channel), Class: p.Class, Topic: p.Topic, SourceAt: p.SourceAt, FetchedAt: p.FetchedAt, ApprovedAt: p.At,
	}
	y.events = append(y.events, events.NewReceipt(d, step, at, to))
	y.receipts += len(to)
}

// batch sends to the first n people: most get it, some fail, few answer.
func (y *story) batch(p events.Publication, channel string, n int) {
	sent, arrived := []events.Recipient{}, []events.Recipient{}
	answers := map[events.ReceiptStatus][]events.Recipient{}
	answer := func(id string, s events.ReceiptStatus, at time.Time) {
		answers[s] = append(answers[s], events.Recipient{ID: id, Status: s, At: at})
	}
	for i := range n {
		id := fmt.Sprint("s-", i)
		at := p.At.Add(time.Duration(500+y.random.IntN(6000)) * time.Millisecond)
		r := events.Recipient{ID: id, Status: events.StatusSent, At: at, Units: 1}
		if channel == "sms" {
			r.CostMicroEUR = 45_000
		}
		if y.random.IntN(60) == 0 {
			r.Status, r.Reason = events.StatusFailed, events.ReasonBadRecipient
		}
		sent = append(sent, r)
		if r.Status == events.StatusFailed {
			continue
		}
		had := at.Add(time.Duration(y.random.ExpFloat64()*30_000) * time.Millisecond)
		if channel == "sms" && y.random.IntN(25) > 0 {
			arrived = append(arrived, events.Recipient{ID: id, Status: events.StatusDelivered, At: had})
		}
		switch {
		case y.random.IntN(7) == 0:
			answer(id, events.StatusClicked, had.Add(time.Hour/4))
		case y.random.IntN(30) == 0:
			answer(id, events.StatusUseful, had.Add(time.Hour/3))
		case y.random.IntN(150) == 0:
			answer(id, events.StatusNotUseful, had.Add(time.Hour/3))
		case y.random.IntN(400) == 0:
			answer(id, events.StatusOptedOut, had.Add(time.Hour))
		}
	}
	y.receipt(p, channel, "", "submit", p.At.Add(8*time.Second), sent)
	y.receipt(p, channel, "", "dlr-1", p.At.Add(time.Minute), arrived)
	for s, to := range answers {
		y.receipt(p, channel, "", "answers-"+string(s), p.At.Add(time.Hour), to)
	}
}

func (y *story) sign(p events.Publication) {
	for i, endpoint := range []string{"place-du-marche", "gare", "college"} {
		status := events.StatusDisplayed
		if i == 2 && y.random.IntN(3) == 0 {
			status = events.StatusFailed
		}
		at := p.At.Add(time.Duration(1+i) * time.Second)
		y.receipt(p, "panneaux", endpoint, "show", at, []events.Recipient{{ID: endpoint, Status: status, At: at, Units: 2}})
	}
}

// tell publishes the story and waits until it is in the tables.
func (s *site) tell(t testing.TB, y *story) {
	t.Helper()
	if err := s.emitter.Publish(t.Context(), y.events...); err != nil {
		t.Fatal(err)
	}
	// Views of one insert show it one after the other: only the position says
	// that all have it.
	kv, err := s.js.KeyValue(t.Context(), bus.BucketImpact)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{bus.StreamPublications, bus.StreamReceipts} {
		stream, err := s.js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		last := stream.CachedInfo().State.LastSeq
		eventstest.Eventually(t, func() bool { return loaded(t, kv, name) >= last }, patience, "the story is in the tables")
	}
}

// loaded is how far a stream is in the tables.
func loaded(t testing.TB, kv jetstream.KeyValue, stream string) uint64 {
	t.Helper()
	keys, err := kv.ListKeysFiltered(t.Context(), "position.*."+stream)
	if err != nil {
		t.Fatal(err)
	}
	var position struct{ Done uint64 }
	for key := range keys.Keys() {
		if entry, err := kv.Get(t.Context(), key); err == nil {
			_ = json.Unmarshal(entry.Value(), &position) // it is asked again
		}
	}
	return position.Done
}
