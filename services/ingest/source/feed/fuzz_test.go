package feed

import (
	"net/http"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// FuzzDiscover finds hubs in what a server sends, in its headers and its feed.
func FuzzDiscover(f *testing.F) {
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" href="https://hub.example/"/><link rel="self" href="https://a.example/"/></feed>`), "")
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","hubs":[{"type":"WebSub","url":"https://hub.example/"}],"feed_url":"x"}`), `<https://hub.example/>; rel="hub", <x>; rel=self`)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		hub, topic := discover(&fetch.Response{Body: body, FinalURL: "https://a.example/f", Header: http.Header{"Link": {link}}})
		if hub != "" && (!strings.HasPrefix(hub, "http") || topic == "") {
			t.Errorf("hub %q, topic %q", hub, topic)
		}
	})
}
