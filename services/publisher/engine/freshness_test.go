package engine_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/engine"
)

func TestSolicitation(t *testing.T) {
	t.Parallel()
	paris := registry.Authority{TimeZone: "Europe/Paris"}.Location()
	for name, tc := range map[string]struct{ at, want, departement string }{
		"by day":                   {"2026-11-24T14:30", "2026-11-24T14:30", "33"},
		"early":                    {"2026-11-24T07:59", "2026-11-24T08:00", "33"},
		"late":                     {"2026-11-24T22:00", "2026-11-25T08:00", "33"},
		"Saturday night":           {"2026-11-28T23:00", "2026-11-30T08:00", "33"},
		"Sunday":                   {"2026-11-29T12:00", "2026-11-30T08:00", "33"},
		"Sunday, change of hour":   {"2026-03-29T01:30", "2026-03-30T08:00", "33"},
		"Christmas, then Saturday": {"2026-12-25T10:00", "2026-12-26T08:00", "33"},
		"Christmas in Alsace":      {"2026-12-25T10:00", "2026-12-28T08:00", "67"},
		"Easter":                   {"2026-04-04T22:30", "2026-04-07T08:00", "33"},
		"another's holiday":        {"2026-05-27T10:00", "2026-05-27T10:00", "33"},
	} {
		at, err := time.ParseInLocation("2006-01-02T15:04", tc.at, paris)
		if err != nil {
			t.Fatal(err)
		}
		if got := engine.Solicitation(at, tc.departement).Format("2006-01-02T15:04"); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestSundayIsNotForSolicitation: of what an SMS channel has to send, only that.
func TestSundayIsNotForSolicitation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		carries string
		class   events.Class
		held    bool
	}{
		"promotional by SMS":  {channel.CarriesSMS, events.ClassPromotional, true},
		"service by SMS":      {channel.CarriesSMS, events.ClassService, false},
		"alert by SMS":        {channel.CarriesSMS, events.ClassAlert, false},
		"promotional by post": {"", events.ClassPromotional, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.account.carries = tc.carries
			at := time.Now().In(registry.Authority{}.Location())
			sunday := time.Date(at.Year(), at.Month(), at.Day()+7-int(at.Weekday()), 12, 0, 0, 0, at.Location())
			o.wait(sunday.Sub(at))
			d := delivery(1, events.ActionPublish, tc.class)
			d.Expires = sunday.Add(7 * 24 * time.Hour)
			outcome := events.OutcomeOf(o.Deliver(t.Context(), d))
			if held := outcome.Kind == events.TransientFailure && outcome.RetryAfter > 18*time.Hour; held != tc.held {
				t.Errorf("%+v", outcome)
			}
		})
	}
}
