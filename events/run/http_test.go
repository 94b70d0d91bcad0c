package run_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/run"
)

// site is a service with pages.
type site struct {
	name   string
	routes []run.Route
	ready  error
}

func (s site) Name() string                  { return s.name }
func (s site) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (s site) Handlers() []run.Route         { return s.routes }
func (s site) Ready() error                  { return s.ready }

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func hello(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") == "none" {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, "hello "+r.PathValue("id"))
}

// stream answers one event, then waits for the end of its request.
func stream(ended chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		ended <- context.Cause(r.Context())
	}
}

func TestListener(t *testing.T) {
	eventstest.NoLeak(t)
	nc := eventstest.Connect(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	ended := make(chan error, 1)
	g := run.NewGroup(run.Deps{NATS: nc, Metrics: run.NewMetrics()}, run.Options{Listener: l})
	g.Add(site{name: "console", routes: []run.Route{
		{Pattern: "GET /console/{id}", Handler: http.HandlerFunc(hello)},
		{Pattern: "GET /live", Handler: stream(ended)},
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	<-g.Started()

	if status, body := get(t, base+"/console/7"); status != 200 || body != "hello 7" {
		t.Errorf("page: %d %s", status, body)
	}
	get(t, base+"/console/none")
	if status, body := get(t, base+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
	wantReady(t, base, 200, "ready", map[string]string{"nats": "", "console": ""})
	nc.Close()
	wantReady(t, base, 503, "unready", map[string]string{"nats": "closed", "console": ""})
	_, body := get(t, base+"/metrics")
	for _, want := range []string{
		`crieur_http_request_seconds_count{route="GET /console/{id}",status="2xx"} 1`,
		`crieur_http_request_seconds_count{route="GET /console/{id}",status="4xx"} 1`,
		`crieur_run_service_state{service="console"} 1`, "go_goroutines",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics have no %s", want)
		}
	}

	// a client that listens does not hold the stop
	res, err := http.Get(base + "/live") //nolint:noctx // ended by the server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || line != "data: first\n" {
		t.Errorf("live: %q %v", line, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	<-ended
	http.DefaultClient.CloseIdleConnections()
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

func wantReady(t *testing.T, base string, status int, word string, reasons map[string]string) {
	t.Helper()
	got, body := get(t, base+"/readyz")
	var r run.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if got != status || r.Status != word || len(r.Components) != len(reasons) {
		t.Errorf("readyz: %d %s", got, body)
	}
	for _, c := range r.Components {
		if want, ok := reasons[c.Name]; !ok || c.Reason != want || c.Ready != (want == "") {
			t.Errorf("component %+v, want reason %q", c, want)
		}
	}
}

func TestListenerConfigurationErrors(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() }) // after the parallel subtests
	route := func(p string) run.Route { return run.Route{Pattern: p, Handler: http.NotFoundHandler()} }
	for _, tt := range []struct {
		name    string
		listen  string
		service site
		want    string
	}{
		{"address taken", busy.Addr().String(), site{name: "a"}, "listen: "},
		{"bad address", "nowhere", site{name: "a"}, "listen: "},
		{"route of ours", "", site{name: "a", routes: []run.Route{route("GET /healthz")}}, `a: route "GET /healthz": `},
		{"bad pattern", "", site{name: "a", routes: []run.Route{route("GET  //{")}}, `a: route "GET  //{": `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := run.NewGroup(run.Deps{}, run.Options{Listen: tt.listen})
			g.Add(tt.service)
			err := g.Run(t.Context())
			if !run.IsConfigError(err) || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want %s…", err, tt.want)
			}
		})
	}
}

func TestListenerFailureEndsTheProgram(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := run.NewGroup(run.Deps{}, run.Options{Listener: l})
	g.Add(site{name: "a"})
	done := make(chan error, 1)
	go func() { done <- g.Run(t.Context()) }()
	<-g.Started()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run: %v", err)
	}
}

// A reader who stops lets go of what is kept for him; one who is slow, and one
// who is told something now and then, are served.
func TestReaderWhoStops(t *testing.T) {
	t.Parallel()
	const (
		within = time.Second
		bytes  = 16 << 20 // more than the sockets hold
	)
	wrote := make(chan error, 1)
	big := func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.CopyN(w, endless{}, bytes)
		wrote <- err
	}
	rare := func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(w)
		for _, event := range []string{"first\n", "second\n"} {
			_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(w, event)
			_ = control.Flush()
			<-time.After(within * 3 / 2)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := run.NewGroup(run.Deps{Metrics: run.NewMetrics()}, run.Options{Listener: l, WriteWithin: within})
	g.Add(site{name: "site", routes: []run.Route{
		{Pattern: "GET /big", Handler: http.HandlerFunc(big)},
		{Pattern: "GET /rare", Handler: http.HandlerFunc(rare)},
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	defer func() { cancel(); <-done }()
	<-g.Started()
	ask := func(path string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // closed by the test
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return conn
	}

	ask("/big")
	select {
	case err := <-wrote:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("who stops: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("who stops is waited for")
	}

	began, slow, read := time.Now(), ask("/big"), int64(0)
	for {
		n, err := io.CopyN(io.Discard, slow, bytes/16)
		if read += n; err != nil {
			break
		}
		<-time.After(within / 6)
	}
	if err := <-wrote; err != nil || read < bytes || time.Since(began) < within {
		t.Errorf("who is slow: %d bytes in %s, %v", read, time.Since(began), err)
	}

	if all, err := io.ReadAll(ask("/rare")); err != nil || !strings.Contains(string(all), "second") {
		t.Errorf("who is told something now and then: %q %v", all, err)
	}
}

// endless is zeros without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
