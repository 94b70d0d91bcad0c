package channel_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
)

func TestPause(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"nothing said":              {nil, 0},
		"the draft":                 {map[string]string{"RateLimit": `"default";r=0;t=30`}, 30 * time.Second},
		"the draft, more may come":  {map[string]string{"RateLimit": `"default";r=12;t=30`}, 0},
		"two policies, one used up": {map[string]string{"RateLimit": `"burst";r=3;t=1, "daily";r=0;t=120`}, 2 * time.Minute},
		"earlier draft":             {map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, 7 * time.Second},
		"Bluesky":                   {map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "1777885500"}, 5 * time.Minute},
		"Mastodon":                  {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-05-04T09:05:00.123456Z"}, 5*time.Minute + 123456*time.Microsecond},
		"Mastodon, some are left":   {map[string]string{"X-RateLimit-Remaining": "299", "X-RateLimit-Reset": "2026-05-04T09:05:00Z"}, 0},
		"GitHub":                    {map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1777885260"}, time.Minute},
		"milliseconds":              {map[string]string{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "1777885201500"}, 1500 * time.Millisecond},
		"in the past":               {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777885100"}, 0},
		"for a year":                {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "31536000"}, time.Hour},
		"no number":                 {map[string]string{"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "soon"}, 0},
		"no reset":                  {map[string]string{"X-RateLimit-Remaining": "0"}, 0},
		"not a number at all":       {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "NaN"}, 0},
	} {
		h := http.Header{}
		for k, v := range tc.header {
			h.Set(k, v)
		}
		if got := channel.Pause(h, now); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestRetryAfterOrReset(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	h := http.Header{}
	h.Set("RateLimit-Remaining", "0")
	h.Set("RateLimit-Reset", "9")
	if got := channel.RetryAfter(h, now); got != 9*time.Second {
		t.Errorf("without Retry-After: %s", got)
	}
	h.Set("Retry-After", "3")
	if got := channel.RetryAfter(h, now); got != 3*time.Second {
		t.Errorf("with Retry-After: %s", got)
	}
}
