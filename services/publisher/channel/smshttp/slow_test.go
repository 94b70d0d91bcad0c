package smshttp_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// TestAgainstTwiliosDescription: Stoplight Prism holds each request against the
// OpenAPI description that Twilio publishes (in npm @twilio/cli-core, MIT), and
// answers its example.
func TestAgainstTwiliosDescription(t *testing.T) {
	if os.Getenv("CRIEUR_SLOW") == "" {
		t.Skip("CRIEUR_SLOW is not set")
	}
	addr := eventstest.PeerIn(t, "testdata/slow", "node", "prism.js", "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json").Addr
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
	for name, change := range kinds {
		if r := sent(t, made(account), change); r.Outcome.Kind != events.Done || !strings.HasPrefix(r.Remote, "SM") || r.Units != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// What the description does not allow is refused: Prism does look.
	if r := sent(t, made("not-an-account"), kinds["alert"]); r.Outcome.Kind != events.PermanentFailure {
		t.Errorf("an account that is none: %+v", r)
	}
}
