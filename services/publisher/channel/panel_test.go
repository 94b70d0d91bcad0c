package channel_test

import (
	"strings"
	"testing"

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
