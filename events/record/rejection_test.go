package record_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
)

func TestWhatIsRefusedIsKeptOnce(t *testing.T) {
	t.Parallel()
	base := record.Rejection{Authority: "a", Source: "s", Item: "1", At: time.Date(2026, 11, 23, 8, 10, 0, 0, time.UTC), Reason: events.ReasonInvalidContent, Detail: "x", Body: []byte("y")}
	anyone := base
	anyone.Unsigned = true
	for name, c := range map[string]struct {
		of     record.Rejection
		change func(r *record.Rejection)
		same   bool
	}{
		"later that day":           {base, func(r *record.Rejection) { r.At = r.At.Add(15 * time.Hour) }, true},
		"the next day":             {base, func(r *record.Rejection) { r.At = r.At.Add(16 * time.Hour) }, false},
		"another item":             {base, func(r *record.Rejection) { r.Item = "2" }, false},
		"another body":             {base, func(r *record.Rejection) { r.Body = []byte("z") }, false},
		"another source":           {base, func(r *record.Rejection) { r.Source = "t" }, false},
		"fields run together":      {base, func(r *record.Rejection) { r.Detail, r.Body = "xy", nil }, false},
		"of anyone":                {base, func(r *record.Rejection) { r.Unsigned = true }, false},
		"of anyone, in the hour":   {anyone, func(r *record.Rejection) { r.At, r.Body = r.At.Add(49*time.Minute), nil }, true},
		"of anyone, an hour later": {anyone, func(r *record.Rejection) { r.At = r.At.Add(time.Hour) }, false},
	} {
		other := c.of
		if c.change(&other); (other.ID() == c.of.ID()) != c.same {
			t.Errorf("%s: the same %t", name, !c.same)
		}
	}
}
