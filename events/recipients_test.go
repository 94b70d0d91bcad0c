package events_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

var recipientLists = []string{
	`[]`,
	`[{"ids":["a"],"status":"sent","at":"2026-03-01T10:00:00.123Z","units":2,"costMicroEUR":45000}]`,
	`[{"ids":["a","b"],"status":"failed","reason":"opted_out","at":"2026-03-01T10:00:00Z"},{"ids":["c"],"status":"sent","at":"2026-03-01T10:00:00Z","duplicates":3,"via":"sms-secours"}]`,
	`[{"ids":["a","a"]}]`, `[{"ids":["\u00e9<"]}]`, `[{"id":"a","status":"sent"},{"id":"b","status":"sent"}]`,
	`[{"id":"a","ids":["b"]}]`, `[{"ids":[]}]`, `[{"ids":null}]`, `[{}]`, `[null]`, `null`, `{}`, `"a"`, `[[]]`,
	`[{"ids":["a"],"at":"2026-03-01T24:00:00Z"}]`, `[{"ids":["a"],"units":99999999999999999999}]`,
}

// keeps checks that what is read is written so that it is read as the same.
func keeps(t *testing.T, body []byte) {
	t.Helper()
	var first, again events.Recipients
	if json.Unmarshal(body, &first) != nil {
		return
	}
	wire, err := json.Marshal(first)
	if err != nil {
		return // a year of five digits
	}
	if err := json.Unmarshal(wire, &again); err != nil {
		t.Fatalf("%s was written as %s: %v", body, wire, err)
	}
	if len(first) != len(again) {
		t.Fatalf("%s: %d recipients, %d written", body, len(first), len(again))
	}
	for i := range first {
		a, b := first[i], again[i]
		if !a.At.Equal(b.At) {
			t.Fatalf("%s: at %s, written as %s", body, a.At, b.At)
		}
		if a.At, b.At = (time.Time{}), (time.Time{}); a != b {
			t.Fatalf("%s: %+v, written as %+v", body, a, b)
		}
	}
}

func TestRecipientsAreReadAsWritten(t *testing.T) {
	for _, body := range recipientLists {
		keeps(t, []byte(body))
	}
}

func FuzzRecipients(f *testing.F) {
	for _, body := range recipientLists {
		f.Add([]byte(body))
	}
	f.Fuzz(keeps)
}

func TestRecipientsShareAnOutcome(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 5e6, time.UTC)
	list := events.Recipients{
		{ID: "a", Status: events.StatusSent, At: at, Units: 1},
		{ID: "b", Status: events.StatusSent, At: at, Units: 1},
		{ID: "c", Status: events.StatusFailed, Reason: events.ReasonOptedOut, At: at},
		{ID: "d", Status: events.StatusSent, At: at, Units: 1},
	}
	got, err := json.Marshal(list)
	want := `[{"ids":["a","b"],"status":"sent","at":"2026-03-01T10:00:00.005Z","units":1},` +
		`{"ids":["c"],"status":"failed","reason":"opted_out","at":"2026-03-01T10:00:00.005Z"},` +
		`{"ids":["d"],"status":"sent","at":"2026-03-01T10:00:00.005Z","units":1}]`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

// One outcome each is how receipts were written before; those are kept for 400
// days.
func TestRecipientsOfEarlierReceipts(t *testing.T) {
	var got events.Recipients
	if err := json.Unmarshal([]byte(`[{"id":"a","status":"sent"},{"id":"b","status":"failed"}]`), &got); err != nil {
		t.Fatal(err)
	}
	if want := (events.Recipients{{ID: "a", Status: "sent"}, {ID: "b", Status: "failed"}}); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func BenchmarkReceipt(b *testing.B) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 5e6, time.UTC)
	to := make(events.Recipients, 512)
	for i := range to {
		to[i] = events.Recipient{ID: strings.Repeat("x", 26), Status: events.StatusSent, At: at, Units: 1, CostMicroEUR: 45_000}
	}
	r := events.NewReceipt(events.Delivery{
		ID: "d", Publication: "p", Revision: 1, Authority: "ville", Stream: "infos", Channel: "sms", Kind: "sms", Class: events.ClassService,
	}, "submit", at, to)
	body, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := events.Unmarshal[events.Receipt](body); err != nil {
			b.Fatal(err)
		}
	}
}
