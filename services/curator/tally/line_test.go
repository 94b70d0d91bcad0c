package tally_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/curator/tally"
)

// said is a receipt of n recipients at a second, with a reason when it failed.
func said(publication string, second int64, n int, reason events.Reason) events.Receipt {
	d := events.Delivery{ID: "d", Publication: publication, Authority: "begles", Stream: "infos", Channel: "sms", Kind: "sms", Class: events.ClassService}
	to := make([]events.Recipient, n)
	for i := range to {
		to[i] = events.Recipient{Status: events.StatusSent, At: time.Unix(second, 0)}
		if reason != "" {
			to[i].Status, to[i].Reason = events.StatusFailed, reason
		}
	}
	return events.NewReceipt(d, time.Unix(second, 0).String(), time.Unix(second, 0), to)
}

func TestLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		receipts []events.Receipt
		failing  bool
		failures int
		reason   events.Reason
	}{
		"it works":                        {[]events.Receipt{said("p", 1, 3, "")}, false, 0, ""},
		"credentials are refused":         {[]events.Receipt{said("p", 1, 3, ""), said("q", 2, 2, events.ReasonUnauthorized), said("r", 3, 4, events.ReasonUnauthorized)}, true, 6, events.ReasonUnauthorized},
		"it works again":                  {[]events.Receipt{said("q", 2, 2, events.ReasonUnauthorized), said("r", 3, 1, "")}, false, 0, ""},
		"receipts come in any order":      {[]events.Receipt{said("r", 3, 1, ""), said("q", 2, 2, events.ReasonUnauthorized)}, false, 0, ""},
		"a number that is none":           {[]events.Receipt{said("p", 1, 1, ""), said("q", 2, 9, events.ReasonBadRecipient)}, false, 0, ""},
		"only what follows the last good": {[]events.Receipt{said("p", 1, 5, events.ReasonTimeout), said("q", 2, 1, ""), said("r", 3, 2, events.ReasonTLS)}, true, 2, events.ReasonTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			js, err := jetstream.New(eventstest.Connect(t))
			if err != nil {
				t.Fatal(err)
			}
			kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "items"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c := tally.New(ctx, kv)
			for _, r := range tt.receipts {
				if err := c.Count(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			last := tt.receipts[len(tt.receipts)-1]
			eventstest.Eventually(t, func() bool {
				counted, ok := c.Get("begles", last.Publication)
				return ok && counted.Updated.Equal(last.CreatedAt)
			}, 20*time.Second, "counted")
			l := c.Lines("begles")["sms"]
			if l.Failing() != tt.failing || l.Failures != tt.failures || l.Reason != tt.reason {
				t.Errorf("%+v", l)
			}
		})
	}
}
