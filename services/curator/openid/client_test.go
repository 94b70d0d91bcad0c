package openid_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/curator/openid"
)

// TestNotAnIssuer: what is not one is away, whatever it answers.
func TestNotAnIssuer(t *testing.T) {
	t.Parallel()
	const metadata = `{"issuer": %q, "authorization_endpoint": "%[1]s/auth", "token_endpoint": %[2]q, "jwks_uri": "%[1]s/jwks", "padding": %[3]q}`
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, self string)
		away   bool
	}{
		"an issuer": {func(w http.ResponseWriter, _ *http.Request, self string) {
			_, _ = fmt.Fprintf(w, metadata, self, self+"/token", "")
		}, false},
		"a secret in clear": {func(w http.ResponseWriter, _ *http.Request, self string) {
			_, _ = fmt.Fprintf(w, metadata, self, "http://elsewhere.example/token", "")
		}, true},
		"no end": {func(w http.ResponseWriter, _ *http.Request, self string) {
			_, _ = fmt.Fprintf(w, metadata, self, self+"/token", strings.Repeat("x", 1<<20))
		}, true},
		"it leads elsewhere": {func(w http.ResponseWriter, r *http.Request, self string) {
			if r.URL.Path != "/elsewhere" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			_, _ = fmt.Fprintf(w, metadata, self, self+"/token", "")
		}, true},
		"another": {func(w http.ResponseWriter, _ *http.Request, self string) {
			_, _ = fmt.Fprintf(w, metadata, self+"/", self+"/token", "")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var server *httptest.Server
			server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				tc.answer(w, r, server.URL)
			}))
			t.Cleanup(server.Close)
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte("s3cret"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := openid.New(openid.Config{Issuer: server.URL, ClientID: "crieur", ClientSecretFile: secret}, server.Client(), "https://a.example/back", "https://a.example/out")
			if err != nil {
				t.Fatal(err)
			}
			address, _, err := c.Begin(t.Context())
			if away := errors.Is(err, openid.ErrAway); away != tc.away || !away && (err != nil || !strings.HasPrefix(address, server.URL+"/auth?")) {
				t.Errorf("%q, %v", address, err)
			}
		})
	}
}
