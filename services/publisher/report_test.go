package publisher_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/engine"
)

// TestAReportTellsOfALostAnswer: a provider took the message, its answer was
// lost, and what it reports later is known to be about that message, even when it
// comes first.
func TestAReportTellsOfALostAnswer(t *testing.T) {
	t.Parallel()
	kannel := func(r *http.Request, _ []byte) string { return r.Header.Get("X-Kannel-DLR-Url") }
	brevo := func(_ *http.Request, body []byte) string {
		var said struct{ WebURL string }
		if json.Unmarshal(body, &said) != nil {
			return ""
		}
		return said.WebURL
	}
	for name, tc := range map[string]struct {
		provider string
		address  func(*http.Request, []byte) string
		report   string // its body; %d in the address is the status
		first    bool   // before the answer is lost
	}{
		"kannel":        {"kannel", kannel, "", false},
		"kannel, first": {"kannel", kannel, "", true},
		"brevo":         {"brevo", brevo, `{"messageId": 42, "msg_status": "delivered"}`, false},
		"brevo, first":  {"brevo", brevo, `{"messageId": 42, "msg_status": "delivered"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told, over := make(chan string, 8), make(chan struct{})
			url := provider(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				told <- tc.address(r, body)
				<-over
				panic(http.ErrAbortHandler)
			})
			c := smsHTTP(t, "sms", "", url, "key")
			c.Settings = bytes.Replace(c.Settings, []byte(`"brevo"`), []byte(`"`+tc.provider+`", "params": {"username": "crieur"}`), 1)
			tw := townOn(t, eventstest.Server(t), c)
			tw.engine = engine.Config{OrphanWait: 10 * time.Millisecond}
			audience(t, tw.nc)
			tw.start(t)
			tw.deliver(t, httpBatch(tw.rendition(t, "sms"), 0, 10_000_000, 1))
			at := strings.ReplaceAll(<-told, "%d", "1")
			report := func() {
				w := httptest.NewRecorder()
				tw.http.ServeHTTP(w, httptest.NewRequest(http.MethodPost, strings.TrimPrefix(at, "https://pessac.example"), strings.NewReader(tc.report)))
				if w.Code != http.StatusNoContent {
					t.Errorf("%s: answered %d", at, w.Code)
				}
			}
			if tc.first {
				report()
			}
			close(over)
			eventstest.Eventually(t, func() bool { return tw.ended(t) >= 1 }, 30*time.Second, "no end")
			if !tc.first {
				report()
			}
			eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusDelivered] == 1 }, 30*time.Second, "what was reported is not known")
			units := 0
			for _, r := range tw.receipts(t) {
				for _, to := range r.Recipients {
					units += to.Units
				}
			}
			if units != 1 {
				t.Errorf("%d parts are counted", units)
			}
		})
	}
}
