package smshttp_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// kinds are messages that make requests of different forms.
var kinds = map[string]func(*events.Publication){
	"alert":       func(*events.Publication) {},
	"service":     func(p *events.Publication) { p.Class = events.ClassService },
	"letters":     func(p *events.Publication) { p.Content.Title = "Fête & « cœur » à 20 € + 5 % = 21 €" },
	"two parts":   func(p *events.Publication) { p.Content.Title = strings.Repeat("Route barrée ", 30) },
	"other marks": func(p *events.Publication) { p.Content.Title = "Дорога закрыта" },
}

// sent delivers what change makes of an alert to one number.
func sent(t *testing.T, c *smshttp.Channel, change func(*events.Publication)) (got channel.Result) {
	t.Helper()
	p := channeltest.Publication()
	p.Class = events.ClassAlert
	change(&p)
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	delivery := events.Delivery{ID: "d", Class: p.Class, Rendition: r, Expires: time.Now().Add(time.Hour)}
	contact := call.Contact{Subscriber: "s1", Address: number, Unsubscribe: "/d/abcdefgh12345678"}
	c.DeliverBatch(t.Context(), channel.Send{Delivery: delivery, Contacts: []call.Contact{contact}}, func(_ int, r channel.Result) { got = r })
	return got
}

// TestAsTheProvidersDescribe: each request is the one that a client made from
// the provider's own description sends, and of the types it describes. OVH's is
// https://eu.api.ovh.com/1.0/sms.json (in npm @ovh-api/sms, MIT), Brevo's its
// OpenAPI (in npm @getbrevo/brevo, MIT). smsmode publishes neither a client nor
// a description that a package holds.
func TestAsTheProvidersDescribe(t *testing.T) {
	t.Parallel()
	addr := eventstest.NodePeer(t, "providers.js").Addr
	for provider, id := range map[string]string{"ovh": "27814656", "brevo": "1511882900176220"} {
		base := "http://" + addr + "/" + provider
		made := func(t *testing.T, file string) *smshttp.Channel {
			t.Helper()
			set := string(settings(provider, base, "max_septets: 306"))
			if file != "" {
				set = strings.Replace(set, "provider: "+provider, "provider_file: "+file, 1)
			}
			d := deps()
			d.HTTP = &http.Client{Timeout: time.Minute} // the compiler's first look takes seconds
			c, err := smshttp.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: []byte(set)}, d)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		for name, change := range kinds {
			t.Run(provider+" "+name, func(t *testing.T) {
				if r := sent(t, made(t, ""), change); r.Outcome.Kind != events.Done || r.Remote != id {
					t.Errorf("%+v", r)
				}
			})
		}
		// What the description does not know is refused: the peer does look.
		for name, change := range map[string][2]string{
			"a field of no such name": {`"sender":`, `"from":`},
			"a value of no such kind": {`{{json .Sender}}`, `7`},
			"another path":            {`  path: /`, `  path: /v2/`},
		} {
			t.Run(provider+" "+name, func(t *testing.T) {
				body, err := os.ReadFile(filepath.Join("providers", provider+".yaml"))
				if err != nil {
					t.Fatal(err)
				}
				wrong := strings.Replace(string(body), change[0], change[1], 1)
				if wrong == string(body) {
					t.Fatal("the file has no such text")
				}
				file := filepath.Join(t.TempDir(), "own.yaml")
				if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
					t.Fatal(err)
				}
				if r := sent(t, made(t, file), kinds["alert"]); r.Outcome.Kind != events.PermanentFailure {
					t.Errorf("%+v", r)
				}
			})
		}
	}
}
