package feed_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/feed"
	"github.com/crieur/crieur/services/publisher/shelf"
)

// town is an authority with a feed channel, and its feeds over HTTP.
type town struct {
	t       testing.TB
	shelf   *shelf.Shelf
	channel *feed.Channel
	handler http.Handler
	server  *httptest.Server
	logs    *logs
}

// logs is what the town's channel logged.
type logs struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

// registryOf is what the authority's registry says.
type registryOf struct{ channel.Directory }

func (registryOf) Authority(id string) (registry.Authority, bool) {
	return registry.Authority{ID: "pessac", Name: "Pessac", Language: "fr", Languages: []string{"en"}, TimeZone: "Europe/Paris", INSEE: []string{"33318"}}, id == "pessac"
}

func (registryOf) Stream(_, id string) (registry.Stream, bool) {
	streams := map[string]registry.Stream{
		"voirie": {ID: "voirie", Name: "Voirie", Public: true}, "culture": {ID: "culture", Name: "Culture", Public: true},
		"interne": {ID: "interne", Name: "Interne"},
	}
	st, ok := streams[id]
	return st, ok
}

func newTown(t testing.TB, client *http.Client, more ...func(*channel.Deps)) *town {
	t.Helper()
	s, _ := newShelf(t)
	tw := &town{t: t, shelf: s, logs: &logs{}}
	tw.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tw.handler.ServeHTTP(w, r) }))
	tw.server.Start()
	t.Cleanup(tw.server.Close)
	factory := feed.NewFactory()
	if client != nil {
		factory = feed.NewFactoryFor(client)
	}
	deps := channel.Deps{
		Logger: slog.New(slog.NewTextHandler(tw.logs, nil)), Now: time.Now, Directory: registryOf{}, Shelf: s, PublicURL: tw.server.URL,
	}
	for _, change := range more {
		change(&deps)
	}
	mux := http.NewServeMux()
	for pattern, h := range factory.Routes(deps) {
		mux.Handle(pattern, h)
	}
	tw.handler = mux
	made, err := factory.New(channel.Spec{Authority: "pessac", ID: "flux", Kind: feed.Kind}, deps)
	if err != nil {
		t.Fatal(err)
	}
	tw.channel, _ = made.(*feed.Channel)
	return tw
}

// publish carries a publication out as the engine does.
func (tw *town) publish(change func(*events.Publication)) events.Publication {
	tw.t.Helper()
	p := channeltest.Publication()
	p.At = time.Now().UTC().Add(-time.Minute)
	change(&p)
	p.ID = events.PublicationID(p.Authority, p.Stream, p.Message)
	tw.deliver(p)
	return p
}

func (tw *town) deliver(p events.Publication) {
	tw.t.Helper()
	profile := channeltest.Profile()
	r, err := channel.Render(tw.channel, p, profile)
	if err != nil {
		tw.t.Fatal(err)
	}
	d := events.Delivery{
		ID: events.DeliveryID(p.ID, p.Revision, "flux", "feed", 0), Publication: p.ID, Revision: p.Revision, Authority: p.Authority,
		Stream: p.Stream, Channel: "flux", Kind: feed.Kind, Class: p.Class, Topic: p.Topic, Severity: p.Severity, Endpoint: "feed",
		Rendition: r, NotBefore: p.NotBefore, Expires: p.Expires,
	}
	act := tw.channel.Deliver
	if p.MsgType == events.MsgCancel {
		act = tw.channel.Withdraw
	}
	if _, err := act(context.Background(), channel.Post{Delivery: d}); err != nil {
		tw.t.Fatal(err)
	}
}

func (tw *town) get(path string, headers ...string) *httptest.ResponseRecorder {
	tw.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	tw.handler.ServeHTTP(w, r)
	return w
}

// titles tells which of some titles a feed holds.
func (tw *town) titles(path string, all ...string) string {
	body := tw.get(path).Body.String()
	var found []string
	for _, title := range all {
		if strings.Contains(body, title) {
			found = append(found, title)
		}
	}
	return strings.Join(found, " ")
}
