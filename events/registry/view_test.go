package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
)

const soon = 30 * time.Second

func wait[T any](t *testing.T, v *registry.View[T]) {
	t.Helper()
	select {
	case <-v.Ready():
	case <-time.After(soon):
		t.Fatalf("the view is not ready: %v", v.Err())
	}
}

func keys[T any](v *registry.View[T], under ...string) string {
	var list []string
	for _, e := range v.List(under...) {
		list = append(list, e.Key.String())
	}
	return strings.Join(list, " ")
}

func TestView(t *testing.T) {
	eventstest.NoLeak(t)
	ctx := t.Context()
	repo := registry.New[counter](bucket(t, eventstest.JetStream(t), "b"), "counter")
	for _, key := range []registry.Key{{"33", "a"}, {"33", "b"}, {"33-x", "c"}, {"34", "d"}} {
		_, err := repo.Put(ctx, counter{Name: key.String()}, key...)
		must(t, err, 0)
	}
	var (
		mu  sync.Mutex
		log []string
	)
	view := registry.NewView(ctx, repo, registry.OnChange(func(c registry.Change[counter]) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, fmt.Sprintf("%s %t %t", c.Key, c.Old != nil, c.New != nil))
	}))
	part := registry.NewView(ctx, repo, registry.Under[counter]("33"))
	wait(t, view)
	wait(t, part)
	if got := keys(view); got != "33-x.c 33.a 33.b 34.d" {
		t.Errorf("all: %q", got)
	}
	if got := keys(view, "33"); got != "33.a 33.b" {
		t.Errorf("under 33: %q", got)
	}
	if got := keys(part); got != "33.a 33.b" {
		t.Errorf("view under 33: %q", got)
	}

	_, err := repo.Put(ctx, counter{N: 2}, "33", "a")
	must(t, err, 0)
	must(t, repo.Delete(ctx, "33", "b"), 0)
	eventstest.Eventually(t, func() bool { return keys(view) == "33-x.c 33.a 34.d" && keys(part) == "33.a" }, soon)
	if v, ok := view.Get("33", "a"); !ok || v.N != 2 {
		t.Errorf("Get = %v, %t", v, ok)
	}
	if _, ok := view.Get("33", "b"); ok {
		t.Error("a deleted value is still there")
	}
	mu.Lock()
	defer mu.Unlock()
	want := "33.a false true,33.b false true,33-x.c false true,34.d false true,33.a true true,33.b true false"
	if got := strings.Join(log, ","); got != want {
		t.Errorf("changes %s\nwant %s", got, want)
	}
}

func TestViewReportsWhatItCannotDecode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	kv := bucket(t, eventstest.JetStream(t), "b")
	repo := registry.New[counter](kv, "counter")
	_, err := repo.Put(ctx, counter{N: 1}, "a")
	must(t, err, 0)
	_, err = kv.PutString(ctx, "counter.b", "not JSON")
	must(t, err, 0)
	view := registry.NewView(ctx, repo)
	wait(t, view)
	if bad := view.Undecodable(); len(bad) != 1 || bad[0].Key != "counter.b" {
		t.Fatalf("reported: %v", bad)
	}
	_, err = kv.PutString(ctx, "counter.a", "[]")
	must(t, err, 0)
	_, err = repo.Put(ctx, counter{N: 2}, "b")
	must(t, err, 0)
	eventstest.Eventually(t, func() bool { _, ok := view.Get("b"); return ok }, soon)
	if bad := view.Undecodable(); len(bad) != 1 || bad[0].Key != "counter.a" {
		t.Errorf("reported: %v", bad)
	}
	if v, ok := view.Get("a"); !ok || v.N != 1 {
		t.Errorf("the last good value is lost: %v, %t", v, ok)
	}
}

// restartable is a server on one address and one folder, started again by the
// test.
func restartable(t *testing.T) (start func() *natsserver.Server, url func() string) {
	t.Helper()
	dir := t.TempDir()
	var srv *natsserver.Server
	addr := "127.0.0.1:0"
	start = func() *natsserver.Server {
		t.Helper()
		s, err := natsserver.Start(t.Context(), natsserver.Config{Dir: dir, Listen: addr, MinFreeBytes: -1})
		must(t, err, s)
		srv = s
		addr = strings.TrimPrefix(s.URL()[strings.LastIndex(s.URL(), "/")+1:], "/")
		if i := strings.LastIndex(addr, "@"); i >= 0 {
			addr = addr[i+1:]
		}
		return s
	}
	return start, func() string { return srv.URL() }
}

func dial(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	must(t, err, nc)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	return must(t, err, js)
}

// TestViewSurvivesARestart stops the server; while the view is cut off,
// another client changes, adds and deletes on the restarted server, and purges
// the trace of the deletion. The view comes to the same state.
func TestViewSurvivesARestart(t *testing.T) {
	eventstest.NoLeak(t)
	ctx := t.Context()
	start, url := restartable(t)
	srv := start()
	js := dial(t, url())
	reg, err := registry.Open(ctx, js)
	must(t, err, 0)
	put := func(r *registry.Registry, id, name string) {
		t.Helper()
		_, err := r.Authorities.Put(ctx, registry.Authority{ID: id, Name: name, Kind: registry.StateService})
		must(t, err, 0)
	}
	put(reg, "a", "A")
	put(reg, "b", "B")
	put(reg, "c", "C")
	view := registry.NewView(ctx, reg.Authorities)
	wait(t, view)

	must(t, srv.Close(), 0)
	srv = start()
	t.Cleanup(func() { must(t, srv.Close(), 0) })
	js2, err := jetstream.New(eventstest.Dial(t, srv))
	must(t, err, 0)
	other, err := registry.Open(ctx, js2)
	must(t, err, 0)
	put(other, "a", "A again")
	must(t, other.Authorities.Delete(ctx, "b"), 0)
	put(other, "d", "D")
	kv, err := js2.KeyValue(ctx, registry.Bucket)
	must(t, err, 0)
	must(t, kv.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1)), 0)

	eventstest.Eventually(t, func() bool { return keys(view) == "a c d" }, soon, "the view after the restart is "+keys(view))
	if v, _ := view.Get("a"); v.Name != "A again" {
		t.Errorf("a is %q", v.Name)
	}
	// and it goes on by watching
	put(other, "e", "E")
	must(t, other.Authorities.Delete(ctx, "d"), 0)
	eventstest.Eventually(t, func() bool { return keys(view) == "a c e" }, soon)
	eventstest.Eventually(t, func() bool { return view.Err() == nil }, soon)
}

// TestViewSeesABucketMadeAnew has a repository that knows no connection: only
// asking the server tells it.
func TestViewSeesABucketMadeAnew(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	js := eventstest.JetStream(t)
	repo := registry.New[counter](bucket(t, js, "b"), "counter")
	registry.CheckEvery(repo, 50*time.Millisecond)
	for _, id := range []string{"a", "b", "c"} {
		_, err := repo.Put(ctx, counter{}, id)
		must(t, err, 0)
	}
	view := registry.NewView(ctx, repo)
	wait(t, view)
	must(t, js.DeleteKeyValue(ctx, "b"), 0)
	bucket(t, js, "b")
	_, err := repo.Put(ctx, counter{N: 7}, "b")
	must(t, err, 0)
	eventstest.Eventually(t, func() bool { return keys(view) == "b" }, soon)
	if v, _ := view.Get("b"); v.N != 7 {
		t.Errorf("b is %v", v)
	}
}

func TestViewEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	must(t, err, 0)
	reg, err := registry.Open(t.Context(), js)
	must(t, err, 0)
	view := registry.NewView(t.Context(), reg.Streams)
	wait(t, view)
	nc.Close()
	select {
	case <-view.Done():
	case <-time.After(soon):
		t.Fatal("still watching a closed connection")
	}
	if !errors.Is(view.Err(), nats.ErrConnectionClosed) {
		t.Errorf("Err = %v", view.Err())
	}
}
