package eventstest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
)

func TestJetStreamStores(t *testing.T) {
	js := eventstest.JetStream(t)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}}); err != nil {
		t.Fatal(err)
	}
	ack, err := js.Publish(t.Context(), "s.a", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if ack.Sequence != 1 {
		t.Errorf("sequence %d, want 1", ack.Sequence)
	}
}

func TestNoLeakSeesNATSGoroutines(t *testing.T) {
	var probe recorder
	probe.TB = t
	eventstest.NoLeak(&probe)
	nc := eventstest.Connect(t)
	stop := make(chan struct{})
	released := make(chan struct{})
	go func() { defer close(released); <-stop }()
	probe.runCleanups()
	close(stop)
	<-released
	nc.Close()
	if !probe.failed {
		t.Error("a running server and goroutine were not reported")
	}
}

func TestEventuallyGivesUp(t *testing.T) {
	var probe recorder
	probe.TB = t
	done := make(chan struct{})
	go func() {
		defer close(done)
		eventstest.Eventually(&probe, func() bool { return false }, 20*time.Millisecond)
	}()
	<-done
	if !probe.failed {
		t.Error("a condition that never holds did not fail the test")
	}
}

func TestCorpusFromEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(eventstest.CorpusEnv, dir)
	if got := eventstest.Corpus(t); got != dir {
		t.Errorf("got %s, want %s", got, dir)
	}
}

func TestCorpusFromFolderAbove(t *testing.T) {
	t.Setenv(eventstest.CorpusEnv, "")
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(root, "a", "b")
	corpus := filepath.Join(root, "shared", "corpus")
	for _, dir := range []string{deep, corpus} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(deep)
	if got := eventstest.Corpus(t); got != corpus {
		t.Errorf("got %s, want %s", got, corpus)
	}
}

// recorder is a testing.TB that notes failures instead of having them.
type recorder struct {
	testing.TB
	failed   bool
	cleanups []func()
}

func (r *recorder) Helper()               {}
func (r *recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true }

func (r *recorder) runCleanups() {
	for _, f := range r.cleanups {
		f()
	}
}
