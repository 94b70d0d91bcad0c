package sign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
	"github.com/crieur/crieur/services/web/webtest"
)

const token = "a-token-of-more-than-twenty-characters"

// withToken is oneSign, whose sign has a token.
type withToken struct{ oneSign }

func (withToken) Sign(string, string) (registry.Sign, channel.Channel, bool) {
	s := oneSign{}.Signs("", "")[0]
	s.SetToken(token)
	return s, nil, true
}

// receipts takes proofs of display.
type receipts struct{ shown chan string }

func (receipts) Later(string, string, channel.Later, func(error)) {}

func (r receipts) Shown(_ context.Context, d events.Delivery, _ string, _ []events.Recipient) error {
	r.shown <- d.Publication
	return nil
}

// place is a sign on the real shelf, its pages and what is kept of its health.
type place struct {
	t       *testing.T
	channel *sign.Channel
	handler http.Handler
	health  *registry.Repository[registry.SignHealth]
	shown   chan string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	js := eventstest.JetStream(t)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, health: reg.SignHealth, shown: make(chan string, 64)}
	deps := channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Directory: withToken{}, Shelf: newShelf(t, js),
		Receipts: receipts{p.shown}, SignHealth: func() channel.SignHealth { return p.health }, PublicURL: "https://crieur.example",
	}
	c, err := sign.New(channel.Spec{Authority: "pessac", ID: "panneaux", Kind: sign.Kind}, deps)
	if err != nil {
		t.Fatal(err)
	}
	p.channel, _ = c.(*sign.Channel)
	mux := http.NewServeMux()
	for pattern, h := range sign.Routes(deps) {
		mux.Handle(pattern, h)
	}
	p.handler = mux
	return p
}

func (p *place) deliver(class events.Class, title string, lasts time.Duration) events.Delivery {
	p.t.Helper()
	pub := channeltest.Publication()
	pub.Class, pub.Content.Title = class, title
	r, err := p.channel.Render(pub, p.channel.Endpoints(pub)[0])
	if err != nil {
		p.t.Fatal(err)
	}
	id := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, title)
	d := events.Delivery{
		ID: id, Publication: id, Revision: 1, Authority: "pessac", Kind: sign.Kind, Endpoint: "endpoint", Class: class,
		Rendition: r, Expires: time.Now().Add(lasts),
	}
	if _, err := p.channel.Deliver(p.t.Context(), channel.Post{Delivery: d}); err != nil {
		p.t.Fatal(err)
	}
	return d
}

// display asks as a sign does.
func (p *place) display() sign.Display {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, httptest.NewRequestWithContext(p.t.Context(), http.MethodGet, "/signs/pessac/endpoint.json", nil))
	var d sign.Display
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		p.t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return d
}

// listen starts to answer on addr; the returned function cuts every connection.
func (p *place) listen(addr string) (string, func()) {
	p.t.Helper()
	l, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	server := &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l.Addr().String(), func() {
		if err := server.Close(); err != nil {
			p.t.Error(err)
		}
		<-ended
	}
}

// waitFor waits until the page's text holds want and not the others.
func waitFor(b *webtest.Browser, want string, gone ...string) {
	list, _ := json.Marshal(append([]string{}, gone...)) // strings
	b.Eval(nil, fmt.Sprintf(`new Promise((ok, no) => {
		const good = () => {
			const text = document.body.innerText.replace(/\s+/g, " ");
			return text.includes(%q) && !%s.some((g) => text.includes(g));
		};
		const look = setInterval(() => { if (good()) { clearInterval(look); ok(true); } }, 50);
		setTimeout(() => { clearInterval(look); no(new Error("no %s in: " + document.body.innerText)); }, 30000);
	})`, want, list, want))
}

// TestKioskGoesOnWithoutNetwork: the network is lost, the screen restarts, and
// still the alert leaves when it expires and what it covered comes back; then the
// network is there again and so is what was published since.
func TestKioskGoesOnWithoutNetwork(t *testing.T) {
	b := webtest.New(t)
	p := newPlace(t)
	addr, cut := p.listen("127.0.0.1:0")
	address := "http://" + addr + "/kiosk/pessac/endpoint"

	p.deliver(events.ClassService, "Vide-grenier", time.Hour)
	b.Go(address + "#token=" + token)
	waitFor(b, "VIDE-GRENIER")
	b.Eval(nil, `new Promise((ok) => { const look = setInterval(() => { if (document.documentElement.dataset.kept) { clearInterval(look); ok(true); } }, 50); })`)
	p.deliver(events.ClassAlert, "Inondation", 12*time.Second)
	waitFor(b, "INONDATION", "VIDE-GRENIER")
	b.Keep("kiosk-alerte", false)
	for _, want := range []string{"Vide-grenier", "Inondation"} {
		if got := <-p.shown; got != want {
			t.Errorf("proof of display of %s, want %s", got, want)
		}
	}

	cut()
	b.Go(address)
	waitFor(b, "INONDATION", "VIDE-GRENIER")
	waitFor(b, "Sans réseau depuis")
	waitFor(b, "VIDE-GRENIER", "INONDATION")
	b.Keep("kiosk-sans-reseau", false)

	_, cut = p.listen(addr)
	t.Cleanup(cut)
	p.deliver(events.ClassAlert, "Tempête", time.Hour)
	waitFor(b, "TEMPETE", "VIDE-GRENIER", "Sans réseau")
	if got := <-p.shown; got != "Temp_te" {
		t.Errorf("proof of display of %s", got)
	}
	if v := b.Axe(); len(v) > 0 {
		t.Errorf("axe: %v", v)
	}
	eventstest.Eventually(t, func() bool {
		h, _, err := p.health.Get(t.Context(), "pessac", "endpoint")
		return err == nil && h.Shows == p.display().Hash && !h.Wrong && len(h.Publications) == 1 && h.Publications[0] == "Temp_te"
	}, 20*time.Second, "the health says what is up")
}

// TestEventsResume: a browser that comes back with what it has is told nothing
// until something changes.
func TestEventsResume(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	addr, cut := p.listen("127.0.0.1:0")
	t.Cleanup(cut)
	p.deliver(events.ClassService, "Marché", time.Hour)
	first := readEvent(t, addr, "")
	if !strings.Contains(first.data, "MARCHE") {
		t.Fatalf("first event: %+v", first)
	}
	got := make(chan sse, 1)
	go func() { got <- readEvent(t, addr, first.id) }()
	p.deliver(events.ClassAlert, "Tempête", time.Hour)
	if second := <-got; second.id == first.id || !strings.Contains(second.data, "TEMPETE") {
		t.Errorf("after a return: %+v", second)
	}
}
