package channel_test

import (
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// TestWhatToDoIsOnThePanel: it is what a panel too small leaves out last of a
// text, and comes first in an alert.
func TestWhatToDoIsOnThePanel(t *testing.T) {
	t.Parallel()
	small := panel.Profile{Rows: 8, Columns: 16, Charset: panel.ASCII, Capitals: true, MaxPages: 1}
	large := panel.Profile{Rows: 16, Columns: 40}
	content := events.Content{
		Title: "Rupture de digue", Place: "Quai des Queyries", Instruction: "Rentrez chez vous.",
		Summary: "La digue a cédé à 14 h sur quarante mètres et l’eau avance vers le quartier. Les secours sont sur place et vont de porte en porte.",
	}
	for name, tc := range map[string]struct {
		class     events.Class
		shape     panel.Profile
		doIsFirst bool
	}{
		"alert, no room":   {events.ClassAlert, small, true},
		"alert, room":      {events.ClassAlert, large, true},
		"service, no room": {events.ClassService, small, true},
		"service, room":    {events.ClassService, large, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			laid, err := channel.OnPanel(events.Publication{Class: tc.class, Content: content}, channel.Profile{}, "c", tc.shape)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, page := range laid.Pages {
				lines = append(lines, page.Lines...)
			}
			text := strings.ToUpper(strings.Join(lines, " "))
			do, why := strings.Index(text, "RENTREZ CHEZ VOUS"), strings.Index(text, "LA DIGUE")
			if do < 0 || (why < 0 || do < why) != tc.doIsFirst {
				t.Errorf("%q", text)
			}
		})
	}
}

// TestATextWithoutSummaryIsOnThePanel: as on every other channel.
func TestATextWithoutSummaryIsOnThePanel(t *testing.T) {
	t.Parallel()
	content := events.Content{Title: "Travaux de nuit", Text: "Riverains : accès maintenu."}
	laid, err := channel.OnPanel(events.Publication{Content: content}, channel.Profile{}, "c", panel.Profile{Rows: 8, Columns: 32})
	if err != nil || !strings.Contains(laid.Text(), "accès maintenu") {
		t.Errorf("%q, %v", laid.Text(), err)
	}
}

// TestDriversReadDates: a road sign says in figures when, as beside what happens
// there is no room for words.
func TestDriversReadDates(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)
	to := from.Add(3 * 24 * time.Hour)
	p := events.Publication{Onset: &from, Ends: &to, Content: events.Content{Title: "Route barrée RD 1010", Summary: "Élagage d’arbres."}}
	laid, err := channel.OnPanel(p, channel.Profile{Language: "fr"}, "c", panel.Profile{Rows: 4, Columns: 21, RoadMode: panel.RoadWarn})
	if want := "Route barrée RD 1010\n04 au 07/05\n"; err != nil || laid.Text() != want {
		t.Errorf("%q, want %q, %v", laid.Text(), want, err)
	}
}
