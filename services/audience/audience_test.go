package audience_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience"
	"github.com/crieur/crieur/services/audience/vault"
)

// town is a commune with its audience at work, and a publisher that renders
// the title and lets the test read the queue.
type town struct {
	t       testing.TB
	server  *natsserver.Server
	store   string // the server's folder
	data    string
	nc      *nats.Conn
	js      jetstream.JetStream
	reg     *registry.Registry
	emitter *bus.Emitter
	logs    *safeBuffer
	svc     *audience.Service
	http    http.Handler
	stop    func()
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newTown starts one; before is called ahead of the start, to change it.
func newTown(t testing.TB, before ...func(*town)) *town {
	t.Helper()
	tw := &town{t: t, data: t.TempDir(), logs: &safeBuffer{}}
	tw.server = eventstest.Server(t, func(c *natsserver.Config) { tw.store = c.Dir })
	tw.nc = eventstest.Dial(t, tw.server)
	var err error
	if tw.js, err = jetstream.New(tw.nc); err != nil {
		t.Fatal(err)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(bus.Ensure(t.Context(), tw.js, bus.Options{}))
	ok(bus.EnsureDeliveryConsumers(t.Context(), tw.js, bus.Options{}, "sms", "email", "push", "smshttp", "gammu"))
	tw.reg, err = registry.Open(t.Context(), tw.js)
	ok(err)
	put := func(_ uint64, err error) { t.Helper(); ok(err) }
	ctx := t.Context()
	put(tw.reg.Authorities.Put(ctx, registry.Authority{ID: "bordeaux-metropole", Name: "Bordeaux Métropole", Kind: registry.Intercommunity, INSEE: []string{"33063", "33318", "33281"}, Population: 831534, Theme: registry.Theme{Colour: "#9c1f3a"}}))
	put(tw.reg.Authorities.Put(ctx, registry.Authority{ID: "pessac", Name: "Pessac", Kind: registry.Municipality, INSEE: []string{"33318"}, Parent: "bordeaux-metropole", Population: 66760, Theme: registry.Theme{Colour: "#0b6e4f"}}))
	put(tw.reg.Streams.Put(ctx, registry.Stream{Authority: "pessac", ID: "infos", Name: "Infos pratiques", Description: "Travaux, coupures, collecte.", Public: true, Topics: []string{"eau", "dechets", "travaux-circulation", "culture"}, Channels: []string{"sms", "mail", "flux", "notif"}}))
	put(tw.reg.Streams.Put(ctx, registry.Stream{Authority: "pessac", ID: "alertes", Name: "Alertes", Description: "Risques, météo, sécurité.", Public: true, Rule: registry.Rule{Classes: []events.Class{events.ClassAlert}}, Channels: []string{"sms", "mail", "flux", "notif"}}))
	put(tw.reg.Channels.Put(ctx, registry.Channel{Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms", Window: 8}))
	put(tw.reg.Channels.Put(ctx, registry.Channel{Authority: "pessac", ID: "mail", Name: "Lettre", Kind: "email"}))
	put(tw.reg.Channels.Put(ctx, registry.Channel{Authority: "pessac", ID: "flux", Name: "Flux", Kind: "feed"}))
	pub, err := bus.NewPublisher(tw.nc, bus.PublisherConfig{})
	ok(err)
	tw.emitter = bus.NewEmitter(pub)
	server, err := call.NewServer(context.WithoutCancel(t.Context()), tw.nc, "publisher", "1.0.0")
	ok(err)
	ok(call.Handle(server, call.Render, func(_ context.Context, q call.RenderRequest) (call.RenderReply, error) {
		var reply call.RenderReply
		for _, id := range q.Channels {
			body, err := json.Marshal(q.Publication.Content.Title)
			if err != nil {
				return reply, err
			}
			reply.Rendered = append(reply.Rendered, call.Rendered{Channel: id, Rendition: events.Rendition{
				Channel: id, Kind: "sms", Hash: "h", Body: body, Text: q.Publication.Content.Title, Units: 1,
			}})
		}
		return reply, nil
	}))
	for _, f := range before {
		f(tw)
	}
	tw.start()
	return tw
}

func (tw *town) start() {
	tw.t.Helper()
	stop := tw.process(tw.nc, audience.Config{DataDir: tw.data, PublicURL: "https://infos.example", ShortURL: "https://inf.example"})
	tw.stop = func() {
		if err := stop(); err != nil {
			tw.t.Errorf("Run: %v", err)
		}
	}
	tw.t.Cleanup(tw.stop)
}

// process runs a service on a connection until stop, and serves its pages.
func (tw *town) process(nc *nats.Conn, cfg audience.Config) (stop func() error) {
	tw.t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		tw.t.Fatal(err)
	}
	svc, err := audience.New(run.Deps{
		NATS: nc, JetStream: js, Logger: slog.New(slog.NewTextHandler(tw.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, cfg)
	if err != nil {
		tw.t.Fatal(err)
	}
	tw.svc = svc
	if tw.http, err = svc.Handler(); err != nil {
		tw.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	tw.t.Cleanup(func() { _ = stop() })
	eventstest.Eventually(tw.t, func() bool { return svc.Ready() == nil }, 30*time.Second, "audience is not ready")
	return stop
}

// call makes a request and returns the answer.
func (tw *town) call(method, path string, form url.Values, ip string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = ip + ":1234"
	w := httptest.NewRecorder()
	tw.http.ServeHTTP(w, r)
	return w
}

func (tw *town) get(path string) *httptest.ResponseRecorder {
	return tw.call(http.MethodGet, path, nil, "192.0.2.1")
}

// queue reads and removes what is in the queue, up to n deliveries.
func (tw *town) queue(n int) []events.Delivery {
	tw.t.Helper()
	var list []events.Delivery
	for _, name := range []string{
		"sms-bulk", "email-bulk", "push-bulk", "smshttp-bulk", "gammu-bulk", "sms-alert", "email-alert", "push-alert", "smshttp-alert",
	} {
		c, err := tw.js.Consumer(tw.t.Context(), bus.StreamDeliveries, name)
		if err != nil {
			tw.t.Fatal(err)
		}
		batch, err := c.FetchNoWait(n)
		if err != nil {
			tw.t.Fatal(err)
		}
		for msg := range batch.Messages() {
			d, err := events.Unmarshal[events.Delivery](msg.Data())
			if err != nil {
				tw.t.Fatal(err)
			}
			if err := msg.DoubleAck(tw.t.Context()); err != nil {
				tw.t.Fatal(err)
			}
			list = append(list, d)
		}
	}
	return list
}

// await reads the queue until it has given n deliveries.
func (tw *town) await(n int) []events.Delivery {
	tw.t.Helper()
	var list []events.Delivery
	eventstest.Eventually(tw.t, func() bool { list = append(list, tw.queue(100)...); return len(list) >= n }, 30*time.Second, fmt.Sprintf("%d deliveries", n))
	return list
}

var sixDigits = regexp.MustCompile(`\d{6}`)

// ask posts the form and returns the code page's path, and the delivery of the code.
func (tw *town) ask(kind, contact, ip string, streams ...string) (string, events.Delivery) {
	tw.t.Helper()
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{
		"stream": streams, "kind": {kind}, kind: {contact}, "consent": {"1"},
	}, ip)
	if w.Code != http.StatusSeeOther {
		tw.t.Fatalf("subscribe: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location"), tw.await(1)[0]
}

// subscribe goes the whole way and returns the preferences' path and the subscriber.
func (tw *town) subscribe(kind, contact, ip string, streams ...string) (string, string) {
	tw.t.Helper()
	path, d := tw.ask(kind, contact, ip, streams...)
	w := tw.call(http.MethodPost, path, url.Values{"code": {sixDigits.FindString(d.Rendition.Text)}}, ip)
	if w.Code != http.StatusSeeOther {
		tw.t.Fatalf("confirm: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location"), d.Subscribers[0]
}

func news(id, topic string) events.Publication {
	now := time.Now().UTC()
	return events.Publication{
		ID: events.PublicationID("pessac", "infos", id), Revision: 1, Authority: "pessac", Stream: "infos", Message: id, Seq: id,
		Status: events.StatusActual, MsgType: events.MsgAlert, Class: events.ClassService, Topic: topic,
		Severity: events.SeverityMinor, Urgency: events.UrgencyExpected, Certainty: events.CertaintyLikely,
		Content:  events.Content{Language: "fr", Title: "Coupure d’eau rue de l’Église", Summary: "Mardi de 9 h à 12 h.", Text: "L’eau sera coupée mardi de 9 h à 12 h.\n\nFaites une réserve.", Place: "Rue de l’Église"},
		Channels: []string{"sms", "mail", "flux"}, NotBefore: now, Expires: now.Add(24 * time.Hour),
		Origin: []events.Provenance{{Authority: "pessac", Source: "site", Kind: "feed", RawID: "r", Attribution: "Ville de Pessac", Licence: "Licence Ouverte 2.0", URL: "https://pessac.example/eau", FetchedAt: now}},
		By:     []string{"claire"}, SourceAt: now.Add(-time.Hour), FetchedAt: now, At: now,
	}
}

func (tw *town) publish(p events.Publication) {
	tw.t.Helper()
	if err := tw.emitter.Publish(tw.t.Context(), p); err != nil {
		tw.t.Fatal(err)
	}
}

func (tw *town) resolve(d events.Delivery) []call.Contact {
	tw.t.Helper()
	reply, err := call.Ask(tw.t.Context(), tw.nc, call.Resolve, call.ResolveRequest{
		Authority: d.Authority, Stream: d.Stream, Kind: d.Kind, Class: d.Class, Subscribers: d.Subscribers,
	})
	if err != nil {
		tw.t.Fatal(err)
	}
	return reply.Contacts
}

func TestFromSubscriptionToBatchAndOut(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	path, code := tw.ask("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	if code.Class != events.ClassService || code.Kind != "sms" || len(code.Subscribers) != 1 {
		t.Fatalf("the code's delivery: %+v", code)
	}
	if c := tw.resolve(code); c[0].Address.Reveal() != "+33612345678" {
		t.Fatalf("the code goes nowhere: %v", c[0].Reason)
	}
	if page := tw.get(path).Body.String(); !strings.Contains(page, "06\u00a0••\u00a0••\u00a0••\u00a078") || strings.Contains(page, "12345678") {
		t.Error("the code page does not mask the number")
	}
	w := tw.call(http.MethodPost, path, url.Values{"code": {sixDigits.FindString(code.Rendition.Text)}}, "192.0.2.1")
	prefs := w.Header().Get("Location")
	if !strings.HasPrefix(prefs, "/preferences/") {
		t.Fatalf("confirm: %d %s", w.Code, w.Body)
	}
	id := code.Subscribers[0]

	tw.publish(news("n1", "eau"))
	got := tw.await(1)
	if len(got) != 1 || got[0].Kind != "sms" || got[0].Subscribers[0] != id || got[0].Rendition.Text == "" {
		t.Fatalf("deliveries %+v", got)
	}
	c := tw.resolve(got[0])
	if c[0].Address.Reveal() != "+33612345678" || len(c[0].Unsubscribe) != len("/d/xxxxxxxxxxxxxxxx") {
		t.Fatalf("resolve: %q %v", c[0].Unsubscribe, c[0].Reason)
	}
	tw.has(prefs, `<a href="/c/pessac/p/`+got[0].Publication+`">Coupure d’eau`, "Parce que vous suivez")
	// proof of consent, by the export
	export := tw.get(prefs + "/export").Body.String()
	for _, want := range []string{`"text": "2026-11-fr"`, `"purpose": "information_municipale"`, `"origin": "portal"`, `"confirmedAt"`, "••\u00a078"} {
		if !strings.Contains(export, want) {
			t.Errorf("the export lacks %s:\n%s", want, export)
		}
	}
	if w := tw.get(c[0].Unsubscribe); w.Code != 200 || !strings.Contains(w.Body.String(), "Me désabonner") {
		t.Fatalf("leave page: %d", w.Code)
	}
	if w := tw.call(http.MethodPost, c[0].Unsubscribe, url.Values{"List-Unsubscribe": {"One-Click"}}, "192.0.2.9"); w.Code != 200 {
		t.Fatalf("one click: %d", w.Code)
	}
	if c := tw.resolve(got[0]); c[0].Reason != events.ReasonOptedOut || c[0].Address != "" {
		t.Fatalf("after leaving: %v", c[0].Reason)
	}
	optedOut := tw.receipts(events.StatusOptedOut)
	if len(optedOut) != 1 || optedOut[0].Delivery != got[0].ID || optedOut[0].Topic != "eau" {
		t.Errorf("opt-out receipts: %+v", optedOut)
	}
	if export := tw.get(prefs + "/export").Body.String(); !strings.Contains(export, `"evidence": "one-click"`) || !strings.Contains(export, `"confirmedAt"`) {
		t.Error("leaving loses the proof")
	}
}

func TestACancellationIsToldFromItsMessage(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, _ := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	p := news("n1", "eau")
	tw.publish(p)
	tw.answer(tw.await(1))
	p.Revision, p.MsgType, p.Audience.CorrectionOf = 2, events.MsgCancel, 1
	tw.publish(p)
	tw.await(1)
	tw.has(prefs, ">Annulation\u00a0: Coupure d’eau", ">Coupure d’eau")
}

// receipts waits for a receipt of a status and returns all of them.
func (tw *town) receipts(status events.ReceiptStatus) []events.Receipt {
	tw.t.Helper()
	var list []events.Receipt
	eventstest.Eventually(tw.t, func() bool {
		list = list[:0]
		stream, err := tw.js.Stream(tw.t.Context(), bus.StreamReceipts)
		if err != nil {
			tw.t.Fatal(err)
		}
		for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
			msg, err := stream.GetMsg(tw.t.Context(), seq)
			if err != nil {
				tw.t.Fatal(err)
			}
			r, err := events.Unmarshal[events.Receipt](msg.Data)
			if err != nil {
				tw.t.Fatal(err)
			}
			if r.Recipients[0].Status == status {
				list = append(list, r)
			}
		}
		return len(list) > 0
	}, 20*time.Second, "no receipt "+string(status))
	return list
}

func TestStopByAddressEndsAndErasureForgets(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, id := tw.subscribe("email", "Zoe.Durand@Courriel.example", "192.0.2.1", "infos", "alertes")
	reply, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{
		Kind: "email", Address: " zoe.durand@courriel.EXAMPLE", Reason: events.ReasonOptedOut, Evidence: "reply", At: time.Now(),
	})
	if err != nil || reply.Ended != 2 {
		t.Fatalf("ended %d, %v", reply.Ended, err)
	}
	tw.publish(news("n2", "eau"))
	reach, err := call.Ask(t.Context(), tw.nc, call.Reach, call.ReachRequest{Publication: news("n2", "eau")})
	if err != nil || reach.People != 0 || len(reach.Channels) != 2 {
		t.Fatalf("reach %+v, %v", reach, err)
	}
	// the same address again is the same subscriber
	again, same := tw.subscribe("email", "zoe.durand@courriel.example", "192.0.2.2", "infos")
	if again != prefs || same != id {
		t.Error("a repeated subscription makes another subscriber")
	}
	if w := tw.call(http.MethodPost, prefs+"/oublier", nil, "192.0.2.1"); w.Code != http.StatusSeeOther {
		t.Fatalf("erase: %d", w.Code)
	}
	if w := tw.get(prefs); w.Code != http.StatusNotFound {
		t.Errorf("after erasure: %d", w.Code)
	}
	kv, err := tw.js.KeyValue(t.Context(), bus.BucketVault)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if strings.HasPrefix(k, "sub.") || strings.HasPrefix(k, "contact.") {
			t.Errorf("%s is still there", k)
		}
	}
	if _, other := tw.subscribe("email", "zoe.durand@courriel.example", "192.0.2.3", "infos"); other == id {
		t.Error("the erased subscriber is known again")
	}
}

// TestWhoLeavesHasNoAddress: an address is destroyed with the last thing that is
// sent there, and is back when its owner is.
func TestWhoLeavesHasNoAddress(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	kv, err := tw.js.KeyValue(t.Context(), bus.BucketVault)
	if err != nil {
		t.Fatal(err)
	}
	prefs, id := tw.subscribe("sms", "0612345678", "192.0.2.1", "infos", "alertes")
	kept := func() string {
		t.Helper()
		e, err := kv.Get(t.Context(), vault.SubscriberPrefix+id)
		if err != nil {
			t.Fatal(err)
		}
		var r vault.Record
		if err := json.Unmarshal(e.Value(), &r); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint("key ", len(r.Key) > 0, ", address ", len(r.Contacts) == 1 && len(r.Contacts[0].Sealed) > 0)
	}
	stop := func(address call.Address) {
		t.Helper()
		if _, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{Kind: "sms", Address: address, Reason: events.ReasonOptedOut, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	const there, gone = "key true, address true", "key false, address false"
	if w := tw.call(http.MethodPost, prefs, url.Values{"do": {"leave"}, "line": {"0"}}, "192.0.2.1"); w.Code != http.StatusSeeOther {
		t.Fatalf("leave: %d", w.Code)
	}
	if got := kept(); got != there {
		t.Errorf("with one stream left: %s", got)
	}
	stop("0612345678")
	if got := kept(); got != gone {
		t.Errorf("after the last: %s", got)
	}
	if w := tw.get(prefs); w.Code != http.StatusOK {
		t.Errorf("preferences: %d", w.Code)
	}
	if w := tw.get(prefs + "/export"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"ended"`) {
		t.Errorf("the proof is not in the export: %d", w.Code)
	}
	list, err := call.Ask(t.Context(), tw.nc, call.Enrol, call.EnrolRequest{
		Authority: "pessac", By: "import", Evidence: "liste", People: []call.Enrolment{{Kind: "sms", Address: "0612345678", Streams: []string{"infos"}}},
	})
	if err != nil || list.Known != 1 || kept() != gone {
		t.Errorf("enrolled by a list: %+v, %v, %s", list, err, kept())
	}
	// Asked for, and never confirmed.
	tw.ask("sms", "0612345678", "192.0.2.2", "infos")
	if got := kept(); got != there {
		t.Errorf("while a code is awaited: %s", got)
	}
	if err := tw.svc.SweepAt(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := kept(); got != gone {
		t.Errorf("after a code that nobody gave: %s", got)
	}
	if _, same := tw.subscribe("sms", "0612345678", "192.0.2.3", "infos"); same != id || kept() != there {
		t.Errorf("back: %s, %s", same, kept())
	}
	tw.publish(news("n1", "eau"))
	if c := tw.resolve(tw.await(1)[0]); len(c) != 1 || c[0].Address.Reveal() != "+33612345678" {
		t.Errorf("contacts %v", c)
	}
}

// TestWhoLeftIsForgotten: three years after everything of a subscriber ended,
// nothing is known of him, and of nobody else less.
func TestWhoLeftIsForgotten(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	left, _ := tw.subscribe("email", "zoe@courriel.example", "192.0.2.1", "infos", "alertes")
	part, _ := tw.subscribe("email", "ines@courriel.example", "192.0.2.2", "infos", "alertes")
	stays, _ := tw.subscribe("email", "remi@courriel.example", "192.0.2.3", "infos")
	if w := tw.call(http.MethodPost, part, url.Values{"do": {"leave"}, "line": {"0"}}, "192.0.2.2"); w.Code != http.StatusSeeOther {
		t.Fatalf("leave: %d", w.Code)
	}
	now := time.Now()
	if _, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{Kind: "email", Address: "zoe@courriel.example", Reason: events.ReasonOptedOut, At: now}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at                time.Time
		left, part, stays int
	}{
		{now.AddDate(3, 0, -1), http.StatusOK, http.StatusOK, http.StatusOK},
		{now.AddDate(3, 0, 1), http.StatusNotFound, http.StatusOK, http.StatusOK},
		{now.AddDate(9, 0, 0), http.StatusNotFound, http.StatusOK, http.StatusOK},
	} {
		if err := tw.svc.SweepAt(t.Context(), c.at); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{left: c.left, part: c.part, stays: c.stays} {
			if w := tw.get(path); w.Code != want {
				t.Errorf("%s: %d, %d wanted", c.at.Format(time.DateOnly), w.Code, want)
			}
		}
	}
}

func TestCodeCannotBeGuessed(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	path, d := tw.ask("sms", "+33 6 98 76 54 32", "192.0.2.1", "infos")
	right := sixDigits.FindString(d.Rendition.Text)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	var wg sync.WaitGroup
	for i := range 20 { // from as many addresses at once
		wg.Go(func() {
			if w := tw.call(http.MethodPost, path, url.Values{"code": {wrong}}, fmt.Sprintf("198.51.100.%d", i)); w.Code == http.StatusSeeOther {
				t.Error("a wrong code is taken")
			}
		})
	}
	wg.Wait()
	if w := tw.call(http.MethodPost, path, url.Values{"code": {right}}, "192.0.2.1"); w.Code != http.StatusUnprocessableEntity {
		t.Fatalf("after 20 wrong codes the right one gives %d", w.Code)
	}
	// at most three codes an hour, wherever they are asked from
	for i := range 3 {
		w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{"stream": {"infos"}, "kind": {"sms"}, "sms": {"0698765432"}, "consent": {"1"}}, fmt.Sprintf("203.0.113.%d", i))
		if want := http.StatusSeeOther; i < 2 && w.Code != want || i == 2 && w.Code != http.StatusUnprocessableEntity {
			t.Errorf("code %d: %d", i+2, w.Code)
		}
	}
}

func TestNoContactInStoreOrLog(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.subscribe("sms", "07 61 22 33 44", "192.0.2.1", "infos")
	tw.subscribe("email", "marguerite.lointaine@boite.example", "192.0.2.2", "infos")
	tw.publish(news("n3", "eau"))
	for _, d := range tw.await(2) {
		if tw.resolve(d)[0].Address == "" {
			t.Fatal("no contact")
		}
	}
	tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{"stream": {"infos"}, "kind": {"email"}, "email": {"marguerite.lointaine@boite"}, "consent": {"1"}}, "192.0.2.3")
	tw.stop()
	files, found := 0, regexp.MustCompile(`(?i)761223344|07 61 22 33 44|marguerite`)
	for _, dir := range []string{tw.store, tw.data} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			if found.Match(body) {
				t.Errorf("a contact is in %s", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 10 {
		t.Fatalf("only %d files were read", files)
	}
	if found.MatchString(tw.logs.String()) {
		t.Error("a contact is in the log")
	}
	if !strings.Contains(tw.logs.String(), "request") {
		t.Error("the log is empty: nothing was proven")
	}
}
