package smshttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// instant answers at once, without a network.
type instant struct{ body string }

func (i instant) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(i.body))}, nil
}

// TestRateIsCountedAsTheProviderCounts: eight texts of two parts, at one a
// second after the ten that may come at once.
func TestRateIsCountedAsTheProviderCounts(t *testing.T) {
	for provider, want := range map[string]time.Duration{"twilio": 6 * time.Second, "smsmode": 0} {
		synctest.Test(t, func(t *testing.T) {
			d := deps()
			d.HTTP = &http.Client{Transport: instant{`{"sid":"SM2","messageId":"m"}`}}
			text := strings.Replace(string(settings(provider, "https://x.example")), "per_second: 1000", "per_second: 1", 1)
			c, err := smshttp.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: []byte(text)}, d)
			if err != nil {
				t.Fatal(err)
			}
			p := channeltest.Publication()
			p.Overrides = []events.Override{{Channel: "c", Text: strings.Repeat("La rue est barree. ", 12)}}
			r, err := c.Render(p, channeltest.Profile())
			if err != nil || r.Units != 2 {
				t.Fatalf("%d parts, %v", r.Units, err)
			}
			began, sent := time.Now(), 0
			send := channel.Send{Delivery: events.Delivery{ID: "d", Rendition: r}, Contacts: make([]call.Contact, 8)}
			results := make([]channel.Result, 8)
			c.DeliverBatch(t.Context(), send, func(i int, r channel.Result) { results[i] = r })
			for _, r := range results {
				if r.Outcome.Kind == events.Done {
					sent++
				}
			}
			if took := time.Since(began); sent != 8 || took != want {
				t.Errorf("%s: %d sent in %s, want %s", provider, sent, took, want)
			}
		})
	}
}
