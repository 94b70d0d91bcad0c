package sign_test

import (
	"bytes"
	"encoding/json"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
	"github.com/crieur/crieur/services/publisher/panel"
)

// noon is when these tests begin.
func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// facade is a sign read over HTTP at any time.
type facade struct {
	t       *testing.T
	channel channel.Channel
	on      []events.Delivery
}

func newFacade(t *testing.T) *facade {
	t.Helper()
	c, err := sign.New(channel.Spec{Authority: "pessac", ID: "panneaux", Kind: sign.Kind}, channel.Deps{Directory: oneSign{}})
	if err != nil {
		t.Fatal(err)
	}
	return &facade{t: t, channel: c}
}

func (f *facade) put(class events.Class, title, profile string, from, until time.Time) {
	f.t.Helper()
	shape, err := json.Marshal(sign.BuiltIn()[profile])
	if err != nil {
		f.t.Fatal(err)
	}
	p := channeltest.Publication()
	p.Class, p.Content.Title = class, title
	r, err := f.channel.Render(p, channel.Profile{Endpoint: "endpoint", Shape: shape})
	if err != nil {
		f.t.Fatal(err)
	}
	f.on = append(f.on, events.Delivery{
		ID: title, Publication: title, Authority: "pessac", Kind: sign.Kind, Endpoint: "endpoint", Class: class,
		Rendition: r, NotBefore: from, Expires: until,
	})
}

func (f *facade) read(path string, at time.Time) []byte {
	f.t.Helper()
	mux := http.NewServeMux()
	deps := channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return at }, Directory: oneSign{}, Shelf: held{on: f.on},
	}
	for pattern, h := range sign.Routes(deps) {
		mux.Handle(pattern, h)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(f.t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		f.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

func (f *facade) display(at time.Time) sign.Display {
	f.t.Helper()
	var d sign.Display
	if err := json.Unmarshal(f.read("/signs/pessac/endpoint.json", at), &d); err != nil {
		f.t.Fatal(err)
	}
	return d
}

// titles are the publications on the display, each once.
func titles(d sign.Display) string {
	var list []string
	for _, p := range d.Pages {
		if len(list) == 0 || list[len(list)-1] != p.Publication {
			list = append(list, p.Publication)
		}
	}
	return strings.Join(list, " ")
}

func TestAlertTakesTheSignOverAndItsEndGivesItBack(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	f.put(events.ClassService, "marche", "text-8x16", time.Time{}, noon().Add(time.Hour))
	f.put(events.ClassAlert, "crue", "text-8x16", noon().Add(10*time.Minute), noon().Add(20*time.Minute))
	for _, tt := range []struct {
		minute int
		want   string
		taken  bool
	}{{0, "marche", false}, {9, "marche", false}, {10, "crue", true}, {19, "crue", true}, {20, "marche", false}, {59, "marche", false}} {
		d := f.display(noon().Add(time.Duration(tt.minute) * time.Minute))
		if titles(d) != tt.want || d.TakeOver != tt.taken {
			t.Errorf("minute %d: %q, take-over %t", tt.minute, titles(d), d.TakeOver)
		}
	}
	// A kiosk that hears nothing more does the same.
	var plan sign.Schedule
	html := string(f.read("/kiosk/pessac/endpoint", noon()))
	_, rest, _ := strings.Cut(html, `data-schedule="`)
	data, _, _ := strings.Cut(rest, `"`)
	if err := json.Unmarshal([]byte(strings.NewReplacer("&#34;", `"`, "&#43;", "+", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(data)), &plan); err != nil {
		t.Fatal(err)
	}
	var turns []string
	for _, turn := range plan.Turns {
		minute := 0
		if !turn.From.IsZero() {
			minute = int(turn.From.Sub(noon()).Minutes())
		}
		turns = append(turns, strconv.Itoa(minute)+titles(plan.Displays[turn.Hash]))
	}
	if got := strings.Join(turns, ","); got != "0marche,10crue,20marche,60" {
		t.Errorf("schedule %s", got)
	}
}

func TestExpiryRemovesFromEveryWay(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	f.put(events.ClassService, "marche", "text-8x16", time.Time{}, noon().Add(time.Hour))
	before, after := noon().Add(time.Hour-time.Second), noon().Add(time.Hour)
	for _, form := range []string{"json", "txt", "rss"} {
		path := "/signs/pessac/endpoint." + form
		if !bytes.Contains(f.read(path, before), []byte("MARCHE")) {
			t.Errorf("%s: not there before", form)
		}
		if bytes.Contains(f.read(path, after), []byte("MARCHE")) {
			t.Errorf("%s: still there after", form)
		}
	}
	if !bytes.Contains(f.read("/kiosk/pessac/endpoint", before), []byte(">MARCHE<")) {
		t.Error("kiosk: not there before")
	}
	if bytes.Contains(f.read("/kiosk/pessac/endpoint", after), []byte("MARCHE")) {
		t.Error("kiosk: still there after")
	}
}

// TestPNGIsWhatThePanelLights: pixel for pixel, every page of every panel.
func TestPNGIsWhatThePanelLights(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"led-64x32", "led-128x64", "led-192x96", "road-128x32"} {
		f := newFacade(t)
		f.put(events.ClassService, "Crue", name, time.Time{}, noon().Add(time.Hour))
		body, err := channel.BodyOf[sign.Body](f.on[0].Rendition)
		if err != nil {
			t.Fatal(err)
		}
		for i, page := range body.Pages {
			got, err := png.Decode(bytes.NewReader(f.read("/signs/pessac/endpoint.png?page="+strconv.Itoa(i+1), noon())))
			if err != nil {
				t.Fatal(err)
			}
			want, err := panel.Bitmap(page, body.Profile)
			if err != nil {
				t.Fatal(err)
			}
			if got.Bounds() != want.Bounds() {
				t.Fatalf("%s page %d: %v, panel %v", name, i+1, got.Bounds(), want.Bounds())
			}
			lit := 0
			for y := range want.Bounds().Dy() {
				for x := range want.Bounds().Dx() {
					r, g, b, _ := got.At(x, y).RGBA()
					r2, g2, b2, _ := want.At(x, y).RGBA()
					if r != r2 || g != g2 || b != b2 {
						t.Fatalf("%s page %d: LED %d,%d differs", name, i+1, x, y)
					}
					if r+g+b > 0 {
						lit++
					}
				}
			}
			if lit == 0 {
				t.Errorf("%s page %d: nothing is lit", name, i+1)
			}
		}
	}
}

// held is a shelf that holds what it holds.
type held struct {
	channel.Shelf
	on []events.Delivery
}

func (h held) Items(string, string, string) []events.Delivery { return h.on }

func (h held) Version(string, string) uint64 { return uint64(len(h.on)) }
