package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a server may ask: past a day it is a mistake.
const maxRetryAfter = 24 * time.Hour

// RetryAfter reads a Retry-After header, in seconds or as an HTTP date
// (RFC 9110 §10.2.3), as a wait from now between 0 and a day. What cannot be
// read, or lies in the past, is 0.
func RetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		if seconds > maxRetryAfter.Seconds() {
			return maxRetryAfter
		}
		wait = time.Duration(seconds * float64(time.Second))
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// maxAge reads Cache-Control: max-age, between 0 and a day.
func maxAge(header http.Header) time.Duration {
	for _, line := range header.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if !strings.EqualFold(name, "max-age") {
				continue
			}
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				continue
			}
			return min(time.Duration(seconds)*time.Second, maxRetryAfter)
		}
	}
	return 0
}
