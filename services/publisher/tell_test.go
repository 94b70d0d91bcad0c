package publisher_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

// TestOfficersAreToldWhereOnlyTheyRead: of two Slack channels, on the one that
// says so; a name in a text calls nobody.
func TestOfficersAreToldWhereOnlyTheyRead(t *testing.T) {
	t.Parallel()
	posted := make(chan url.Values, 4)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		values, _ := url.ParseQuery(string(body))
		posted <- values
		fmt.Fprint(w, `{"ok":true,"channel":"C1","ts":"1700000000.000100"}`)
	}))
	t.Cleanup(api.Close)
	slack := func(id, more string) registry.Channel {
		return registry.Channel{Authority: "pessac", ID: id, Name: id, Kind: "slack", Settings: []byte(fmt.Sprintf(`{"api_url": %q, "token_file": %q, "channel": %q%s}`, api.URL+"/", secretFile(t), "C"+id, more))}
	}
	tw := newTown(t, append(feedAndSign(), slack("public", ""), slack("equipe", `, "tell_officers": true`))...)
	req := call.TellRequest{Authority: "pessac", Text: "Alerte à approuver : <!channel>", Label: "Ouvrir", Link: "https://pessac.example/console/pessac/items/a/b"}
	var reply call.TellReply
	eventstest.Eventually(t, func() bool {
		var err error
		reply, err = call.Ask(t.Context(), tw.nc, call.Tell, req)
		return err == nil && len(reply.Channels) == 1
	}, 30*time.Second, "nobody is told")
	got := <-posted
	if reply.Channels[0] != "equipe" || got.Get("channel") != "Cequipe" || !strings.Contains(got.Get("blocks"), req.Link) || strings.Contains(got.Get("text"), "<!channel>") {
		t.Errorf("%+v posted %v", reply, got)
	}
	req.Authority = "begles"
	if other, err := call.Ask(t.Context(), tw.nc, call.Tell, req); err != nil || len(other.Channels) != 0 || len(posted) != 0 {
		t.Errorf("another town's people are told: %+v %v", other, err)
	}
}
