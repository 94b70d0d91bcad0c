package runner

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) count(line string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), line)
}

// TestSilenceIsToldOnce: a source that says the same for longer than was set is
// told in the health and, once, in the log, after a restart too.
func TestSilenceIsToldOnce(t *testing.T) {
	js := eventstest.JetStream(t)
	var log logText
	one := item("1", "Marché", "https://m.example/1", time.Now())
	quiet := source.Spec{Authority: "a", ID: "quiet", Kind: "script", StaleAfter: 50 * time.Millisecond}
	for range 2 {
		var turns sync.WaitGroup
		turns.Add(5)
		left := 5
		b := newBench(t, js, nil, func(source.Spec) *script {
			return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
				if left--; left >= 0 {
					turns.Done()
				}
				return []source.Record{one}, cur, nil
			}}
		})
		b.deps.Log = slog.New(slog.NewTextHandler(&log, nil))
		stop := b.start(t)
		b.set(t, quiet)
		eventstest.Eventually(t, func() bool {
			h, _, err := b.health.Get(t.Context(), "a", "quiet")
			return err == nil && h.Stale
		}, 30*time.Second, "stale")
		turns.Wait()
		stop()
	}
	if n := log.count("silent for longer than usual"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestAlarmsOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		health registry.SourceHealth
		want   alarms
	}{
		"well":                  {registry.SourceHealth{CertificateExpires: now.Add(22 * 24 * time.Hour), TokenExpires: now.Add(22 * 24 * time.Hour)}, 0},
		"certificate":           {registry.SourceHealth{CertificateExpires: now.Add(20 * 24 * time.Hour)}, certificateEnds},
		"expired certificate":   {registry.SourceHealth{CertificateExpires: now.Add(-time.Hour), ErrorStreak: 2}, certificateEnds | failing},
		"token":                 {registry.SourceHealth{TokenExpires: now.Add(time.Hour)}, tokenEnds},
		"silent and drifting":   {registry.SourceHealth{Stale: true, Drifting: true}, silent | drifting},
		"not pushed":            {registry.SourceHealth{PushRefused: true}, pushRefused},
		"without end, in plain": {registry.SourceHealth{}, 0},
	} {
		c.health.LastAttempt = now
		if got := alarmsOf(c.health); got != c.want {
			t.Errorf("%s: %b, want %b", name, got, c.want)
		}
	}
}
