package when_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/services/normalizer/when"
)

// TestTold reads notices of Monday 23 November 2026, 9 h: what they announce, when
// the last of it is over, and until when what they name in passing lasts.
func TestTold(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	ref := time.Date(2026, 11, 23, 9, 0, 0, 0, paris)
	for name, c := range map[string]struct{ title, text, want string }{
		"what was yesterday":     {"Ne buvez pas l'eau", "Une pollution a été détectée le 22 novembre au captage.", ""},
		"a leak that happened":   {"", "fuite survenue dimanche 22 novembre, l'eau est coupée", ""},
		"the night before":       {"", "détruit par un incendie dans la nuit du 22 au 23 novembre. Activités suspendues jusqu'à nouvel ordre", "open"},
		"a disappearance":        {"", "a disparu de l'EHPAD dimanche 22 novembre vers 15h", ""},
		"an alert of yesterday":  {"Alerte du 22 novembre 16h : vigilance rouge vent", "", ""},
		"works that began":       {"", "Le chantier, commencé le 22 novembre, s'achèvera mi-décembre", ""},
		"it began this morning":  {"", "Un incendie s'est déclaré lundi 23 novembre à 8h30. Mettez-vous à l'abri", ""},
		"an hour gone by":        {"Incendie lundi 23 novembre à 8h30", "", "2026-11-23 08:30 / - | 2026-11-23 23:59"},
		"from this day on":       {"", "Par arrêté du 22 novembre, l'accès est interdit à compter de ce jour", "2026-11-23 00:00 / - | 2026-11-23 23:59"},
		"from tomorrow on":       {"", "Stationnement interdit à partir de demain 8h", "2026-11-24 08:00 / - | 2026-11-24 23:59"},
		"an interval that runs":  {"", "Fermé du 20 au 27 novembre", "2026-11-20 00:00 / 2026-11-27 23:59 | 2026-11-27 23:59"},
		"no end said":            {"", "Parc fermé à partir du 24 novembre, pour une durée indéterminée", "2026-11-24 00:00 / - | 2026-11-24 23:59 | open"},
		"two slots of a day":     {"", "Le 26 novembre de 8h30 à 11h30 et de 13h45 à 16h", "2026-11-26 08:30 / 2026-11-26 16:00 | 2026-11-26 16:00"},
		"two nights":             {"", "fermé mercredi 25 de 22 h à 23 h 30 et vendredi 27 de 5 h à 6 h 15", "2026-11-25 22:00 / 2026-11-25 23:30 | 2026-11-27 06:15"},
		"put off":                {"Collecte du 24 novembre", "La collecte prévue le 24 novembre est reportée au 1er décembre", "2026-12-01 00:00 / 2026-12-01 23:59 | 2026-12-01 23:59"},
		"put off from, to":       {"", "Collecte reportée du 24 novembre au 1er décembre", "2026-12-01 00:00 / 2026-12-01 23:59 | 2026-12-01 23:59"},
		"an exhibition":          {"", "Vernissage le 27 novembre. Exposition visible jusqu'au 31 janvier", "2026-11-27 00:00 / 2026-11-27 23:59 | 2027-01-31 23:59"},
		"several days and slots": {"", "Vaccination samedi 28 nov 9h-12h et 14h-17h ; samedi 5 décembre", "2026-11-28 09:00 / 2026-11-28 17:00 | 2026-12-05 23:59"},
		"another matter later":   {"", "Mairie fermée le 24 novembre. Élections le 14 mars", "2026-11-24 00:00 / 2026-11-24 23:59 | 2026-11-24 23:59"},
		"tonight and the nights": {"", "Fermée cette nuit de 21h à 5h, puis les nuits du 24 et du 25 novembre", "2026-11-23 21:00 / 2026-11-24 05:00 | 2026-11-25 23:59"},
		"a part of a weekday":    {"Battue aux sangliers dimanche", "Prudence dimanche matin, de 8h à 13h", "2026-11-29 08:00 / 2026-11-29 13:00 | 2026-11-29 13:00 | 2026-11-29 23:59"},
		"opening hours":          {"", "Ouvert lundi matin et mardi matin", "| 2026-11-24 23:59"},
		"a weekday in passing":   {"Battue aux sangliers dimanche", "", "| 2026-11-29 23:59"},
		"next week":              {"", "Travaux la semaine prochaine", "| 2026-12-06 23:59"},
		"a game, the sea":        {"", "un jeu en mer", ""},
		"a week's number":        {"", "Coupure d'eau semaine 49", "2026-11-30 00:00 / 2026-12-06 23:59 | 2026-12-06 23:59"},
		"the week of":            {"", "semaine du 30 novembre", "2026-11-30 00:00 / 2026-12-06 23:59 | 2026-12-06 23:59"},
		"hours of the body":      {"Coupure d'électricité demain", "Demain de 8h30 à 12h, rue Zola", "2026-11-24 08:30 / 2026-11-24 12:00 | 2026-11-24 12:00"},
		"hours alone":            {"Marché de Noël : 12 et 13 décembre", "De 10h à 19h", "2026-12-12 10:00 / 2026-12-13 19:00 | 2026-12-13 19:00"},
		"numbers of houses":      {"", "coupée rue Émile-Zola, n° 12 à 24, le 25 novembre de 8h à midi", "2026-11-25 08:00 / 2026-11-25 12:00 | 2026-11-25 12:00"},
		"days apart":             {"", "fermé les jeudis 24 et 31 décembre après-midi", "2026-12-24 00:00 / 2026-12-24 23:59 | 2026-12-31 23:59"},
		"the day of a posting":   {"Fermeture de la médiathèque", "23 novembre 2026\n\nfermée jusqu'au 2 décembre", "- / 2026-12-02 23:59 | 2026-12-02 23:59"},
		"its hour":               {"", "webmaster lun 23/11/2026 - 09:00 Stationnement interdit du 30 novembre au 2 décembre", "2026-11-30 00:00 / 2026-12-02 23:59 | 2026-12-02 23:59"},
		"how long":               {"", "À compter du lundi 30 novembre et pour une durée de 3 semaines, rue fermée", "2026-11-30 00:00 / 2026-12-20 23:59 | 2026-12-20 23:59"},
		"about how long":         {"", "Fermé à partir du 1er décembre à 8h, pour une durée prévisionnelle d'environ deux mois", "2026-12-01 08:00 / 2027-01-31 23:59 | 2027-01-31 23:59"},
		"a week long":            {"", "Travaux le 30 novembre pendant une semaine", "2026-11-30 00:00 / 2026-12-06 23:59 | 2026-12-06 23:59"},
		"for whom":               {"", "Le 30 novembre, pour une personne de 3 ans", "2026-11-30 00:00 / 2026-11-30 23:59 | 2026-11-30 23:59"},
		"months cut short":       {"", "le 25 nov., le 2 déc. et le 9 déc. de 14 h à 17 h", "2026-11-25 14:00 / 2026-11-25 17:00 | 2026-12-09 17:00"},
		"this & that":            {"", "Rendez-vous les 5 & 6 décembre de 10h à 18h", "2026-12-05 10:00 / 2026-12-06 18:00 | 2026-12-06 18:00"},
		"how long, before":       {"", "Pendant 3 semaines à partir du 30 novembre. Rue barrée", "2026-11-30 00:00 / 2026-12-20 23:59 | 2026-12-20 23:59"},
		"how long, told":         {"", "Les travaux dureront deux mois à compter du 7 décembre.", "2026-12-07 00:00 / 2027-02-06 23:59 | 2027-02-06 23:59"},
		"the nights of":          {"", "fermée dans les nuits des 24 et 25 novembre de 21h à 6h", "2026-11-24 21:00 / 2026-11-26 06:00 | 2026-11-26 06:00"},
		"until a weekday":        {"", "Le parc est fermé jusqu'à vendredi", "- / 2026-11-27 23:59 | 2026-11-27 23:59"},
		"until each Friday":      {"", "Mairie ouverte du lundi jusqu'au vendredi. Inscription avant le jeudi", "| 2026-11-27 23:59"},
		"until its hour":         {"", "Route coupée jusqu'à mercredi 14 h", "- / 2026-11-25 14:00 | 2026-11-25 14:00"},
		"not before":             {"", "L'eau ne reviendra pas avant mercredi 25 novembre à 18h", "- / 2026-11-25 18:00 | 2026-11-25 18:00"},
		"until tomorrow":         {"", "Fermé jusqu'à demain 8h", "- / 2026-11-24 08:00 | 2026-11-24 08:00"},
		"from one, until one":    {"", "À partir du 24 novembre, la rue est barrée jusqu'au 5 décembre", "2026-11-24 00:00 / 2026-12-05 23:59 | 2026-12-05 23:59"},
		"from a weekday on":      {"", "Vigilance à partir de mardi 24 novembre 6h", "2026-11-24 06:00 / - | 2026-11-24 23:59"},
		"two stamps":             {"", "Coupure : 26/11/2026 08:30 - 26/11/2026 11:30", "2026-11-26 08:30 / 2026-11-26 11:30 | 2026-11-26 11:30"},
		"all the nights":         {"", "fermé les nuits du 25 et 26 novembre de 22h à 5h", "2026-11-25 22:00 / 2026-11-27 05:00 | 2026-11-27 05:00"},
		"a street's name":        {"", "Rue du 8 mai 1945 et place du 5 décembre, barrées le 25 novembre", "2026-11-25 00:00 / 2026-11-25 23:59 | 2026-11-25 23:59"},
		"the day on a badge":     {"Ne buvez pas l'eau", "21 nov.\n\nCoupure d'eau", ""},
		"a forwarded mail":       {"", "Envoyé : lundi 23 novembre 2026 08:12\nCoupure le 26 novembre", "2026-11-26 00:00 / 2026-11-26 23:59 | 2026-11-26 23:59"},
		"a weekday of last year": {"", "Marché samedi 6 décembre de 10h à 19h", "| 2026-11-28 23:59"},
	} {
		told := when.Read(c.title, c.text, ref, ref, paris)
		got := span(told)
		for _, at := range []time.Time{told.Last, told.Named} {
			if !at.IsZero() {
				got += " | " + show(at)
			}
		}
		if told.Open {
			got += " | open"
		}
		if want := c.want; got != want && got != " "+want && got != " | "+want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestToldAnew reads a text of Friday that was touched on Monday: its days are told
// from Friday, and what was over by Monday ends nothing.
func TestToldAnew(t *testing.T) {
	t.Parallel()
	written, sent := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"Vigilance rouge ce soir":                "",
		"Coupure demain":                         "",
		"Réunion mercredi prochain":              "2026-11-25 00:00 / 2026-11-25 23:59",
		"Fermé du 21 au 22 puis le 26 novembre.": "2026-11-26 00:00 / 2026-11-26 23:59",
	} {
		if got := span(when.Read("", text, written, sent, time.UTC)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
