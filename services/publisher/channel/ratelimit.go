package channel

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxPause bounds what a header may ask for: who asks for more says so again
// with a 429.
const maxPause = time.Hour

// Pause is how long a provider's headers ask to send nothing, because what it
// allows is used up; 0 when more may come at once, or nothing is said. It reads
// RateLimit (draft-ietf-httpapi-ratelimit-headers: "name";r=0;t=30), the
// RateLimit-Remaining and RateLimit-Reset of its earlier versions, and their
// X-RateLimit and X-Rate-Limit forms. A reset is seconds from now, seconds or
// milliseconds since 1970 (Bluesky, GitHub), or a date (Mastodon).
func Pause(h http.Header, now time.Time) time.Duration {
	var longest time.Duration
	for _, policy := range strings.Split(strings.Join(h.Values("RateLimit"), ","), ",") {
		remaining, reset := "", ""
		for i, param := range strings.Split(policy, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			switch {
			case i == 0: // the policy's name
			case name == "r":
				remaining = value
			case name == "t":
				reset = value
			}
		}
		longest = max(longest, pause(remaining, reset, now))
	}
	for _, prefix := range []string{"RateLimit", "X-RateLimit", "X-Rate-Limit"} {
		longest = max(longest, pause(h.Get(prefix+"-Remaining"), h.Get(prefix+"-Reset"), now))
	}
	return longest
}

func pause(remaining, reset string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(remaining, 64); err != nil || n > 0 {
		return 0
	}
	return min(max(0, untilReset(strings.TrimSpace(reset), now)), maxPause)
}

const (
	// A number above is no wait in seconds, but seconds since 1970…
	smallestEpoch = 1e9
	// … or milliseconds.
	smallestEpochMilli = 1e12
)

func untilReset(reset string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(reset, 64); err == nil {
		switch {
		case n >= smallestEpochMilli:
			return time.UnixMilli(int64(n)).Sub(now)
		case n >= smallestEpoch:
			return time.Unix(int64(n), 0).Sub(now)
		}
		return time.Duration(min(n, maxPause.Seconds()) * float64(time.Second))
	}
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123, http.TimeFormat} {
		if at, err := time.Parse(layout, reset); err == nil {
			return at.Sub(now)
		}
	}
	return 0
}

// Watched returns client, telling of each pause that a provider's headers ask
// for. nil is http.DefaultClient.
func Watched(client *http.Client, now func() time.Time, asked func(until time.Time)) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	watched := *client
	if watched.Transport == nil {
		watched.Transport = http.DefaultTransport
	}
	watched.Transport = &watch{watched.Transport, now, asked}
	return &watched
}

// watch reads the headers of every answer.
type watch struct {
	http.RoundTripper
	now   func() time.Time
	asked func(time.Time)
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		if wait := Pause(resp.Header, w.now()); wait > 0 {
			w.asked(w.now().Add(wait))
		}
	}
	return resp, err
}
