package sign

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// shelfOf is what a sign holds; current only reads it.
type shelfOf struct {
	channel.Shelf
	on []events.Delivery
}

func (s shelfOf) Items(string, string, string) []events.Delivery { return s.on }

func delivered(t *testing.T, id string, class events.Class) events.Delivery {
	t.Helper()
	body, err := json.Marshal(Body{
		Profile: panel.Profile{Rows: 8, Columns: 16, QuietHours: []panel.Quiet{{From: "22:00", To: "06:00"}}},
		Title:   id, Pages: []panel.Page{{Lines: []string{id}, Seconds: 5}}, TimeZone: "Europe/Paris",
	})
	if err != nil {
		t.Fatal(err)
	}
	return events.Delivery{
		ID: id, Publication: id, Class: class, Expires: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Rendition: events.Rendition{Body: body},
	}
}

// A sign is dark in its quiet hours, on its own clock, but for an alert.
func TestQuietHoursDarkenTheSign(t *testing.T) {
	t.Parallel()
	service, alert := delivered(t, "service", events.ClassService), delivered(t, "alert", events.ClassAlert)
	dark, lit := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		at     time.Time
		on     []events.Delivery
		pages  int
		change time.Time
	}{
		{time.Date(2026, 11, 23, 20, 59, 30, 0, time.UTC), []events.Delivery{service}, 1, dark},
		{time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC), []events.Delivery{service}, 0, lit}, // 22:00 in Paris
		{time.Date(2026, 11, 24, 4, 59, 0, 0, time.UTC), []events.Delivery{service}, 0, lit},
		{time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC), []events.Delivery{service}, 1, dark.AddDate(0, 0, 1)},
		{time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC), []events.Delivery{service, alert}, 1, lit},
	} {
		d, _, until := current(shelfOf{on: tt.on}, "ville", "place", tt.at)
		if len(d.Pages) != tt.pages {
			t.Errorf("%s: %d pages, want %d", tt.at, len(d.Pages), tt.pages)
		}
		if want := tt.change; !until.Equal(want) {
			t.Errorf("%s: looked at again at %s, want %s", tt.at, until, want)
		}
	}
}
