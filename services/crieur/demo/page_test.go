package demo

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/demo/outside"
)

// What came between the page and its stream of events is shown, too.
func TestLiveTellsWhatCameBeforeIt(t *testing.T) {
	t.Parallel()
	w, err := outside.Listen(outside.Ports{}, filepath.Join(t.TempDir(), "inbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p, err := newPage(w.Inbox, make([]byte, 32), run.Deps{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	shown := httptest.NewRecorder()
	p.show(shown, httptest.NewRequest(http.MethodGet, "/demo", nil))
	if shown.Code != http.StatusOK || !strings.Contains(shown.Body.String(), `sse-connect="/demo/live?seen=0"`) {
		t.Errorf("the page does not say what it has seen: %d", shown.Code)
	}
	server := httptest.NewServer(http.HandlerFunc(p.live))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?seen=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if lines.Text() == "event: inbox" {
			return
		}
	}
	t.Error("nothing is told before the next thing comes")
}
