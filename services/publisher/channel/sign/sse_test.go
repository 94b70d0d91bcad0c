package sign_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

type sse struct{ id, data string }

// readEvent reads the first event after the one that is named.
func readEvent(t *testing.T, addr, last string) sse {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/kiosk/pessac/endpoint/events", nil)
	if err != nil {
		t.Error(err)
		return sse{}
	}
	r.Header.Set("Last-Event-ID", last)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return sse{}
	}
	defer func() { _ = resp.Body.Close() }()
	var e sse
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			e.id = id
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			e.data = data
			return e
		}
	}
	t.Errorf("the stream ended: %v", lines.Err())
	return e
}
