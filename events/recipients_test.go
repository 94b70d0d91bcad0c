package events_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

var recipientLists = []string{
	`[]`,
	`[{"id":"a","status":"sent","at":"2026-03-01T10:00:00.123Z","units":2,"costMicroEUR":45000}]`,
	`[{"id":"a","status":"failed","reason":"opted_out","at":"2026-03-01T10:00:00Z"},{"id":"b","status":"sent","at":"2026-03-01T10:00:00Z","duplicates":3,"via":"sms-secours"}]`,
	`[ {"id" : "a" } ]`,
	`[{"id":"é","status":"sent"}]`,
	`[{"id":"\u00e9","status":"sent"}]`,
	`[{"ID":"a","Status":"sent"}]`,
	`[{"id":"a","units":-1}]`,
	`[{"id":"a","units":1e3}]`,
	`[{"id":"a","units":1.0}]`,
	`[{"id":"a","units":"1"}]`,
	`[{"id":1}]`,
	`[{"id":null,"at":null}]`,
	`[{"id":"a","id":"b"}]`,
	`[{"id":"a","later":{"deep":["}"]}}]`,
	`[{"at":"2026-03-01T10:00:00+02:00"}]`,
	`[{"at":"2026-03-01T24:00:00Z"}]`,
	`[{"at":"2026-03-01T1:00:00Z"}]`,
	`[{"at":"2026-03-01T10:00:00,5Z"}]`,
	`[{}]`, `[null]`, `null`, `{}`, `"a"`, `[[]]`,
	`[{"units":99999999999999999999}]`,
	`[{"costMicroEUR":9007199254740993}]`,
}

// sameAsJSON reads body in both ways.
func sameAsJSON(t *testing.T, body []byte) {
	t.Helper()
	var got events.Recipients
	var want []events.Recipient
	gotErr, wantErr := json.Unmarshal(body, &got), json.Unmarshal(body, &want)
	if (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%s: %v, encoding/json says %v", body, gotErr, wantErr)
	}
	if gotErr == nil && (len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual([]events.Recipient(got), want)) {
		t.Fatalf("%s: %+v, encoding/json reads %+v", body, got, want)
	}
}

func TestRecipientsReadAsEncodingJSONDoes(t *testing.T) {
	for _, body := range recipientLists {
		sameAsJSON(t, []byte(body))
	}
}

func FuzzRecipients(f *testing.F) {
	for _, body := range recipientLists {
		f.Add([]byte(body))
	}
	f.Fuzz(sameAsJSON)
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
