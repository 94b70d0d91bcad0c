package speech_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/email"
	"github.com/crieur/crieur/services/publisher/channel/feed"
	"github.com/crieur/crieur/services/publisher/shelf"
	"github.com/crieur/crieur/services/publisher/speech"
)

// publisher is a desk on a real shelf.
type publisher struct {
	t       *testing.T
	deps    channel.Deps
	desk    *speech.Desk
	handler http.Handler
	logs    *logs
}

type logs struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newPublisher(t *testing.T, cfg speech.Config) *publisher {
	t.Helper()
	js, err := jetstream.New(eventstest.Dial(t, eventstest.Server(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), bus.BucketDisplays)
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{t: t, logs: &logs{}}
	s := shelf.New(slog.New(slog.DiscardHandler), time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx, kv) }() // its connection may be cut by the test
	t.Cleanup(func() { cancel(); <-ended })
	<-s.Ready()
	p.deps = channel.Deps{Logger: slog.New(slog.NewTextHandler(p.logs, nil)), Now: time.Now, Shelf: s, PublicURL: "https://pessac.example"}
	if p.desk, err = speech.New(cfg, p.deps); err != nil {
		t.Fatal(err)
	}
	p.deps.Voice = p.desk
	mux := http.NewServeMux()
	for pattern, h := range p.desk.Routes() {
		mux.Handle(pattern, h)
	}
	p.handler = mux
	return p
}

func (p *publisher) get(url string, headers ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(url, "https://pessac.example"), nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

// feed delivers a publication to a feed, and returns its entry.
func (p *publisher) feed(change func(*events.Publication)) (feed.Entry, events.Delivery) {
	p.t.Helper()
	made, err := feed.New(channel.Spec{Authority: "pessac", ID: "flux", Kind: feed.Kind}, p.deps)
	if err != nil {
		p.t.Fatal(err)
	}
	c, _ := made.(*feed.Channel)
	pub := channeltest.Publication()
	if change != nil {
		change(&pub)
	}
	r, err := channel.Render(c, pub, channeltest.Profile())
	if err != nil {
		p.t.Fatal(err)
	}
	d := events.Delivery{
		ID: "d1", Publication: pub.ID, Revision: pub.Revision, Authority: "pessac", Stream: "voirie", Channel: "flux", Kind: feed.Kind,
		Class: pub.Class, Endpoint: "feed", Rendition: r, NotBefore: pub.NotBefore, Expires: pub.Expires,
	}
	if _, err := c.Deliver(p.t.Context(), channel.Post{Delivery: d}); err != nil {
		p.t.Fatal(err)
	}
	e, err := channel.BodyOf[feed.Entry](r)
	if err != nil {
		p.t.Fatal(err)
	}
	return e, d
}

// espeak is the demonstration's voice.
func espeak(t *testing.T) speech.Config {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed: apt-get install espeak-ng")
	}
	return speech.Config{Command: []string{"espeak-ng", "-v", "{language}", "--stdin", "--stdout"}, Languages: []string{"fr", "en"}}
}

// TestEspeakReads: espeak-ng reads the original and the variants; each file is
// a WAV of the length that its header says.
func TestEspeakReads(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, espeak(t))
	e, _ := p.feed(func(pub *events.Publication) {
		pub.Content.Text += "\n\nUn point d’eau est ouvert devant la mairie, de huit heures à vingt heures."
		pub.Variants = []events.Content{
			{Language: "fr-simple", Title: "Pas d’eau", Text: "Il n’y a pas d’eau."},
			{Language: "en", Title: "No water", Text: "There is none."},
			{Language: "ar", Title: "لا ماء"},
		}
	})
	if e.Variants["ar"].Heard != nil {
		t.Error("a language that nobody speaks is offered")
	}
	long := 0
	for language, h := range map[string]*channel.Heard{"fr": e.Heard, "fr-simple": e.Variants["fr-simple"].Heard, "en": e.Variants["en"].Heard} {
		if h == nil {
			t.Fatalf("%s is not offered", language)
		}
		w := p.get(h.URL)
		body := w.Body.Bytes()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "audio/wav" || len(body) < 20_000 || string(body[:4]) != "RIFF" {
			t.Fatalf("%s: %d, %d bytes of %s", language, w.Code, len(body), w.Header().Get("Content-Type"))
		}
		if said := binary.LittleEndian.Uint32(body[4:]); int(said) != len(body)-8 {
			t.Errorf("%s: the header says %d bytes of %d", language, said, len(body)-8)
		}
		if language == "fr" {
			long = len(body)
		}
		part := p.get(h.URL, "Range", "bytes=0-99")
		if part.Code != http.StatusPartialContent || part.Body.Len() != 100 {
			t.Errorf("%s: a part: %d, %d bytes", language, part.Code, part.Body.Len())
		}
	}
	if w := p.get(e.Variants["en"].Heard.URL); w.Body.Len() >= long {
		t.Errorf("two sentences last as long as the whole: %d, %d bytes", w.Body.Len(), long)
	}
	if text := e.Heard.Text; !strings.HasPrefix(text, "Coupure d’eau & travaux rue du Cœur.\n\nLundi 4 mai, 9 h – 17 h.\n\n") {
		t.Errorf("what is read: %q", text)
	}
}

// TestMailLinks: a mail names its audio in both parts, and a million of them
// keep it once.
func TestMailLinks(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, speech.Config{Command: []string{"cat"}, Languages: []string{"fr"}, Type: "audio/ogg"})
	made, err := email.New(channel.Spec{Authority: "pessac", ID: "mail", Kind: email.Kind, Settings: []byte("address: 127.0.0.1:1\ntls: none\nfrom: a@pessac.example")}, p.deps)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := made.(*email.Channel)
	pub := channeltest.Publication()
	r, err := channel.Render(c, pub, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	body, err := channel.BodyOf[email.Body](r)
	if err != nil || body.Heard == nil || !strings.Contains(body.HTML, `href="`+body.Heard.URL+`"`) || !strings.Contains(body.Text, "Écouter ce message :\n"+body.Heard.URL) {
		t.Fatalf("%v: %+v", err, body)
	}
	d := events.Delivery{ID: "d1", Publication: pub.ID, Revision: 1, Authority: "pessac", Channel: "mail", Kind: email.Kind, Rendition: r, NotBefore: pub.NotBefore, Expires: pub.Expires}
	before := p.deps.Shelf.Version(speech.Kind, "pessac")
	for range 3 {
		c.DeliverBatch(t.Context(), channel.Send{Delivery: d}, func(int, channel.Result) {})
	}
	if after := p.deps.Shelf.Version(speech.Kind, "pessac"); after == before || after > before+2 {
		t.Errorf("version %d of the shelf, was %d", after, before)
	}
	if w := p.get(body.Heard.URL); w.Code != http.StatusOK || w.Body.String() != body.Heard.Text || w.Header().Get("Content-Type") != "audio/ogg" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestOnlyWhatIsPublishedIsHeard: unknown names, other authorities, what is not
// yet out or is over.
func TestOnlyWhatIsPublishedIsHeard(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, speech.Config{Command: []string{"cat"}, Languages: []string{"fr"}})
	e, _ := p.feed(nil)
	over, _ := p.feed(func(pub *events.Publication) {
		pub.ID, pub.Content.Title, pub.Expires = "over", "Fini", time.Now().Add(-time.Minute)
	})
	early, _ := p.feed(func(pub *events.Publication) {
		pub.ID, pub.Content.Title, pub.NotBefore = "early", "Bientôt", time.Now().Add(time.Hour)
	})
	for url, want := range map[string]int{
		e.Heard.URL: http.StatusOK, over.Heard.URL: http.StatusNotFound, early.Heard.URL: http.StatusNotFound,
		strings.Replace(e.Heard.URL, "/pessac/", "/bordeaux/", 1): http.StatusNotFound,
		strings.TrimSuffix(e.Heard.URL, "wav") + "mp3":            http.StatusNotFound,
		"/audio/pessac/none.wav":                                  http.StatusNotFound,
	} {
		if w := p.get(url); w.Code != want {
			t.Errorf("%s: %d, want %d", url, w.Code, want)
		}
	}
}

// TestTheCommandIsHeld runs commands that misbehave.
func TestTheCommandIsHeld(t *testing.T) {
	for name, c := range map[string]struct {
		script string // of a program that is run as it is, without a shell of ours
		args   []string
		code   int
	}{
		"no shell":   {"printf '%s,' \"$@\"; cat >/dev/null", []string{"$(id)", "a b", "{language}"}, http.StatusOK},
		"no secrets": {"env; cat >/dev/null", nil, http.StatusOK},
		"fails":      {"exit 3", nil, http.StatusServiceUnavailable},
		"silent":     {"cat >/dev/null", nil, http.StatusServiceUnavailable},
		"too much":   {"while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", nil, http.StatusServiceUnavailable},
		"never ends": {"sleep 1000 & echo $! > \"$1\"; wait", []string{"PIDFILE"}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CRIEUR_SPEECH_TEST_SECRET", "hidden") // thus not parallel
			dir := t.TempDir()
			pid := filepath.Join(dir, "pid")
			for i := range c.args {
				c.args[i] = strings.ReplaceAll(c.args[i], "PIDFILE", pid)
			}
			file := filepath.Join(dir, "voice")
			if err := os.WriteFile(file, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			timeout := time.Minute
			if c.code != http.StatusOK {
				timeout = 2 * time.Second
			}
			p := newPublisher(t, speech.Config{Command: append([]string{file}, c.args...), Languages: []string{"fr"}, Timeout: timeout, MaxBytes: 64 << 10})
			e, _ := p.feed(nil)
			began := time.Now()
			w := p.get(e.Heard.URL)
			if w.Code != c.code || time.Since(began) > 30*time.Second {
				t.Errorf("%d after %s: %.200s", w.Code, time.Since(began), w.Body)
			}
			if c.code != http.StatusOK && (!strings.Contains(p.logs.b.String(), "speech: ") || strings.Contains(p.logs.b.String(), "Coupure")) {
				t.Errorf("logs: %s", p.logs.b.String())
			}
			switch name {
			case "no shell":
				if got := w.Body.String(); got != "$(id),a b,fr," {
					t.Errorf("arguments %q", got)
				}
			case "no secrets":
				if strings.Contains(w.Body.String(), "CRIEUR_SPEECH_TEST_SECRET") {
					t.Error("the command sees our environment")
				}
			case "never ends":
				body, err := os.ReadFile(pid)
				if err != nil {
					t.Fatal(err)
				}
				child, err := strconv.Atoi(strings.TrimSpace(string(body)))
				if err != nil {
					t.Fatal(err)
				}
				eventstest.Eventually(t, func() bool { return gone(child) }, 20*time.Second, "its child outlives the command")
			}
		})
	}
}

// gone tells whether a process ended; one that nobody waited for has.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestMadeOnce: however many listen, the command runs once.
func TestMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "voice")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho run >> "+dir+"/runs\nsleep 0.2\ncat\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, speech.Config{Command: []string{file}, Languages: []string{"fr"}})
	e, _ := p.feed(nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := p.get(e.Heard.URL); w.Code != http.StatusOK {
				t.Errorf("%d", w.Code)
			}
		})
	}
	wg.Wait()
	if runs, err := os.ReadFile(dir + "/runs"); err != nil || string(runs) != "run\n" {
		t.Errorf("%v: %q", err, runs)
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]speech.Config{
		"no command": {Languages: []string{"fr"}}, "no languages": {Command: []string{"x"}},
		"an option as a language": {Command: []string{"x"}, Languages: []string{"-f"}}, "region": {Command: []string{"x"}, Languages: []string{"fr-FR"}},
		"type": {Command: []string{"x"}, Languages: []string{"fr"}, Type: "text/html"}, "timeout": {Command: []string{"x"}, Languages: []string{"fr"}, Timeout: time.Hour},
		"size": {Command: []string{"x"}, Languages: []string{"fr"}, MaxBytes: 1},
	} {
		if _, err := speech.New(cfg, channel.Deps{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
