package sign_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
	"github.com/crieur/crieur/services/publisher/panel"
)

// BenchmarkPages answers a sign over a kept connection, beside a bare net/http
// handler that writes the same bytes:
//
//	go test ./channel/sign -run '^$' -bench Pages -cpu 1
func BenchmarkPages(b *testing.B) {
	handler := stocked(b)
	for _, path := range []string{"/signs/pessac/endpoint.json", "/signs/pessac/endpoint.png?page=1", "/kiosk/pessac/endpoint"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			b.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		body := w.Body.Bytes()
		bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
		name := path[1+len(filepath.Dir(filepath.Dir(path))):]
		b.Run(name+"/crieur", func(b *testing.B) { ask(b, handler, path, len(body)) })
		b.Run(name+"/bare", func(b *testing.B) { ask(b, bare, path, len(body)) })
	}
}

// ask reads one page after the other.
func ask(b *testing.B, handler http.Handler, path string, size int) {
	b.Helper()
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	b.SetBytes(int64(size))
	for b.Loop() {
		r, err := server.Client().Get(server.URL + path) //nolint:noctx // a benchmark's own server
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Fatal(err)
		}
		_ = r.Body.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}

// stocked serves a sign with three publications on it.
func stocked(b *testing.B) http.Handler {
	b.Helper()
	c, err := sign.New(channel.Spec{Authority: "pessac", ID: "panneaux", Kind: sign.Kind}, channel.Deps{Directory: oneSign{}})
	if err != nil {
		b.Fatal(err)
	}
	var on []events.Delivery
	for _, id := range []string{"a", "b", "c"} {
		p := channeltest.Publication()
		r, err := c.Render(p, channel.Profile{Endpoint: "endpoint"})
		if err != nil {
			b.Fatal(err)
		}
		on = append(on, events.Delivery{
			ID: id, Publication: id, Authority: "pessac", Kind: sign.Kind, Endpoint: "endpoint", Class: events.ClassService,
			Rendition: r, Expires: time.Now().Add(24 * time.Hour),
		})
	}
	mux := http.NewServeMux()
	for pattern, h := range sign.Routes(channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, Directory: oneSign{}, Shelf: held{on: on}}) {
		mux.Handle(pattern, h)
	}
	return mux
}

// BenchmarkPanels draws one page of the usual pixel panels, as PNG and as the
// console's preview.
func BenchmarkPanels(b *testing.B) {
	for _, name := range []string{"led-64x32", "led-128x64", "led-192x96"} {
		p := sign.BuiltIn()[name]
		laid, err := panel.Render(panel.Content{Title: "Coupure d'eau", When: "lundi 4 mai, 8 h – 12 h", Place: "rue du Bac"}, p)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				img, err := panel.Bitmap(laid.Pages[0], p)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := panel.PNG(img); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "png/s")
		})
	}
}

// BenchmarkRenditions renders one publication by every kind of channel, with the
// settings of its example:
//
//	go test ./channel/sign -run '^$' -bench Renditions -cpu 1
func BenchmarkRenditions(b *testing.B) {
	for _, secret := range []string{"SMPP_PASSWORD", "SMTP_PASSWORD", "SLACK_TOKEN", "MASTODON_TOKEN", "MQTT_PASSWORD"} {
		b.Setenv(secret, "secret")
	}
	b.Setenv("CRIEUR_EXAMPLE_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	deps := channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, Directory: oneSign{},
		PublicURL: "https://pessac.example",
	}
	for _, kind := range publisher.KindNames() {
		b.Run(kind, func(b *testing.B) {
			example, err := os.ReadFile(filepath.Join("..", kind, "example.yaml"))
			if err != nil {
				b.Fatal(err)
			}
			c, err := publisher.Kinds()[kind].New(channel.Spec{Authority: "pessac", ID: "c", Kind: kind, Settings: example}, deps)
			if err != nil {
				b.Fatal(err)
			}
			p := channeltest.Publication()
			profile := channeltest.Profile()
			if e, ok := c.(channel.Endpoint); ok {
				if list := e.Endpoints(p); len(list) > 0 {
					profile.Endpoint, profile.Shape = list[0].Endpoint, list[0].Shape
				}
			}
			for b.Loop() {
				if _, err := c.Render(p, profile); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "renditions/s")
		})
	}
}
