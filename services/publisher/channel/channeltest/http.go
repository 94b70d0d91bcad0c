package channeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// nobody is where nothing listens: a port of the system's, that no test is given.
const nobody = "http://127.0.0.1:1"

// HTTP starts a server that has a fault on every request; ok answers when it
// has none. It returns its address, without a final slash.
func HTTP(t *testing.T, f Fault, ok http.HandlerFunc) string {
	t.Helper()
	if f == Absent {
		return nobody
	}
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch f {
		case Transient:
			w.WriteHeader(http.StatusServiceUnavailable)
		case Permanent:
			w.WriteHeader(http.StatusUnprocessableEntity)
		case Throttled:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case Silent:
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		default:
			ok(w, r)
		}
	}))
	t.Cleanup(func() { close(hold); s.CloseClientConnections(); s.Close() })
	return s.URL
}
