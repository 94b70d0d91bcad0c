package publisher_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
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
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/engine"
)

// town is a publisher at work for one commune, on a NATS server of its own.
type town struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	reg     *registry.Registry
	emitter *bus.Emitter
	http    http.Handler
	sign    registry.Sign
	token   string
	engine  engine.Config
	clock   run.Clock // nil: the system's
}

func newTown(t *testing.T, channels ...registry.Channel) *town {
	t.Helper()
	tw := townOn(t, eventstest.Server(t), channels...)
	tw.start(t)
	return tw
}

// townOn is a town without a publisher.
func townOn(t testing.TB, server *natsserver.Server, channels ...registry.Channel) *town {
	t.Helper()
	return townIn(t, eventstest.Dial(t, server), bus.Options{}, nil, channels...)
}

// townIn is a town on a connection, whose streams and buckets are made as asked.
func townIn(t testing.TB, nc *nats.Conn, options bus.Options, kept []registry.Option, channels ...registry.Channel) *town {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	tw := &town{nc: nc, js: js}
	if err := bus.Ensure(t.Context(), js, options); err != nil {
		t.Fatal(err)
	}
	if tw.reg, err = registry.Open(t.Context(), js, kept...); err != nil {
		t.Fatal(err)
	}
	tw.register(t, channels)
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	tw.emitter = bus.NewEmitter(pub)
	return tw
}

func (tw *town) register(t testing.TB, channels []registry.Channel) {
	t.Helper()
	put := func(_ uint64, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put(tw.reg.Authorities.Put(t.Context(), registry.Authority{ID: "pessac", Name: "Pessac", Kind: registry.Municipality, INSEE: []string{"33318"}}))
	put(tw.reg.Streams.Put(t.Context(), registry.Stream{Authority: "pessac", ID: "voirie", Name: "Voirie", Public: true}))
	tw.sign = registry.Sign{Authority: "pessac", ID: "mairie", Name: "Place de la mairie", Profile: "text-8x16"}
	tw.token = tw.sign.IssueToken()
	put(tw.reg.Signs.Put(t.Context(), tw.sign))
	for _, c := range channels {
		put(tw.reg.Channels.Put(t.Context(), c))
	}
}

func (tw *town) start(t testing.TB) {
	t.Helper()
	svc, err := publisher.New(run.Deps{NATS: tw.nc, JetStream: tw.js, Clock: tw.clock}, publisher.Config{PublicURL: "https://pessac.example", ShortURL: "https://ps.example/", Engine: tw.engine})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range svc.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	tw.http = mux
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	eventstest.Eventually(t, func() bool { return svc.Ready() == nil }, 30*time.Second, "the publisher is not ready")
}

func (tw *town) publish(t *testing.T, p events.Publication) {
	t.Helper()
	if err := tw.emitter.Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// get reads a page.
func (tw *town) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	tw.http.ServeHTTP(w, r)
	return w
}

// receipts reads every receipt stored so far.
func (tw *town) receipts(t *testing.T) []events.Receipt {
	t.Helper()
	stream, err := tw.js.Stream(t.Context(), bus.StreamReceipts)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []events.Receipt
	for seq := info.State.FirstSeq; seq > 0 && seq <= info.State.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		r, err := events.Unmarshal[events.Receipt](msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// await returns the receipts once there is one of a channel and step.
func (tw *town) await(t *testing.T, channel, step string) events.Receipt {
	t.Helper()
	var found events.Receipt
	eventstest.Eventually(t, func() bool {
		for _, r := range tw.receipts(t) {
			if r.Channel == channel && r.Step == step {
				found = r
				return true
			}
		}
		return false
	}, 30*time.Second, "no receipt "+step+" of channel "+channel)
	return found
}

func publication(channels ...string) events.Publication {
	now := time.Now().UTC().Truncate(time.Millisecond)
	onset := time.Date(2026, 5, 4, 7, 0, 0, 0, time.UTC)
	ends := onset.Add(8 * time.Hour)
	return events.Publication{
		ID: events.PublicationID("pessac", "voirie", "m1"), Revision: 1, Authority: "pessac", Stream: "voirie",
		Message: "m1", Seq: "s1", Status: events.StatusActual, MsgType: events.MsgAlert, Class: events.ClassService,
		Topic: "voirie", Severity: events.SeverityMinor, Urgency: events.UrgencyExpected, Certainty: events.CertaintyLikely,
		Content: events.Content{
			Language: "fr", Title: "Coupure d’eau & travaux", Summary: "Rue fermée le matin.",
			Text: "L’eau sera coupée <le matin>.\n\nPrévoyez des bouteilles.", Place: "Rue du Cœur", Link: "https://pessac.example/eau",
		},
		Channels: channels, Onset: &onset, Ends: &ends, NotBefore: now, Expires: now.Add(time.Hour),
		By: []string{"officer"}, SourceAt: now.Add(-time.Minute), FetchedAt: now, At: now,
	}
}

func feedAndSign() []registry.Channel {
	return []registry.Channel{
		{Authority: "pessac", ID: "flux", Name: "Flux", Kind: "feed"},
		{Authority: "pessac", ID: "panneaux", Name: "Panneaux", Kind: "sign"},
	}
}

func TestPublicationReachesFeedAndSign(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	tw.publish(t, publication("flux", "panneaux"))
	for _, id := range []string{"flux", "panneaux"} {
		if r := tw.await(t, id, "submit"); r.Recipients[0].Status == events.StatusFailed {
			t.Errorf("%s: %+v", id, r.Recipients)
		}
	}
	if got := tw.get("/signs/pessac/mairie.txt").Body.String(); !strings.Contains(got, "COUPURE") {
		t.Errorf("sign shows %q", got)
	}
	for format, want := range map[string]string{"rss": "<item>", "atom": "<entry", "json": `"content_html"`} {
		for _, path := range []string{"/feeds/pessac.", "/feeds/pessac/voirie."} {
			w := tw.get(path + format)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s%s: %d %s", path, format, w.Code, w.Body)
			}
			if again := tw.get(path+format, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
				t.Errorf("%s%s with its ETag: %d", path, format, again.Code)
			}
			if format != "json" {
				wellFormed(t, w.Body.Bytes())
			}
		}
	}
	if w := tw.get("/signs/pessac/mairie.png?page=1"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "\x89PNG") {
		t.Errorf("png: %d", w.Code)
	}
	if w := tw.get("/kiosk/pessac/mairie"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "COUPURE") {
		t.Errorf("kiosk: %d %s", w.Code, w.Body)
	}
	wellFormed(t, tw.get("/signs/pessac/mairie.rss").Body.Bytes())
}

// wellFormed asks libxml2.
func wellFormed(t *testing.T, doc []byte) {
	t.Helper()
	path, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is missing: apt-get install libxml2-utils")
	}
	cmd := exec.Command(path, "--noout", "--nonet", "-")
	cmd.Stdin = strings.NewReader(string(doc))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v: %s\n%s", err, out, doc)
	}
}

func TestCorrectionAndWithdrawalPropagate(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	p := publication("flux", "panneaux")
	tw.publish(t, p)
	tw.await(t, "panneaux", "submit")
	p.Revision, p.MsgType, p.Content.Title = 2, events.MsgUpdate, "Coupure reportée"
	tw.publish(t, p)
	shows := func(text string) func() bool {
		return func() bool {
			return strings.Contains(tw.get("/signs/pessac/mairie.txt").Body.String(), text) &&
				strings.Count(tw.get("/feeds/pessac.rss").Body.String(), "<item>") == 1
		}
	}
	eventstest.Eventually(t, shows("REPORTEE"), 30*time.Second, "the correction does not show")
	p.Revision, p.MsgType = 3, events.MsgCancel
	tw.publish(t, p)
	eventstest.Eventually(t, func() bool {
		return tw.get("/signs/pessac/mairie.txt").Body.Len() == 0 && !strings.Contains(tw.get("/feeds/pessac.rss").Body.String(), "<item>")
	}, 30*time.Second, "the withdrawn text still shows")
}

// TestWithdrawalSaysNothingOfWhatItTakesBack: not in what is planned for an
// endpoint, nor in what audience has rendered for people.
func TestWithdrawalSaysNothingOfWhatItTakesBack(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	p := publication("flux")
	p.Class, p.Overrides = events.ClassAlert, []events.Override{{Channel: "flux", Text: "Évacuez les quais."}}
	tw.publish(t, p)
	tw.await(t, "flux", "submit")
	p.Revision, p.MsgType, p.Reason = 2, events.MsgCancel, "Fausse alerte"
	tw.publish(t, p)
	index := func() string { return tw.get("/feeds/pessac.cap").Body.String() }
	eventstest.Eventually(t, func() bool { return strings.Contains(index(), "Fausse alerte") }, 30*time.Second, "the withdrawal does not show")
	reply, err := call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: p})
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{index(), string(reply.Rendered[0].Rendition.Body)} {
		if !strings.Contains(said, "Message retiré") || strings.Contains(said, "Évacuez") || strings.Contains(said, "sera coupée") {
			t.Errorf("the withdrawal says %s", said)
		}
	}
}

func TestAlertTakesTheSignOverAndGivesItBack(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	tw.publish(t, publication("panneaux"))
	tw.await(t, "panneaux", "submit")
	alert := publication("panneaux")
	alert.ID, alert.Class, alert.Severity = events.PublicationID("pessac", "voirie", "m2"), events.ClassAlert, events.SeverityExtreme
	alert.Content.Title = "Inondation"
	tw.publish(t, alert)
	sign := func() string { return tw.get("/signs/pessac/mairie.txt").Body.String() }
	eventstest.Eventually(t, func() bool {
		return strings.Contains(sign(), "INONDATION") && !strings.Contains(sign(), "COUPURE")
	}, 30*time.Second, "the alert did not take over")
	alert.Revision, alert.MsgType = 2, events.MsgCancel
	tw.publish(t, alert)
	eventstest.Eventually(t, func() bool {
		return !strings.Contains(sign(), "INONDATION") && strings.Contains(sign(), "COUPURE")
	}, 30*time.Second, "the sign was not given back")
}

func TestProofOfDisplayIsAReceipt(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	tw.publish(t, publication("panneaux"))
	tw.await(t, "panneaux", "submit")
	var display struct{ Hash string }
	if err := json.Unmarshal(tw.get("/signs/pessac/mairie.json").Body.Bytes(), &display); err != nil {
		t.Fatal(err)
	}
	post := func(token, hash string) int {
		r := httptest.NewRequest(http.MethodPost, "/signs/pessac/mairie/displayed", strings.NewReader(`{"hash":"`+hash+`"}`))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		tw.http.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range []struct {
		name, token, hash string
		want              int
	}{
		{"wrong token", "x", display.Hash, http.StatusUnauthorized},
		{"old display", tw.token, "0000", http.StatusConflict},
		{"proof", tw.token, display.Hash, http.StatusNoContent},
		{"proof again", tw.token, display.Hash, http.StatusNoContent},
	} {
		if got := post(c.token, c.hash); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	r := tw.await(t, "panneaux", "displayed")
	if r.Recipients[0].Status != events.StatusDisplayed || r.Recipients[0].ID != "mairie" {
		t.Errorf("receipt %+v", r.Recipients)
	}
}

func TestRenderAnswersWithPreviews(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	reply, err := call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: publication("flux", "panneaux", "nothing")})
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Rendered) != 3 {
		t.Fatalf("%d entries", len(reply.Rendered))
	}
	sign := reply.Rendered[1]
	if len(sign.Preview.Images) != sign.Rendition.Units || !strings.HasPrefix(sign.Preview.Images[0], "data:image/png;base64,") {
		t.Errorf("preview %d images of %d pages", len(sign.Preview.Images), sign.Rendition.Units)
	}
	if len(sign.Preview.Shown) != len(sign.Preview.Images) || sign.Preview.Shown[0] == "" {
		t.Errorf("which sign shows what: %q", sign.Preview.Shown)
	}
	if missing := reply.Rendered[2]; missing.Reason != events.ReasonInvalidConfig || missing.Error == "" {
		t.Errorf("missing channel: %+v", missing)
	}
	again, err := call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: publication("flux")})
	if err != nil || again.Rendered[0].Rendition.Hash == "" {
		t.Errorf("feed: %+v %v", again, err)
	}
	if !strings.Contains(string(again.Rendered[0].Rendition.Body), `"https://ps.example/p/`) {
		t.Errorf("the link is not the short one: %s", again.Rendered[0].Rendition.Body)
	}
	english := publication("panneaux")
	onset := time.Date(2026, 5, 12, 8, 30, 0, 0, time.UTC)
	english.Content.Language, english.Content.Title, english.Onset = "en", "Water cut", &onset
	reply, err = call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: english})
	if err != nil || !strings.Contains(strings.ToUpper(reply.Rendered[0].Rendition.Text), "TUESDAY") {
		t.Errorf("a date in the language of its text: %+v %v", reply, err)
	}
}

func TestExpiredIsNeverShown(t *testing.T) {
	t.Parallel()
	tw := newTown(t, feedAndSign()...)
	p := publication("flux")
	p.Expires = time.Now().Add(-time.Second)
	tw.publish(t, p)
	r := tw.await(t, "flux", "submit").Recipients[0]
	if r.Status != events.StatusFailed || r.Reason != events.ReasonExpired {
		t.Errorf("receipt %+v", r)
	}
	if body := tw.get("/feeds/pessac.rss").Body.String(); strings.Contains(body, "<item>") {
		t.Error("an expired entry shows")
	}
}

func TestUnusableChannelEndsInAReceiptAndStopsNoOther(t *testing.T) {
	t.Parallel()
	tw := newTown(t, append(feedAndSign(), registry.Channel{
		Authority: "pessac", ID: "faux", Name: "Faux", Kind: "feed", Settings: json.RawMessage(`{"no_such_key": 1}`),
	})...)
	tw.publish(t, publication("faux", "flux"))
	if r := tw.await(t, "faux", "plan").Recipients[0]; r.Reason != events.ReasonInvalidConfig {
		t.Errorf("receipt %+v", r)
	}
	if r := tw.await(t, "flux", "submit").Recipients[0]; r.Status != events.StatusDelivered {
		t.Errorf("receipt %+v", r)
	}
}
