package smshttp_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// TestAgainstTwiliosDescription: Stoplight Prism holds each request against the
// OpenAPI description that Twilio publishes (in npm @twilio/cli-core, MIT), and
// answers its example. OVH, Brevo and smsmode publish none under a licence that
// allows to install it here.
func TestAgainstTwiliosDescription(t *testing.T) {
	if os.Getenv("CRIEUR_SLOW") == "" {
		t.Skip("CRIEUR_SLOW is not set")
	}
	addr := channeltest.PeerIn(t, "testdata/slow", "node", "prism.js", "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json").Addr
	const account = "AC0123456789abcdef0123456789abcdef"
	d := deps()
	d.HTTP = &http.Client{Timeout: 20 * time.Second} // it reads the description at the first request
	made := func(account string) *smshttp.Channel {
		c, err := smshttp.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: []byte(fmt.Sprintf(
			"provider: twilio\nbase_url: http://%s/2010-04-01\nsender: MAIRIE\nsecret: %s\nper_second: 1000\nmax_septets: 306\nparams: {account: %s}", addr, secret, account))}, d)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	send := func(c *smshttp.Channel, change func(*events.Publication)) (got channel.Result) {
		p := channeltest.Publication()
		p.Class = events.ClassAlert
		change(&p)
		r, err := c.Render(p, channeltest.Profile())
		if err != nil {
			t.Fatal(err)
		}
		delivery := events.Delivery{ID: "d", Class: p.Class, Rendition: r, Expires: time.Now().Add(time.Hour)}
		c.DeliverBatch(t.Context(), channel.Send{Delivery: delivery, Contacts: []call.Contact{{Subscriber: "s1", Address: number}}},
			func(_ int, r channel.Result) { got = r })
		return got
	}
	for name, change := range map[string]func(*events.Publication){
		"alert":       func(*events.Publication) {},
		"letters":     func(p *events.Publication) { p.Content.Title = "Fête & « cœur » à 20 € + 5 % = 21 €" },
		"two parts":   func(p *events.Publication) { p.Content.Title = strings.Repeat("Route barrée ", 30) },
		"other marks": func(p *events.Publication) { p.Content.Title = "Дорога закрыта" },
	} {
		if r := send(made(account), change); r.Outcome.Kind != events.Done || !strings.HasPrefix(r.Remote, "SM") || r.Units != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// What the description does not allow is refused: Prism does look.
	if r := send(made("not-an-account"), func(*events.Publication) {}); r.Outcome.Kind != events.PermanentFailure {
		t.Errorf("an account that is none: %+v", r)
	}
}
