package engine

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

// TestWhoTriesAFailingChannel: anybody after ProbeEvery, an alert a minute
// later, whom it failed already a minute after that; and each time only one.
func TestWhoTriesAFailingChannel(t *testing.T) {
	t.Parallel()
	const every = 30 * time.Second
	failed := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		class   events.Class
		attempt int
		after   time.Duration
	}{
		"service":                 {events.ClassService, 1, every},
		"alert":                   {events.ClassAlert, 1, every + time.Minute},
		"service, second attempt": {events.ClassService, 2, every + 2*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := healths{probeEvery: every, of: map[channelKey]*health{}}
			key := channelKey{"albi", "sms"}
			h.note(key, nil, tried{answers: 1, failures: 1, reason: events.ReasonConnection}, failed)
			j := &job{entry: &entry{}}
			j.delivery.Class, j.entry.attempt = c.class, c.attempt
			if _, ok := h.use(key, nil, j.probeWait(), failed.Add(c.after-1)); ok {
				t.Errorf("tried before %v", c.after)
			}
			if _, ok := h.use(key, nil, j.probeWait(), failed.Add(c.after)); !ok {
				t.Errorf("not tried after %v", c.after)
			}
			if _, ok := h.use(key, nil, j.probeWait(), failed.Add(c.after)); ok {
				t.Error("a second delivery tried it at the same time")
			}
			h.note(key, nil, tried{answers: 1}, failed.Add(c.after))
			if _, ok := h.use(key, nil, j.probeWait(), failed.Add(c.after)); !ok {
				t.Error("not back in use after an answer")
			}
		})
	}
}
