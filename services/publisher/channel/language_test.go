package channel_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

func TestInPicksTheVariant(t *testing.T) {
	t.Parallel()
	p := events.Publication{
		Content:   events.Content{Language: "fr", Title: "Route fermée", Place: "Pont de pierre", Link: "https://x.example"},
		Overrides: []events.Override{{Channel: "c", Text: "d’un officier"}},
		Variants: []events.Content{
			{Language: "fr-simple", Title: "La route est fermée"},
			{Language: "en-GB", Title: "Road closed"},
			{Language: "pt", Title: "Estrada fechada"},
			{Language: "de-simple", Title: "Straße zu"},
		},
	}
	for asked, want := range map[string]struct{ title, language string }{
		"":          {"Route fermée", "fr"}, // as it is
		"fr":        {"Route fermée", "fr"},
		"FR-fr":     {"Route fermée", "fr"},
		"fr-simple": {"La route est fermée", "fr-simple"},
		"en":        {"Road closed", "en-GB"},
		"en-GB":     {"Road closed", "en-GB"},
		"en-US":     {"Road closed", "en-GB"},
		"pt-BR":     {"Estrada fechada", "pt"},
		"pt-simple": {"Estrada fechada", "pt"}, // the same language, at least
		"de":        {"Route fermée", "fr"},    // nobody gets plain language unasked
		"de-simple": {"Straße zu", "de-simple"},
		"br":        {"Route fermée", "fr"},
	} {
		said, profile := channel.In(asked, p, channel.Profile{Language: "fr"})
		if said.Content.Title != want.title || profile.Language != want.language {
			t.Errorf("In(%q) = %q in %s", asked, said.Content.Title, profile.Language)
		}
		if said.Content.Place != "Pont de pierre" || said.Content.Link == "" {
			t.Errorf("In(%q) loses what the variant leaves out: %+v", asked, said.Content)
		}
		if _, own := said.Text("c"); own != (want.language == "fr") {
			t.Errorf("In(%q): an officer's own text is kept: %t", asked, own)
		}
	}
	if p.Content.Title != "Route fermée" || len(p.Overrides) != 1 {
		t.Error("In changed the publication")
	}
}

func TestWhenInEachLanguage(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) *time.Time {
		when := time.Date(2026, 5, day, hour-2, 0, 0, 0, time.UTC) // Paris is two hours ahead
		return &when
	}
	for _, c := range []struct {
		language    string
		onset, ends *time.Time
		want        string
	}{
		{"fr", at(4, 9), at(4, 17), "lundi 4 mai, 9 h – 17 h"},
		{"fr-simple", at(4, 9), at(4, 17), "lundi 4 mai, de 9 h à 17 h"},
		{"br", at(4, 9), at(6, 17), "du lundi 4 au mercredi 6 mai"},
		{"en", at(4, 9), at(4, 17), "Monday 4 May, 09:00 – 17:00"},
		{"en-GB", at(4, 9), at(6, 17), "from Monday 4 to Wednesday 6 May"},
		{"en", nil, at(6, 17), "until Wednesday 6 May"},
		{"fr", at(15, 0), at(16, 0), "vendredi 15 mai"},
		{"fr", at(15, 0), at(18, 0), "du vendredi 15 au dimanche 17 mai"},
		{"fr", nil, at(7, 0), "jusqu’au mercredi 6 mai"},
		{"fr", at(4, 20), at(5, 0), "lundi 4 mai, 20 h"},
		{"fr", at(4, 20), at(5, 2), "lundi 4 mai, 20 h – 2 h"},
		{"fr", at(4, 12), at(5, 6), "du lundi 4 au mardi 5 mai"},
		{"en", at(4, 20), at(5, 0), "Monday 4 May, 20:00"},
		{"de", at(1, 9), nil, "Friday 1 May, 09:00"},
		{"", at(1, 9), nil, "vendredi 1er mai, 9 h"},
	} {
		if got := (channel.Profile{Language: c.language, TimeZone: "Europe/Paris"}).When(c.onset, c.ends); got != c.want {
			t.Errorf("%s: %q, want %q", c.language, got, c.want)
		}
	}
}

func TestAFactIsSaidOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ title, fact, want string }{
		{"Coupure d’eau rue du Général-de-Gaulle", "Rue du Général de Gaulle", ""},
		{"Bd de l'Océan : travaux", "Bd de l’Océan", ""},
		{"Marché de la gare", "Gare de Pessac", "Gare de Pessac"},
		{"Rue du Portail fermée", "Rue du Port", "Rue du Port"},
		{"Menu du mardi 5 mai", "mardi 5 mai", ""},
		{"Menu du mardi 5 mai", "mardi 5 mai, 12 h", "mardi 5 mai, 12 h"},
		{"Conseil municipal", "", ""},
	} {
		if got := channel.Unsaid(c.title, c.fact); got != c.want {
			t.Errorf("%q at %q: %q, want %q", c.title, c.fact, got, c.want)
		}
	}
}
