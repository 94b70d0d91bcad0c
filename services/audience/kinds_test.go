package audience_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
)

// An SMS is the same consent and the same number whichever way it leaves.
func TestEveryWayToAMobileIsOneConsent(t *testing.T) {
	t.Parallel()
	for kind, sender := range map[string]call.Address{"smshttp": "+33612345678", "gammu": "0612345678"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, func(tw *town) {
				if _, err := tw.reg.Channels.Put(t.Context(), registry.Channel{Authority: "pessac", ID: "sms", Name: "SMS", Kind: kind, Window: 8}); err != nil {
					t.Fatal(err)
				}
			})
			prefs, id := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
			reply, err := call.Ask(t.Context(), tw.nc, call.Enrol, call.EnrolRequest{
				Authority: "pessac", By: "claire", Evidence: "fiche 12",
				People: []call.Enrolment{{Kind: "sms", Address: "0611111111", Streams: []string{"infos"}}},
			})
			if err != nil || reply.Enrolled != 1 {
				t.Fatalf("enrol: %+v, %v", reply, err)
			}
			reach, err := call.Ask(t.Context(), tw.nc, call.Reach, call.ReachRequest{Publication: news("k1", "eau")})
			if err != nil || reach.People != 2 {
				t.Fatalf("reach %+v, %v", reach, err)
			}
			tw.publish(news("k1", "eau"))
			got := tw.await(1)
			if len(got) != 1 || got[0].Kind != kind || len(got[0].Subscribers) != 2 {
				t.Fatalf("deliveries %+v", got)
			}
			contacts := tw.resolve(got[0])
			for _, c := range contacts {
				if c.Address == "" || c.Unsubscribe == "" {
					t.Errorf("%s: %q", c.Subscriber, c.Reason)
				}
				if w := tw.get(c.Unsubscribe); w.Code != http.StatusOK {
					t.Errorf("leave: %d", w.Code)
				}
			}
			ended, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{
				Kind: kind, Address: sender, Reason: events.ReasonOptedOut, Evidence: "sms-stop", At: time.Now(),
			})
			if err != nil || ended.Ended != 1 {
				t.Fatalf("opt-out: %+v, %v", ended, err)
			}
			if r := tw.receipts(events.StatusOptedOut); r[0].Delivery != got[0].ID || r[0].Recipients[0].ID != id {
				t.Errorf("opt-out receipt %+v", r[0])
			}
			if w := tw.get(prefs); w.Code != http.StatusOK {
				t.Errorf("preferences: %d", w.Code)
			}
		})
	}
}

// TestStopOnASharedNumber: where authorities share the number that people answer
// to, a stop comes to one of them, and ends the others' where it has nobody.
func TestStopOnASharedNumber(t *testing.T) {
	t.Parallel()
	tw := newTown(t, func(tw *town) {
		_, err := tw.reg.Streams.Put(t.Context(), registry.Stream{Authority: "bordeaux-metropole", ID: "infos", Name: "Infos"})
		if err == nil {
			_, err = tw.reg.Channels.Put(t.Context(), registry.Channel{Authority: "bordeaux-metropole", ID: "sms", Name: "SMS", Kind: "sms", Window: 8})
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	for authority, list := range map[string][]call.Address{"pessac": {"0611111111"}, "bordeaux-metropole": {"0611111111", "0622222222"}} {
		for _, address := range list {
			reply, err := call.Ask(t.Context(), tw.nc, call.Enrol, call.EnrolRequest{
				Authority: authority, By: "claire", Evidence: "fiche 12", People: []call.Enrolment{{Kind: "sms", Address: address, Streams: []string{"infos"}}},
			})
			if err != nil || reply.Enrolled != 1 {
				t.Fatalf("enrol: %+v, %v", reply, err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		address call.Address
		want    int // people of the métropole who stay
	}{
		{"another's alone", "0622222222", 1},
		{"of both", "0611111111", 1},
		{"of both, told twice", "0611111111", 1},
	} {
		_, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{
			Authority: "pessac", Kind: "sms", Address: c.address, Reason: events.ReasonOptedOut, Evidence: "STOP by SMS", At: time.Now(),
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		p := news("k1", "eau")
		p.Authority, p.Channels = "bordeaux-metropole", []string{"sms"}
		reach, err := call.Ask(t.Context(), tw.nc, call.Reach, call.ReachRequest{Publication: p})
		if err != nil || reach.People != c.want {
			t.Errorf("%s: %d people, %v; %d wanted", c.name, reach.People, err, c.want)
		}
	}
}

// TestWhoLeavesIsKnown: an opt-out that ends nothing is told to who runs it,
// without the number.
func TestWhoLeavesIsKnown(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	for _, address := range []call.Address{"0687654321", "+0687654321"} {
		reply, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{
			Authority: "pessac", Kind: "sms", Address: address, Reason: events.ReasonOptedOut, At: time.Now(),
		})
		if err != nil || reply.Ended != 0 {
			t.Fatalf("%+v, %v", reply, err)
		}
	}
	logs := tw.logs.String()
	if n := strings.Count(logs, "opt-out of nobody known"); n != 2 {
		t.Errorf("told %d times", n)
	}
	if strings.Contains(logs, "87654321") {
		t.Error("the number is in the log")
	}
}
