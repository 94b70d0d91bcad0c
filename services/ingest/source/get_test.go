package source_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// TestAMoveKeepsSecretsHome: what is sent to the configured origin is sent to no
// other, at the move nor later, nor where an older cursor remembers the move.
func TestAMoveKeepsSecretsHome(t *testing.T) {
	t.Parallel()
	secret := http.Header{"Authorization": {"Bearer s3cret"}}
	for name, c := range map[string]struct {
		header     http.Header
		abroad     bool // moved to another host
		remembered bool
		wantSecret bool // seen where it moved to
	}{
		"another host":                 {header: secret, abroad: true},
		"a key of another name":        {header: http.Header{"Apikey": {"s3cret"}}, abroad: true},
		"the same host":                {header: secret, remembered: true, wantSecret: true},
		"another host, nothing secret": {header: http.Header{"Accept": {"text/html"}}, abroad: true, remembered: true},
		"another host, no header":      {abroad: true, remembered: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, seen := 0, false
			answer := func(w http.ResponseWriter, r *http.Request) {
				n++
				seen = seen || r.Header.Get("Authorization")+r.Header.Get("Apikey") != ""
				_, _ = fmt.Fprint(w, n)
			}
			other := httptest.NewServer(http.HandlerFunc(answer))
			defer other.Close()
			to := "/new"
			if c.abroad {
				to = other.URL + "/new"
			}
			mux := http.NewServeMux()
			mux.Handle("/old", http.RedirectHandler(to, http.StatusMovedPermanently))
			mux.HandleFunc("/new", answer)
			home := httptest.NewServer(mux)
			defer home.Close()
			client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			get := func(cur *source.Cursor) {
				t.Helper()
				if _, err := source.Get(t.Context(), source.Deps{HTTP: client}, fetch.Request{URL: home.URL + "/old", Header: c.header}, cur); err != nil {
					t.Fatal(err)
				}
				if c.remembered != (cur.MovedTo != "") || seen != c.wantSecret {
					t.Errorf("moved to %q, the secret was seen there: %t", cur.MovedTo, seen)
				}
			}
			cur := source.Cursor{}
			get(&cur)
			get(&cur)
			if c.abroad {
				get(&source.Cursor{MovedTo: other.URL + "/new"})
			}
		})
	}
}
