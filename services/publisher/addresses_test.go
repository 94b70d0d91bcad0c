package publisher_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

// TestAddressesThatProvidersCall: what is shown is what answers.
func TestAddressesThatProvidersCall(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("sixteen characters"), 0o600); err != nil {
		t.Fatal(err)
	}
	tw := newTown(t, append(feedAndSign(),
		registry.Channel{Authority: "pessac", ID: "sms", Name: "SMS", Kind: "smshttp", Settings: []byte(`{"provider": "twilio", "params": {"account": "AC1"}, "secret_file": "` + secret + `", "sender": "PESSAC"}`)},
		registry.Channel{Authority: "pessac", ID: "courriel", Name: "Courriel", Kind: "email", Settings: []byte(`{"address": "127.0.0.1:25", "tls": "none", "from": "mairie@pessac.example", "bounces": {"return_path": "bounces@pessac.example", "secret_file": "` + secret + `"}}`)},
	)...)
	var reply call.AddressesReply
	eventstest.Eventually(t, func() bool {
		var err error
		reply, err = call.Ask(t.Context(), tw.nc, call.Addresses, call.AddressesRequest{Authority: "pessac"})
		return err == nil && len(reply.Channels) == 2
	}, 30*time.Second, "not two channels whose providers call")
	for i, want := range []struct {
		channel, method string
		what            call.InboundKind
	}{{"courriel", http.MethodPost, call.InboundBounces}, {"sms", http.MethodPost, call.InboundIncoming}} {
		got := reply.Channels[i]
		if got.Channel != want.channel || len(got.Addresses) != 1 || got.Addresses[0].What != want.what {
			t.Fatalf("%+v, want %+v", got, want)
		}
		u, err := url.Parse(got.Addresses[0].URL.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		for path, status := range map[string]int{u.Path: http.StatusNoContent, strings.Replace(u.Path, "/pessac/", "/begles/", 1): http.StatusNotFound} {
			w := httptest.NewRecorder()
			tw.http.ServeHTTP(w, httptest.NewRequest(want.method, path, strings.NewReader("Body=Bonjour")))
			if w.Code != status {
				t.Errorf("%s: %d, want %d", want.channel, w.Code, status)
			}
		}
	}
	if other, err := call.Ask(t.Context(), tw.nc, call.Addresses, call.AddressesRequest{Authority: "begles"}); err != nil || len(other.Channels) != 0 {
		t.Errorf("another town's: %+v %v", other, err)
	}
}
