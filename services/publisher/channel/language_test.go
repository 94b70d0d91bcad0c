package channel_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
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
		{"fr", at(5, 0), at(5, 14), "mardi 5 mai, jusqu’à 14 h"},
		{"fr-simple", at(5, 0), at(5, 14), "mardi 5 mai, jusqu’à 14 h"},
		{"fr", at(4, 21), at(8, 6), "du lundi 4 mai à 21 h au vendredi 8 mai à 6 h"},
		{"pt", at(4, 9), at(7, 17), "de segunda-feira 4 a quinta-feira 7 de maio"},
		{"pt-BR", at(5, 0), at(5, 14), "terça-feira 5 de maio, até às 14:00"},
		{"es", at(1, 9), at(2, 17), "del viernes 1 de mayo, 09:00 al sábado 2 de mayo, 17:00"},
		{"es", nil, at(6, 17), "hasta el miércoles 6 de mayo, 17:00"},
		{"it", at(4, 9), at(7, 17), "da lunedì 4 a giovedì 7 maggio"},
		{"ca", at(4, 9), at(4, 17), "dilluns 4 de maig, 09:00 – 17:00"},
		{"de", at(1, 9), nil, "Freitag, 1. Mai, 09:00 Uhr"},
		{"de", at(4, 9), at(7, 17), "von Montag, 4. bis Donnerstag, 7. Mai"},
		{"ar", at(5, 22), at(6, 6), "الثلاثاء 5 مايو، من 22:00 إلى 06:00"},
		{"oc", at(1, 9), nil, "vendredi 1er mai, 9 h"}, // whose readers read French
		{"uk", at(1, 9), nil, "Friday 1 May, 09:00"},
		{"", at(1, 9), nil, "vendredi 1er mai, 9 h"},
	} {
		if got := (channel.Profile{Language: c.language, Zone: registry.Authority{TimeZone: "Europe/Paris"}.Location()}).When(events.Publication{Onset: c.onset, Ends: c.ends}); got != c.want {
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
	next := func(month time.Month, day int) *time.Time {
		when := at(month, day, 8).AddDate(1, 0, 0)
		return &when
	}
	midnight := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
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
		{"more than a year", "fr", events.Publication{At: *at(9, 1, 8), Onset: at(10, 1, 8), Ends: next(10, 1)}, []string{
			"du jeudi 1er octobre 2026 au vendredi 1er octobre 2027", "du jeu. 1er oct. 2026 au ven. 1er oct. 2027",
			"du 1er oct. 2026 au 1er oct. 2027", "01/10/26 au 01/10/27",
		}},
		{"until another year", "fr", events.Publication{At: *at(9, 1, 8), Onset: at(9, 3, 8), Ends: next(6, 30)}, []string{
			"du jeudi 3 septembre au mercredi 30 juin 2027", "du jeu. 3 sept. au mer. 30 juin 2027",
			"du 3 sept. au 30 juin 2027", "03/09 au 30/06/27",
		}},
		{"the end of another year", "en", events.Publication{At: *at(9, 1, 8), Ends: next(12, 31)}, []string{
			"until Friday 31 December 2027, 08:30", "until Fri 31 Dec 2027, 08:30", "until 31 Dec 2027, 08:30",
		}},
		{"days of another year", "es", events.Publication{At: *at(9, 1, 8), Onset: next(5, 4), Ends: next(5, 8)}, []string{
			"del martes 4 al sábado 8 de mayo de 2027", "04 - 08/05/27",
		}},
		{"the next January", "fr-simple", events.Publication{At: *at(12, 1, 8), Onset: at(12, 24, 8), Ends: next(1, 4)}, []string{
			"du jeudi 24 décembre au lundi 4 janvier", "du 24 décembre au 4 janvier",
		}},
		{"nights", "fr", events.Publication{Content: events.Content{Title: "Fermeture nocturne de la rocade"}, Onset: at(5, 4, 21), Ends: at(5, 8, 5)}, []string{
			"les nuits du lundi 4 au jeudi 7 mai, 21 h 30 – 5 h 30", "nuits du lun. 4 au jeu. 7 mai, 21h30-5h30",
			"nuits du 4 au 7 mai, 21h30-5h30", "nuits 04 au 07/05 21h30-5h30",
		}},
		{"nights in German", "de", events.Publication{Content: events.Content{Title: "Nächtliche Sperrung", Language: "de"}, Onset: at(5, 4, 21), Ends: at(5, 8, 5)}, []string{
			"nachts von Montag, 4. bis Donnerstag, 7. Mai, 21:30 Uhr – 05:30 Uhr", "nachts 04 - 07/05 21:30 – 05:30",
		}},
		{"nights in Arabic", "ar", events.Publication{Content: events.Content{Title: "أشغال ليلية", Language: "ar"}, Onset: at(5, 4, 21), Ends: at(5, 8, 5)}, []string{
			"ليلاً من الاثنين 4 إلى الخميس 7 مايو، من 21:30 إلى 05:30", "ليلاً 04 إلى 07/05 من 21:30 إلى 05:30",
		}},
		{"closed until further notice", "fr-simple", events.Publication{Content: events.Content{Title: "École fermée jusqu’à nouvel ordre"}, At: *at(5, 11, 9), Onset: at(5, 12, 8)}, []string{
			"à partir du mardi 12 mai à 8 h 30", "à partir du 12 mai à 8 h 30",
		}},
		{"a meeting without an end", "fr-simple", events.Publication{Content: events.Content{Title: "Conseil municipal"}, At: *at(5, 11, 9), Onset: at(5, 12, 8)}, []string{
			"mardi 12 mai, 8 h 30", "12 mai, 8 h 30",
		}},
		{"an alert is no matter of nights", "fr-simple", events.Publication{Class: events.ClassAlert, Content: events.Content{Title: "Canicule, même la nuit"}, Onset: at(5, 4, 21), Ends: at(5, 6, 5)}, []string{
			"du lundi 4 mai à 21 h 30 au mercredi 6 mai à 5 h 30", "du 4 mai à 21 h 30 au 6 mai à 5 h 30",
		}},
		{"every evening", "fr-simple", events.Publication{Content: events.Content{Title: "Tram B interrompu tous les soirs"}, Onset: at(5, 4, 21), Ends: at(5, 8, 0)}, []string{
			"les nuits du lundi 4 au jeudi 7 mai, de 21 h 30 à 0 h 30", "les nuits du 4 au 7 mai, de 21 h 30 à 0 h 30",
		}},
		{"an alert until midnight", "fr", events.Publication{Class: events.ClassAlert, Onset: at(5, 4, 16), Ends: &midnight}, []string{
			"lundi 4 mai, 16 h 30 – minuit", "lun. 4 mai, 16h30-minuit", "4 mai, 16h30-minuit", "04/05 16h30-minuit",
		}},
		{"an alert that began", "fr", events.Publication{Class: events.ClassAlert, At: *at(5, 12, 9), Onset: at(5, 12, 8)}, []string{
			"depuis le mardi 12 mai à 8 h 30", "depuis le mar. 12 mai à 8h30", "depuis le 12 mai à 8h30", "depuis le 12/05 8h30",
		}},
		{"an alert to come", "fr", events.Publication{Class: events.ClassAlert, At: *at(5, 11, 9), Onset: at(5, 12, 8)}, []string{
			"à partir du mardi 12 mai à 8 h 30", "dès le mar. 12 mai à 8h30", "dès le 12 mai à 8h30", "dès le 12/05 8h30",
		}},
		{"an alert to come in Arabic", "ar", events.Publication{Class: events.ClassAlert, At: *at(5, 11, 9), Onset: at(5, 12, 8)}, []string{
			"ابتداءً من الثلاثاء 12 مايو، 08:30", "ابتداءً من 12/05 08:30",
		}},
		{"never", "fr", events.Publication{}, nil},
	} {
		if got := (channel.Profile{Language: c.language}).Whens(c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWordsAroundATextAreInItsLanguage(t *testing.T) {
	t.Parallel()
	p := events.Publication{
		MsgType: events.MsgCancel, Reason: "Erreur d’analyse",
		Content: events.Content{Language: "fr", Title: "Eau non potable"},
		Variants: []events.Content{
			{Language: "fr-simple", Title: "L’eau est mauvaise"},
			{Language: "pt-BR", Title: "Água: não beber"},
			{Language: "de", Title: "Wasser abkochen"},
			{Language: "ar", Title: "ماء غير صالح للشرب"},
			{Language: "br", Title: "Dour fall"},
			{Language: "uk", Title: "Вода"},
		},
	}
	for language, want := range map[string][2]string{
		"fr":        {"Message retiré : Eau non potable", "Motif : Erreur d’analyse"},
		"fr-simple": {"Message retiré : L’eau est mauvaise", "Motif : Erreur d’analyse"},
		"pt":        {"Mensagem anulada – Água: não beber", "Motivo: (fr) Erreur d’analyse"},
		"de":        {"Meldung zurückgezogen: Wasser abkochen", "Grund: (fr) Erreur d’analyse"},
		"ar":        {"رسالة مسحوبة: ماء غير صالح للشرب", "السبب: (fr) Erreur d’analyse"},
		"br":        {"Message retiré : Dour fall", "Motif : Erreur d’analyse"},
		"uk":        {"Message withdrawn: Вода", "Reason: (fr) Erreur d’analyse"},
	} {
		said, _ := channel.In(language, p, channel.Profile{})
		if got := [2]string{channel.Headline(said), channel.Why(said)}; got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
	if p.Reason != "Erreur d’analyse" {
		t.Error("In changed the publication")
	}
}

func TestEveryLanguageSaysAll(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"ar", "ca", "de", "en", "es", "fr", "it", "pt"} {
		words := reflect.ValueOf(channel.WordsIn(language))
		for i := range words.NumField() {
			if words.Field(i).IsZero() {
				t.Errorf("%s: no %s", language, words.Type().Field(i).Name)
			}
		}
		if language != "en" && channel.WordsIn(language).Cancelled == channel.WordsIn("en").Cancelled {
			t.Errorf("%s: in English", language)
		}
		profile, seen := channel.Profile{Language: language}, map[string]bool{}
		for day := range 365 {
			seen[profile.Moment(time.Date(2026, 1, 1+day, 9, 0, 0, 0, time.UTC))] = true
		}
		if len(seen) != 365 {
			t.Errorf("%s: %d days are written apart", language, len(seen))
		}
	}
}
