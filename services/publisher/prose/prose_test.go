package prose_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/prose"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		room       int
		want       string
	}{
		{"fits", "Fuite d’eau.", 12, "Fuite d’eau."},
		{"at a word", "Fermeture de la piscine municipale", 26, "Fermeture de la piscine…"},
		{"not behind a word that wants the next", "Inscription obligatoire avant le 3 juin", 35, "Inscription obligatoire…"},
		{"not behind a title", "Vaccination : Dr Lefèvre vous reçoit", 22, "Vaccination…"},
		{"not behind an abbreviation", "Déviation par la r. Jean-Jaurès", 22, "Déviation…"},
		{"not inside hours", "Coupure de 9h à 11h30 pour élagage", 20, "Coupure…"},
		{"not inside hours in words", "Marché de midi à minuit, place Foch", 18, "Marché…"},
		{"not inside a date", "Piscine fermée du 1er au 15 août 2026", 28, "Piscine fermée…"},
		{"not inside days and hours", "Marché mardi et jeudi, le 12 mai de 8 h 30 à 12 h 15 au bourg", 50, "Marché mardi et jeudi…"},
		{"not between a number and what it counts", "Amende de 135 euros par véhicule", 16, "Amende…"},
		{"not before a road’s number", "Accident sur la RD 936 à Créon", 21, "Accident…"},
		{"not inside a negation", "Le marché n’aura pas lieu samedi", 23, "Le marché…"},
		{"not behind a negation", "La baignade n’est plus interdite", 28, "La baignade…"},
		{"not behind a negation in the past", "L’eau n’a pas été coupée", 20, "L’eau…"},
		{"not inside a double negation", "La rue ne sera ni lavée ni balayée", 22, "La rue…"},
		{"a negation that begins", "Aucun bus ne circulera sur la ligne 4", 27, "Aucun bus ne circulera…"},
		{"a whole negation", "Le marché ne sera pas supprimé pendant les travaux", 38, "Le marché ne sera pas supprimé…"},
		{"nor a negation in English", "The market will not be held on Saturday", 25, "The market…"},
		{"not behind what is about the next", "Erreur de rue : il s’agit de la rue Pascal", 27, "Erreur de rue…"},
		{"nor a small word in Portuguese", "Obras noturnas na circular", 20, "Obras noturnas…"},
		{"an order", "Ne buvez pas l’eau", 15, "Ne buvez pas…"},
		{"not behind non", "Eau non potable", 10, "Eau…"},
		{"not behind an exception", "Accès interdit sauf riverains", 22, "Accès interdit…"},
		{"not behind a cause", "Fermeture en raison du vent", 22, "Fermeture…"},
		{"not behind a condition", "Appelez le médecin en cas de malaise", 27, "Appelez le médecin…"},
		{"not before what is anew", "L’eau est de nouveau potable", 24, "L’eau…"},
		{"not before what is to come", "Date du prochain conseil municipal", 20, "Date…"},
		{"what is to come", "Rendez-vous samedi prochain à la mairie", 30, "Rendez-vous samedi prochain…"},
		{"not before an order to come", "Parc fermé jusqu’à nouvel ordre", 28, "Parc fermé…"},
		{"not behind a street without its name", "Travaux rue Foch et rue de la Paix", 26, "Travaux rue Foch…"},
		{"a street without a name", "Effondrement de la rue avant l’aube", 25, "Effondrement de la rue…"},
		{"not between two places", "Accident entre la sortie 12 et la sortie 14 intérieure", 42, "Accident…"},
		{"behind two places", "Accident entre la rue Foch et la rue Pasteur hier soir", 48, "Accident entre la rue Foch et la rue Pasteur…"},
		{"a number may end it", "Rendez-vous quai 12, Pessac-Centre", 22, "Rendez-vous quai 12…"},
		{"the first word whatever it is", "Les anticonstitutionnellement vôtres", 12, "Les…"},
		{"letters of a long word", "anticonstitutionnellement", 10, "anticonst…"},
		{"no room", "abc", 0, ""},
	} {
		fits := func(s string) bool { return utf8.RuneCountInString(s) <= c.room }
		if got := prose.Cut(c.text, "…", fits); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCutPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, place string
		room        int
		want        string
	}{
		{"the name before the address", "Gare, 12 rue de la République", 9, "Gare…"},
		{"not behind what leans on the next", "Avenue de Canéjan, au niveau du pont", 28, "Avenue de Canéjan…"},
		{"not behind a direction without its name", "Pont d’Aquitaine, sens Paris-Bordeaux", 24, "Pont d’Aquitaine…"},
		{"not less than a name", "Place de la République, parvis", 8, ""},
		{"the beginning of a long one", "École primaire Jules-Ferry", 18, "École primaire…"},
		{"nothing of it", "12 bis", 3, ""},
	} {
		fits := func(s string) bool { return utf8.RuneCountInString(s) <= c.room }
		if got := prose.CutPlace(c.place, "…", fits); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	got := prose.Sentences("Voir M. Dupont av. Foch. Entrée libre\u202f! « Venez. » Le 5 à 18 h. 3 places… Et voilà")
	want := []string{"Voir M. Dupont av. Foch.", "Entrée libre\u202f!", "« Venez. »", "Le 5 à 18 h.", "3 places…", "Et voilà"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestUnsaidWhen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ title, when, want string }{
		{"Menu du mardi 5 mai", "mardi 5 mai", ""},
		{"Menu du mardi 5 mai", "mardi 5 mai, 12 h", "12 h"},
		{"Coupure d’eau le mardi 12 mai de 8h30 à 12h", "mardi 12 mai, 8 h 30 – 12 h", ""},
		{"Coupure d’eau le 12/05", "mar. 12 mai, 8h30-12h", "8h30-12h"},
		{"Marché de nuit le 12 mai", "12/05 18h-23h", "18h-23h"},
		{"Pas d’eau le 12 mai", "mardi 12 mai, de 8 h à 12 h", "de 8 h à 12 h"},
		{"Bureaux de vote ouverts de 8 h à 18 h", "dimanche 15 mars, 8 h – 18 h", "dimanche 15 mars"},
		{"Piscine fermée du 1er au 15 août 2026", "du samedi 1er au samedi 15 août", ""},
		{"Inscription avant le 3 juin", "vendredi 5 juin, 6 h", "vendredi 5 juin, 6 h"},
		{"Travaux place du 8 mai 1945", "vendredi 8 mai", "vendredi 8 mai"},
		{"Orages le 12 juin", "du vendredi 12 juin à 14 h au samedi 13 juin à 2 h", "du vendredi 12 juin à 14 h au samedi 13 juin à 2 h"},
		{"No water on 12 May", "Tuesday 12 May, 08:30 – 12:00", "08:30 – 12:00"},
		{"Fermé dès 17 h", "jusqu’au mercredi 6 mai à 17 h", "jusqu’au mercredi 6 mai"},
		{"Ouverture 24/7 du distributeur", "24/07 8h-12h", "24/07 8h-12h"},
		{"Station ouverte 24/24 et 7/7", "mardi 7 juillet, 8 h – 12 h", "mardi 7 juillet, 8 h – 12 h"},
		{"Route barrée RD 12/05", "mardi 12 mai, 8 h", "mardi 12 mai, 8 h"},
		{"Dossier n° 12/05", "mardi 12 mai, 8 h", "mardi 12 mai, 8 h"},
		{"École fermée le 5/6", "vendredi 5 juin, 8 h", "8 h"},
		{"Inscriptions avant le 9 janvier", "05 au 09/01", "05 au 09/01"},
		{"Inscriptions avant le 30 juin pour la sortie du 4 juillet", "samedi 4 juillet, 8 h – 18 h", "samedi 4 juillet, 8 h – 18 h"},
		{"Inscriptions avant le 30 juin pour la sortie du 4 juillet", "samedi 4 juillet", ""},
		{"Recensement jusqu’au 31 décembre", "jusqu’au vendredi 31 décembre 2027", "jusqu’au vendredi 31 décembre 2027"},
		{"Recensement jusqu’au 31 décembre 2027", "31/12/27", ""},
		{"Médiathèque fermée du 01/10/2026 au 01/10/2027", "du 1er oct. 2026 au 1er oct. 2027", ""},
		{"Marché du 12 mai", "mardi 12 mai, jusqu’à 14 h", "jusqu’à 14 h"},
		{"Cantine fermée à MIDI", "mardi 12 mai, 12 h", "mardi 12 mai"},
		{"Bal jusqu’à minuit", "samedi 11 juillet, 0 h", "samedi 11 juillet"},
		{"Menu de la mi-mai", "mardi 12 mai, 12 h", "mardi 12 mai, 12 h"},
		{"Conseil municipal", "", ""},
	} {
		if got := prose.UnsaidWhen(c.title, c.when); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.title, c.when, got, c.want)
		}
	}
}

func TestUnsaidWhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ title, place, want string }{
		{"Coupure d’eau rue du Général-de-Gaulle", "Rue du Général de Gaulle", ""},
		{"Bd de l'Océan : travaux", "Bd de l’Océan", ""},
		{"Marché de la gare", "Gare de Pessac", "Gare de Pessac"},
		{"Rue du Portail fermée", "Rue du Port", "Rue du Port"},
		{"Coupure eau rue Pasteur", "Rue Pasteur, Pessac (33600)", ""},
		{"Coupure eau rue Pasteur", "Rue Pasteur, 33600 Pessac", ""},
		{"Loto à la salle des fêtes", "Salle des fêtes, 12 rue Foch", "12 rue Foch"},
		{"Vigilance orange orages en Gironde", "Gironde (33)", ""},
		{"Route barrée RD 1010", "RD 1010, PR 12+300 à 14+100", "PR 12+300 à 14+100"},
		{"Travaux avenue Jean-Jaurès", "Av. Jean-Jaurès", ""},
		{"Travaux allée St Exupéry", "All. Saint-Exupéry, Pessac", ""},
		{"Rue Foch fermée", "rue Foch (entre A et B)", "entre A et B"},
		{"Rue Foch fermée", "Rue Foch (de A à B), Pessac", "de A à B, Pessac"},
		{"Coupure d’eau rue Pasteur", "Rue Pasteur, Rue Foch", "Rue Foch"},
		{"Mairie fermée", "Mairie, Pessac", "Mairie, Pessac"},
		{"Conseil municipal", "", ""},
	} {
		if got := prose.UnsaidWhere(c.title, c.place); got != c.want {
			t.Errorf("%q at %q: %q, want %q", c.title, c.place, got, c.want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("Coupure d’eau le mardi 12 mai de 8h30 à 12h – quartier de l’Alouette", uint8(30))
	f.Add("\u00a0 M. « 12 ", uint8(3))
	f.Fuzz(func(t *testing.T, text string, room uint8) {
		text = strings.ToValidUTF8(text, "")
		fits := func(s string) bool { return utf8.RuneCountInString(s) <= int(room) }
		got := prose.Cut(text, "…", fits)
		if !fits(got) || !utf8.ValidString(got) {
			t.Fatalf("%q for %d", got, room)
		}
		if kept, cut := strings.CutSuffix(got, "…"); !strings.HasPrefix(text, got) && (!cut || !strings.HasPrefix(text, kept)) {
			t.Fatalf("%q begins %q not", got, text)
		}
		for kept := range prose.Cuts(text) {
			if !strings.HasPrefix(text, kept) || len(kept) >= len(text) {
				t.Fatalf("%q of %q", kept, text)
			}
		}
	})
}
