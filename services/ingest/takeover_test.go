package ingest_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
)

// shared is an ingest that shares its sources with others on one bus, and says
// its name to those it asks.
func shared(address, name string) (*ingest.Service, error) {
	nc, err := nats.Connect(address)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	return ingest.New(run.Deps{NATS: nc, JetStream: js}, ingest.Config{
		Fetch:     fetch.Config{UserAgent: name, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Runner:    runner.Config{Gap: -1, Every: 100 * time.Millisecond, Elsewhere: 50 * time.Millisecond},
		MemberTTL: time.Second,
	})
}

// serveIngest is one in a process of its own, to be killed.
func serveIngest() {
	s, err := shared(os.Getenv("CRIEUR_TEST_BUS"), os.Getenv("CRIEUR_TEST_NAME"))
	if err != nil {
		panic(err)
	}
	fmt.Println("runs")
	ctx, cancel := context.WithCancel(context.Background())
	go untilParentEnds(cancel)
	if err := s.Run(ctx); err != nil {
		panic(err)
	}
}

// region is the sites of many towns, each a host, that note who asks.
type region struct {
	port string

	mu     sync.Mutex
	asked  map[string][]string // by town: who, in order, without repetition
	inside map[string]int      // requests now answered
	twice  int                 // towns asked by two at once
	title  string
}

func newRegion(t *testing.T) *region {
	t.Helper()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &region{port: strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), asked: map[string][]string{}, inside: map[string]int{}, title: "Marché"}
	server := &http.Server{Handler: r}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return r
}

func (r *region) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	town, who := req.URL.Path, req.UserAgent()
	r.mu.Lock()
	if r.inside[town]++; r.inside[town] > 1 {
		r.twice++
	}
	if list := r.asked[town]; len(list) == 0 || list[len(list)-1] != who {
		r.asked[town] = append(list, who)
	}
	title := r.title
	r.mu.Unlock()
	fmt.Fprintf(w, `<rss version="2.0"><channel><title>Mairie</title><item><guid>1</guid><title>%s</title><link>https://mairie.example/1</link></item></channel></rss>`, title)
	r.mu.Lock()
	r.inside[town]--
	r.mu.Unlock()
}

// last counts the towns by who asked them last.
func (r *region) last() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := map[string]int{}
	for _, list := range r.asked {
		count[list[len(list)-1]]++
	}
	return count
}

// TestSourcesOfADeadProcessAreTakenOver runs two ingests on one bus, and kills
// one: no source is asked by both, none is left, and no news comes twice.
func TestSourcesOfADeadProcessAreTakenOver(t *testing.T) {
	const towns = 30
	address := eventstest.FreeAddr(t)
	server, err := natsserver.Start(t.Context(), natsserver.Config{Dir: t.TempDir(), Listen: address, MinFreeBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	nc, err := nats.Connect("nats://" + address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
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
	country := newRegion(t)
	for n := range towns {
		src := registry.Source{Authority: "ville-" + strconv.Itoa(n), ID: "site", Name: "Site", Kind: "feed", URL: fmt.Sprintf("http://127.0.1.%d:%s/%d", n+1, country.port, n)}
		if _, err := reg.Sources.Put(t.Context(), src); err != nil {
			t.Fatal(err)
		}
	}
	first, err := shared("nats://"+address, "first")
	if err != nil {
		t.Fatal(err)
	}
	start(t, first)
	eventstest.Eventually(t, func() bool { return country.last()["first"] == towns }, wait, "the first alone")

	_, second := child(t, "ingest", "CRIEUR_TEST_BUS=nats://"+address, "CRIEUR_TEST_NAME=second")
	eventstest.Eventually(t, func() bool { return country.last()["second"] >= towns/5 }, wait, "the second's share")
	share := country.last()
	if err := second.Kill(); err != nil {
		t.Fatal(err)
	}
	country.mu.Lock()
	country.title = "Marché déplacé"
	country.mu.Unlock()
	eventstest.Eventually(t, func() bool { return country.last()["first"] == towns }, wait, "the dead one's sources")
	eventstest.Eventually(t, func() bool { return len(raws(t, js)) >= 2*towns }, wait, "the news of all towns")

	country.mu.Lock()
	defer country.mu.Unlock()
	if country.twice > 0 {
		t.Errorf("%d times two asked one town at once", country.twice)
	}
	for town, list := range country.asked {
		if len(list) != 1 && len(list) != 3 { // first; or first, second, first
			t.Errorf("town %s was asked by %v", town, list)
		}
	}
	seen := map[string]int{}
	for _, raw := range raws(t, js) {
		seen[raw.ID]++
	}
	if len(seen) != 2*towns {
		t.Errorf("%d raws, want %d", len(seen), 2*towns)
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("raw %s came %d times", id, n)
		}
	}
	t.Logf("before the death: %v", share)
}
