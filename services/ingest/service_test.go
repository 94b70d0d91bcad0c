package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
)

const wait = 30 * time.Second

// site is a town site with one feed.
type site struct {
	*httptest.Server
	title   atomic.Value
	fetched atomic.Int64
}

func newSite(t *testing.T) *site {
	s := &site{}
	s.title.Store("Coupure d'eau")
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetched.Add(1)
		fmt.Fprintf(w, `<rss version="2.0"><channel><title>Mairie</title><item><guid>1</guid><title>%s</title><link>https://mairie.example/1</link><pubDate>%s</pubDate></item></channel></rss>`,
			s.title.Load(), time.Now().UTC().Format(time.RFC1123Z))
	}))
	t.Cleanup(s.Close)
	return s
}

func newService(t *testing.T, js jetstream.JetStream) *ingest.Service {
	s, err := ingest.New(run.Deps{NATS: js.Conn(), JetStream: js}, ingest.Config{
		Fetch:  fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Runner: runner.Config{Gap: -1}, Alone: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t *testing.T, s *ingest.Service) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	eventstest.Eventually(t, func() bool { return s.Ready() == nil }, wait, "ready")
	return stop
}

func raws(t *testing.T, js jetstream.JetStream) []events.Raw {
	t.Helper()
	c, err := js.OrderedConsumer(t.Context(), bus.StreamRaw, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.FetchNoWait(1000)
	if err != nil {
		t.Fatal(err)
	}
	var list []events.Raw
	for m := range batch.Messages() {
		raw, err := events.Unmarshal[events.Raw](m.Data())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, raw)
	}
	return list
}

func TestSourceOfTheRegistryReachesTheBus(t *testing.T) {
	eventstest.NoLeak(t)
	js := eventstest.JetStream(t)
	town := newSite(t)
	stop := start(t, newService(t, js))
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	src := registry.Source{Authority: "bordeaux", ID: "site", Name: "Site", Kind: "feed", URL: town.URL + "/feed", Every: registry.Duration(10 * time.Second)}
	if _, err := reg.Sources.Put(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return len(raws(t, js)) == 1 }, wait, "first raw")

	town.title.Store("Coupure d'eau jusqu'à midi")
	src.Every = registry.Duration(11 * time.Second) // a change has the source read at once
	if _, err := reg.Sources.Put(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return len(raws(t, js)) == 2 }, wait, "revision")
	got := raws(t, js)
	var entry record.Entry
	if err := json.Unmarshal(got[1].Record, &entry); err != nil {
		t.Fatal(err)
	}
	if got[0].Item != got[1].Item || got[1].Revision != 2 || entry.Title != "Coupure d'eau jusqu'à midi" || got[0].Backlog {
		t.Errorf("got %+v then %+v (%s)", got[0], got[1], entry.Title)
	}
	stop()

	h, _, err := reg.SourceHealth.Get(t.Context(), "bordeaux", "site")
	if err != nil || h.LastSuccess.IsZero() || h.ErrorStreak != 0 || h.Items != 1 {
		t.Errorf("health %+v, %v", h, err)
	}
}

func TestRestartPublishesNothingAgain(t *testing.T) {
	js := eventstest.JetStream(t)
	town := newSite(t)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	src := registry.Source{Authority: "bordeaux", ID: "site", Name: "Site", Kind: "feed", URL: town.URL}
	if _, err := reg.Sources.Put(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		stop := start(t, newService(t, js))
		eventstest.Eventually(t, func() bool { return town.fetched.Load() >= int64(i+1) }, wait, "fetch")
		eventstest.Eventually(t, func() bool { return len(raws(t, js)) == 1 }, wait, "raw")
		stop()
	}
	if got := raws(t, js); len(got) != 1 {
		t.Errorf("%d raws, want 1", len(got))
	}
}

func TestMalformedFeedIsShownAndKept(t *testing.T) {
	js := eventstest.JetStream(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<rss><channel><item><title>x</channel></rss")
	}))
	defer broken.Close()
	start(t, newService(t, js))
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	src := registry.Source{Authority: "bordeaux", ID: "casse", Name: "Cassé", Kind: "feed", URL: broken.URL + "/flux"}
	if _, err := reg.Sources.Put(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		h, _, err := reg.SourceHealth.Get(t.Context(), "bordeaux", "casse")
		return err == nil && h.LastReason == events.ReasonInvalidContent
	}, wait, "health")
	stream, err := js.Stream(t.Context(), bus.StreamRejected)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetLastMsgForSubject(t.Context(), "rejected.bordeaux.casse")
	if err != nil {
		t.Fatal(err)
	}
	var kept record.Rejection
	if err := json.Unmarshal(msg.Data, &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Reason != events.ReasonInvalidContent || len(kept.Body) == 0 || kept.Detail == "" {
		t.Errorf("kept %+v", kept)
	}
}
