package sourcetest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// Serve makes a connector of kind for a server that h answers, for the tests of
// what one connector does alone: pages, what it asks for the second time. $URL in
// settings is the server's address; secrets are "s3cret".
func Serve(t *testing.T, kind source.Kind, settings string, h http.HandlerFunc) source.Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	deps := source.Deps{HTTP: client, Now: func() time.Time { return time.Now().UTC() }, Secret: func(string) (string, error) { return "s3cret", nil }}
	made, err := kind.New(deps, source.Spec{Authority: "a", ID: "s", Kind: kind.Name, URL: server.URL, Settings: []byte(strings.ReplaceAll(settings, "$URL", server.URL))})
	if err != nil {
		t.Fatal(err)
	}
	src, ok := made.(source.Source)
	if !ok {
		t.Fatalf("%s is not polled", kind.Name)
	}
	return src
}
