package sign_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
	"github.com/crieur/crieur/services/publisher/shelf"
)

// oneSign is a directory with one sign.
type oneSign struct{}

func (oneSign) Authority(string) (registry.Authority, bool) {
	return registry.Authority{Name: "Pessac"}, true
}
func (oneSign) Stream(string, string) (registry.Stream, bool) { return registry.Stream{}, false }
func (oneSign) Signs(string, string) []registry.Sign {
	return []registry.Sign{{Authority: "pessac", ID: "endpoint", Name: "Mairie", Profile: "text-8x16"}}
}

func (oneSign) Sign(string, string) (registry.Sign, channel.Channel, bool) {
	return oneSign{}.Signs("", "")[0], nil, true
}

func newShelf(t *testing.T, js jetstream.JetStream) *shelf.Shelf {
	t.Helper()
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "displays", History: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := shelf.New(slog.New(slog.DiscardHandler), time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, kv) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	return s
}

// TestMosquittoGetsWhatTheSignShows: a client that comes later gets the
// retained message, and the end of an alert.
func TestMosquittoGetsWhatTheSignShows(t *testing.T) {
	t.Parallel()
	mosquitto, err := exec.LookPath("mosquitto_sub")
	if err != nil {
		t.Skip("mosquitto_sub is missing: apt-get install mosquitto-clients")
	}
	server := eventstest.Server(t, func(c *natsserver.Config) {
		c.MQTT = "127.0.0.1:0"
		c.Users = []natsserver.User{{Name: "signs", Password: "secret"}}
	})
	js, err := jetstream.New(eventstest.Dial(t, server))
	if err != nil {
		t.Fatal(err)
	}
	c, err := sign.New(channel.Spec{
		Authority: "pessac", ID: "panneaux", Kind: sign.Kind,
		Settings: []byte("mqtt: {url: \"tcp://" + server.MQTTAddr() + "\", username: signs, password: secret}"),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, Directory: oneSign{}, Shelf: newShelf(t, js)})
	if err != nil {
		t.Fatal(err)
	}
	signs, _ := c.(*sign.Channel)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- signs.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })

	deliver := func(class events.Class, id, title string, until time.Duration) events.Delivery {
		p := channeltest.Publication()
		p.Class, p.Content.Title = class, title
		r, err := signs.Render(p, signs.Endpoints(p)[0])
		if err != nil {
			t.Fatal(err)
		}
		d := events.Delivery{
			ID: id, Publication: id, Revision: 1, Authority: "pessac", Kind: sign.Kind, Endpoint: "endpoint", Class: class,
			Rendition: r, Expires: time.Now().Add(until),
		}
		if _, err := signs.Deliver(t.Context(), channel.Post{Delivery: d}); err != nil {
			t.Fatal(err)
		}
		return d
	}
	deliver(events.ClassService, "service", "Marché", time.Hour)
	seen := subscribe(t, mosquitto, server.MQTTAddr())
	await(t, seen, "the retained message", func(d sign.Display) bool { return !d.TakeOver && len(d.Pages) > 0 })
	deliver(events.ClassAlert, "alert", "Inondation", 5*time.Second)
	await(t, seen, "the take-over", func(d sign.Display) bool { return d.TakeOver && d.Pages[0].Publication == "alert" })
	await(t, seen, "its end by expiry", func(d sign.Display) bool { return !d.TakeOver && d.Pages[0].Publication == "service" })
}

func subscribe(t *testing.T, mosquitto, addr string) <-chan sign.Display {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(mosquitto, "-h", host, "-p", port, "-u", "signs", "-P", "secret", "-q", "1", "-t", sign.Topic("pessac", "endpoint"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	seen := make(chan sign.Display, 16)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var d sign.Display
			if json.Unmarshal(lines.Bytes(), &d) == nil {
				seen <- d
			}
		}
	}()
	return seen
}

func await(t *testing.T, seen <-chan sign.Display, what string, match func(sign.Display) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case d := <-seen:
			if match(d) {
				return
			}
		case <-deadline:
			t.Fatalf("mosquitto did not get %s", what)
		}
	}
}

func TestContract(t *testing.T) {
	js := eventstest.JetStream(t)
	s := newShelf(t, js)
	channeltest.Run(t, channeltest.Suite{Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
		t.Helper()
		deps := channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, Directory: oneSign{}, Shelf: s}
		switch f {
		case channeltest.OK:
		case channeltest.Transient:
			deps.Shelf = shelf.New(slog.New(slog.DiscardHandler), time.Now) // not started
		default:
			return nil // there is no provider
		}
		c, err := sign.New(channel.Spec{Authority: "pessac", ID: "panneaux", Kind: sign.Kind}, deps)
		if err != nil {
			t.Fatal(err)
		}
		return &channeltest.Scene{Channel: c}
	}})
}
