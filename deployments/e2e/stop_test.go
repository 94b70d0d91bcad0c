package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const stopConfig = `
authorities:
  - {id: ville, name: Ville, kind: municipality, insee: ["81004"]}
sources:
  - {authority: ville, id: guichet, name: Guichet, kind: webhook, trust: state, settings: {secret_file: guichet.secret}}
channels:
  - {authority: ville, id: si, name: Logiciel, kind: webhook, settings: {url: %q, secret_file: %s}}
streams:
  - {authority: ville, id: infos, name: Infos, policy: automatic, public: true, rule: {classes: [service]}, channels: [si]}
`

// TestStopWhileAProviderHangs: a provider that takes a request and says nothing
// holds up no stop, and has the message after the next start.
func TestStopWhileAProviderHangs(t *testing.T) {
	var asked, answered atomic.Int64
	hang := make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select {
		case <-hang:
			answered.Add(1)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(provider.Close)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	in := install(t, fmt.Sprintf(stopConfig, provider.URL, secret))
	in.counterSecret()
	in.start()
	in.post("guichet", benchSecret, item("eau", "Coupure d'eau rue Neuve"))
	until(t, 20*time.Second, func() bool { return asked.Load() > 0 })
	in.stop()
	log, err := os.ReadFile(in.log.Name())
	if err != nil || contains(string(log), "not stopped") || contains(string(log), "connection closed") {
		t.Errorf("the stop was not clean (%v)", err)
	}
	close(hang)
	in.start()
	until(t, time.Minute, func() bool { return answered.Load() > 0 })
	in.stop()
}
