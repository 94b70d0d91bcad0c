package call_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
)

type question struct{ N int }

type answer struct{ Twice int }

func TestAskKeepsReplyAndOutcome(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	e := call.Endpoint[question, answer]{Service: "test", Name: "double"}
	srv, err := call.NewServer(t.Context(), nc, "test", "0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Stop() })
	err = call.Handle(srv, e, func(_ context.Context, q question) (answer, error) {
		switch {
		case q.N < 0:
			return answer{}, events.Permanentf(events.ReasonRejected, "negative")
		case q.N == 0:
			return answer{}, events.Transient(events.ReasonRateLimited, fmt.Errorf("later"), 3*time.Second)
		case q.N == 13:
			panic("+33612345678")
		}
		return answer{Twice: 2 * q.N}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := call.Ask(t.Context(), nc, e, question{N: 21}); err != nil || got.Twice != 42 {
		t.Fatalf("Ask = %v, %v", got, err)
	}
	_, err = call.Ask(t.Context(), nc, e, question{N: -1})
	if o := events.OutcomeOf(err); o.Kind != events.PermanentFailure || o.Reason != events.ReasonRejected {
		t.Errorf("permanent: %+v, %v", o, err)
	}
	_, err = call.Ask(t.Context(), nc, e, question{})
	if o := events.OutcomeOf(err); o.Kind != events.TransientFailure || o.RetryAfter != 3*time.Second {
		t.Errorf("transient: %+v, %v", o, err)
	}
	_, err = call.Ask(t.Context(), nc, e, question{N: 13})
	if o := events.OutcomeOf(err); o.Kind != events.TransientFailure || o.Reason != events.ReasonInternal || strings.Contains(err.Error(), "336") {
		t.Errorf("a handler that panics: %+v, %v", o, err)
	}
}

func TestAskWithoutAServiceIsTransient(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	_, err := call.Ask(t.Context(), nc, call.Reach, call.ReachRequest{})
	if o := events.OutcomeOf(err); o.Kind != events.TransientFailure || o.Reason != events.ReasonUnavailable {
		t.Fatalf("outcome %+v of %v", o, err)
	}
}

func TestAddressNeverPrints(t *testing.T) {
	t.Parallel()
	c := call.Contact{Subscriber: "s1", Address: "+33612345678"}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.Address)} {
		if strings.Contains(text, "336") {
			t.Errorf("the address shows in %s", text)
		}
	}
	body, err := json.Marshal(c)
	if err != nil || !strings.Contains(string(body), "33612345678") {
		t.Errorf("the reply must carry it: %s, %v", body, err)
	}
}
