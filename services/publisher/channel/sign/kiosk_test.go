package sign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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
	"github.com/crieur/crieur/services/publisher/panel"
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

// oneKiosk is oneSign, which is a kiosk.
type oneKiosk struct{ withToken }

func (oneKiosk) Signs(string, string) []registry.Sign {
	s := oneSign{}.Signs("", "")
	s[0].Profile = "kiosk-default"
	return s
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

func newPlace(t *testing.T, directory channel.Directory) *place {
	t.Helper()
	js := eventstest.JetStream(t)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, health: reg.SignHealth, shown: make(chan string, 64)}
	deps := channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Directory: directory, Shelf: newShelf(t, js),
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
	return p.publish(pub, lasts)
}

func (p *place) publish(pub events.Publication, lasts time.Duration) events.Delivery {
	p.t.Helper()
	profile := p.channel.Endpoints(pub)[0]
	profile.Language, profile.Zone = pub.Content.Language, channeltest.Profile().Zone
	r, err := channel.Render(p.channel, pub, profile)
	if err != nil {
		p.t.Fatal(err)
	}
	class, title := pub.Class, pub.Content.Title
	id := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || r == ' ' || r == ':' {
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
	p := newPlace(t, withToken{})
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

// TestKioskSaysWhatPeopleWrote: on a screen that stands or lies, every page of a
// publication is whole, in large letters and whole words.
func TestKioskSaysWhatPeopleWrote(t *testing.T) {
	b := webtest.New(t)
	b.Before(`window.later = 0; const now = performance.now.bind(performance); performance.now = () => now() + window.later;`)
	inputs, err := filepath.Glob("testdata/kiosque*/input.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no testdata/kiosque*/input.json: %v", err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			body, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			in := struct{ Publication events.Publication }{channeltest.Publication()}
			if err := json.Unmarshal(body, &in); err != nil {
				t.Fatal(err)
			}
			p := newPlace(t, oneKiosk{})
			d := p.publish(in.Publication, time.Hour)
			said, err := channel.BodyOf[sign.Body](d.Rendition)
			if err != nil {
				t.Fatal(err)
			}
			preview, err := p.channel.Preview(d.Rendition)
			if err != nil || len(preview.Images) > 0 {
				t.Errorf("preview: %d images, %v", len(preview.Images), err)
			}
			for _, page := range said.Pages {
				for _, text := range slices.Concat([]string{page.Said.Title}, page.Said.Facts, page.Said.Text) {
					if !strings.Contains(html.UnescapeString(preview.HTML), ">"+text+"<") {
						t.Errorf("no %q in the preview: %s", text, preview.HTML)
					}
				}
			}
			w := httptest.NewRecorder()
			p.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/kiosk/pessac/endpoint", nil))
			if bare := html.UnescapeString(w.Body.String()); !strings.Contains(bare, `<h2 dir="auto">`+said.Pages[0].Said.Title) {
				t.Errorf("without JavaScript: %s", bare)
			}
			addr, cut := p.listen("127.0.0.1:0")
			t.Cleanup(cut)
			for _, size := range []webtest.Size{{Width: 1080, Height: 1920}, {Width: 1920, Height: 1080}} {
				b.Resize(size)
				b.Go("http://" + addr + "/kiosk/pessac/endpoint")
				for i, page := range said.Pages {
					if i > 0 {
						b.Eval(nil, fmt.Sprintf("window.later += %d", 1000*said.Pages[i-1].Seconds))
						waitFor(b, fmt.Sprintf("Page %d sur %d", i+1, len(said.Pages)))
					}
					name := fmt.Sprintf("%s-%d-%d", filepath.Base(filepath.Dir(input)), size.Width, i+1)
					b.Keep(name, false)
					checkKiosk(t, b, name, *page.Said)
				}
			}
		})
	}
}

// checkKiosk looks at the page that is up.
func checkKiosk(t *testing.T, b *webtest.Browser, name string, want panel.Said) {
	t.Helper()
	var got struct {
		Texts  []string // title, facts, text
		Size   float64  // of letters, hundredths of the screen's shorter side
		Whole  bool     // nothing is beyond the screen
		Broken []string // words on two lines
	}
	b.Eval(&got, `(() => {
		const box = document.querySelector(".said"), page = document.documentElement, broken = [];
		for (const part of box.children) {
			const node = part.firstChild;
			for (const word of node.data.matchAll(/[^\s-]+/g)) {
				const range = document.createRange();
				range.setStart(node, word.index);
				range.setEnd(node, word.index + word[0].length);
				if (range.getClientRects().length > 1) broken.push(word[0]);
			}
		}
		return {
			Texts: [...box.children].map((e) => e.textContent),
			Size: parseFloat(getComputedStyle(box).fontSize) * 100 / Math.min(innerWidth, innerHeight),
			Whole: page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth,
			Broken: broken,
		};
	})()`)
	if texts := slices.Concat([]string{want.Title}, want.Facts, want.Text); !slices.Equal(got.Texts, texts) {
		t.Errorf("%s: %q, want %q", name, got.Texts, texts)
	}
	if got.Size < 4 || !got.Whole || len(got.Broken) > 0 {
		t.Errorf("%s: letters of %.1f vmin, whole: %t, cut words: %q", name, got.Size, got.Whole, got.Broken)
	}
	if v := b.Axe(); len(v) > 0 {
		t.Errorf("%s: axe: %v", name, v)
	}
}

// TestEventsResume: a browser that comes back with what it has is told nothing
// until something changes.
func TestEventsResume(t *testing.T) {
	t.Parallel()
	p := newPlace(t, withToken{})
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
