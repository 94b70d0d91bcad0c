package web_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crieur/crieur/services/web"
)

// eventServer serves one event, then waits until its stream ends and tells why.
func eventServer(t *testing.T) (address string, stop context.CancelFunc, ended chan error) {
	t.Helper()
	ended = make(chan error, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, r *http.Request) {
		ended <- web.Events(w, r, func(ctx context.Context, s *web.EventStream) error {
			if err := s.Send(web.Event{ID: "8\n", Name: "queue", Data: "<p>après " + s.LastID + "</p>\r\n<p>deux</p>"}); err != nil {
				return err
			}
			<-ctx.Done()
			return context.Cause(ctx)
		})
	})
	handler, err := web.Protect(mux, web.Protection{Logger: discard(), Errors: newRenderer(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewUnstartedServer(handler)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(cancel)
	return server.URL, cancel, ended
}

func within(t *testing.T, what string, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: nothing in 20 s", what)
		return nil
	}
}

// follow opens the stream as a browser that reconnects and accepts gzip, and reads the first event.
func follow(t *testing.T, ctx context.Context, address string) (string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", "7")
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	lines := bufio.NewScanner(answer.Body)
	for blank := 0; blank < 2 && lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if lines.Text() == "" {
			blank++
		}
	}
	return text.String(), answer
}

func TestEventsEndWithServer(t *testing.T) {
	t.Parallel()
	address, stop, ended := eventServer(t)
	text, answer := follow(t, t.Context(), address)
	defer answer.Body.Close()
	want := "retry: 3000\n\nid: 8\nevent: queue\ndata: <p>après 7</p>\ndata: <p>deux</p>\n\n"
	if text != want {
		t.Errorf("stream %q, want %q", text, want)
	}
	if answer.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("headers %v", answer.Header)
	}
	stop()
	if err := within(t, "stream", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("stream ended with %v", err)
	}
}

func TestEventsEndWithBrowser(t *testing.T) {
	t.Parallel()
	address, _, ended := eventServer(t)
	ctx, leave := context.WithCancel(t.Context())
	_, answer := follow(t, ctx, address)
	leave()
	_ = answer.Body.Close()
	if err := within(t, "stream", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("stream ended with %v", err)
	}
}

// flushed hands each flushed write to the test.
type flushed struct {
	header http.Header
	out    chan string
	last   string
}

func (f *flushed) Header() http.Header         { return f.header }
func (f *flushed) WriteHeader(int)             {}
func (f *flushed) Write(b []byte) (int, error) { f.last += string(b); return len(b), nil }
func (f *flushed) Flush()                      { f.out <- f.last; f.last = "" }

func TestEventsHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &flushed{http.Header{}, make(chan string, 8), ""}
		ctx, leave := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			done <- web.Events(w, r, func(ctx context.Context, _ *web.EventStream) error { <-ctx.Done(); return nil })
		}()
		<-w.out
		start := time.Now()
		if beat := <-w.out; beat != ":\n\n" || time.Since(start) != 15*time.Second {
			t.Errorf("%q after %v", beat, time.Since(start))
		}
		leave()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
