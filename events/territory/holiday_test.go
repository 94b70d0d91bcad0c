package territory_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events/territory"
)

func TestHoliday(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		day, departement string
		want             bool
	}{
		{"2026-01-01", "33", true},
		{"2026-04-05", "33", false}, // Easter itself, a Sunday
		{"2026-04-06", "33", true},
		{"2026-05-14", "33", true},
		{"2026-05-25", "33", true},
		{"2025-04-21", "", true},
		{"2024-04-01", "75", true},
		{"2038-04-26", "33", true}, // the latest Easter there can be
		{"2008-03-24", "33", true}, // almost the earliest
		{"2026-07-14", "974", true},
		{"2026-07-15", "33", false},
		{"2026-04-03", "33", false},
		{"2026-04-03", "67", true},
		{"2026-12-26", "33", false},
		{"2026-12-26", "57", true},
		{"2026-05-27", "971", true},
		{"2026-05-27", "972", false},
		{"2026-12-20", "974", true},
	} {
		day, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := territory.Holiday(day, tc.departement); got != tc.want {
			t.Errorf("%s in %q: %v", tc.day, tc.departement, got)
		}
	}
}
