package channel_test

import (
	"slices"
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
		{"fr", at(12, 14), at(13, 2), "du mardi 12 mai à 14 h au mercredi 13 mai à 2 h"},
		{"fr", at(9, 8), at(10, 17), "du samedi 9 mai à 8 h au dimanche 10 mai à 17 h"},
		{"fr", nil, at(6, 17), "jusqu’au mercredi 6 mai à 17 h"},
		{"fr", at(4, 9), at(4, 17), "lundi 4 mai, 9 h – 17 h"},
		{"fr-simple", at(4, 9), at(4, 17), "lundi 4 mai, de 9 h à 17 h"},
		{"br", at(4, 9), at(7, 17), "du lundi 4 au jeudi 7 mai"},
		{"en", at(4, 9), at(4, 17), "Monday 4 May, 09:00 – 17:00"},
		{"en-GB", at(4, 9), at(7, 17), "from Monday 4 to Thursday 7 May"},
		{"en", nil, at(6, 17), "until Wednesday 6 May, 17:00"},
		{"fr", at(15, 0), at(16, 0), "vendredi 15 mai"},
		{"fr", at(15, 0), at(18, 0), "du vendredi 15 au dimanche 17 mai"},
		{"fr", nil, at(7, 0), "jusqu’au mercredi 6 mai"},
		{"fr", at(4, 20), at(5, 0), "lundi 4 mai, 20 h"},
		{"fr", at(4, 20), at(5, 2), "lundi 4 mai, 20 h – 2 h"},
		{"fr", at(4, 12), at(5, 6), "du lundi 4 mai à 12 h au mardi 5 mai à 6 h"},
		{"en", at(4, 20), at(5, 0), "Monday 4 May, 20:00"},
		{"de", at(1, 9), nil, "Friday 1 May, 09:00"},
		{"", at(1, 9), nil, "vendredi 1er mai, 9 h"},
	} {
		if got := (channel.Profile{Language: c.language, TimeZone: "Europe/Paris"}).When(events.Publication{Onset: c.onset, Ends: c.ends}); got != c.want {
			t.Errorf("%s: %q, want %q", c.language, got, c.want)
		}
	}
}

func TestWhenIsWrittenShorter(t *testing.T) {
	t.Parallel()
	at := func(month time.Month, day, hour int) *time.Time {
		when := time.Date(2026, month, day, hour, 30, 0, 0, time.UTC)
		return &when
	}
	for _, c := range []struct {
		name     string
		language string
		p        events.Publication
		want     []string
	}{
		{"a morning", "fr", events.Publication{Onset: at(5, 12, 8), Ends: at(5, 12, 12)}, []string{
			"mardi 12 mai, 8 h 30 – 12 h 30", "mar. 12 mai, 8h30-12h30", "12 mai, 8h30-12h30", "12/05 8h30-12h30",
		}},
		{"a season", "fr", events.Publication{Onset: at(7, 1, 8), Ends: at(10, 31, 12)}, []string{
			"du mercredi 1er juillet au samedi 31 octobre", "du mer. 1er juil. au sam. 31 oct.", "du 1er juil. au 31 oct.", "01/07 au 31/10",
		}},
		{"an alert keeps its hours", "fr", events.Publication{Class: events.ClassAlert, Onset: at(2, 11, 4), Ends: at(2, 14, 8)}, []string{
			"du mercredi 11 février à 4 h 30 au samedi 14 février à 8 h 30", "du mer. 11 févr. à 4h30 au sam. 14 févr. à 8h30",
			"du 11 févr. à 4h30 au 14 févr. à 8h30", "11/02 4h30 au 14/02 8h30",
		}},
		{"a week", "fr", events.Publication{Onset: at(1, 5, 8), Ends: at(1, 9, 12)}, []string{
			"du lundi 5 au vendredi 9 janvier", "du lun. 5 au ven. 9 janv.", "du 5 au 9 janv.", "05 au 09/01",
		}},
		{"plain language stays whole", "fr-simple", events.Publication{Onset: at(5, 12, 8), Ends: at(5, 12, 12)}, []string{
			"mardi 12 mai, de 8 h 30 à 12 h 30", "12 mai, de 8 h 30 à 12 h 30",
		}},
		{"English", "en", events.Publication{Onset: at(9, 12, 8), Ends: at(9, 12, 12)}, []string{
			"Saturday 12 September, 08:30 – 12:30", "Sat 12 Sep, 08:30-12:30", "12 Sep, 08:30-12:30",
		}},
		{"never", "fr", events.Publication{}, nil},
	} {
		if got := (channel.Profile{Language: c.language}).Whens(c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
