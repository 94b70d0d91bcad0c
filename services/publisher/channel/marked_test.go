package channel_test

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// TestMarked: a test or an exercise says so first, whatever words are in it.
func TestMarked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status events.Status
		text   string
		marked bool
	}{
		{events.StatusActual, "Évacuation", false},
		{events.StatusTest, "Évacuation", true},
		{events.StatusTest, "Attestation d’accueil : évacuation", true},
		{events.StatusTest, "Test de dépistage gratuit", true},
		{events.StatusTest, "TEST – Évacuation", false},
		{events.StatusTest, "[Test] Évacuation", false},
		{events.StatusTest, "TEST", false},
		{events.StatusExercise, "Budget : l’exercice 2026", true},
		{events.StatusExercise, "Exercice 2026 : le budget", true},
		{events.StatusExercise, "Exercice d’évacuation", true},
		{events.StatusExercise, "Exercice\u00a0: évacuation", false},
		{events.StatusExercise, "EXERCICE. Évacuation", false},
		{events.StatusExercise, "É", true},
	} {
		want := tc.text
		if tc.marked {
			want = map[events.Status]string{events.StatusTest: "TEST – ", events.StatusExercise: "EXERCICE – "}[tc.status] + tc.text
		}
		if got := channel.Marked(events.Publication{Status: tc.status}, tc.text); got != want {
			t.Errorf("%s %q: %q", tc.status, tc.text, got)
		}
	}
}

// TestPrefix: a revision says what it is, unless its text begins by saying it.
func TestPrefix(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind       events.MsgType
		correction bool
		text, want string
	}{
		{events.MsgAlert, false, "Bonjour, pas d’eau", ""},
		{events.MsgUpdate, true, "Bonjour, pas d’eau", "Rectificatif"},
		{events.MsgUpdate, true, "RECTIFICATIF : pas d’eau", ""},
		{events.MsgUpdate, true, "Fin de la coupure", "Rectificatif"},
		{events.MsgUpdate, false, "Bonjour, pas d’eau", "Mise à jour"},
		{events.MsgUpdate, false, "Fin de la coupure", ""},
		{events.MsgCancel, false, "Fin de la coupure", "Message retiré"},
	} {
		p := events.Publication{MsgType: tc.kind, Correction: tc.correction, Content: events.Content{Title: "Coupure d’eau"}}
		if got := channel.Prefix(p, tc.text); got != tc.want {
			t.Errorf("%s %q: %q", tc.kind, tc.text, got)
		}
	}
}
