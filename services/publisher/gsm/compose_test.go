package gsm

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCompose(t *testing.T) {
	t.Parallel()
	mentions := Mentions{Promotional: "STOP au 36111", Service: "Désabo https://crr.fr/d/x1"}
	cases := []struct {
		name   string
		notice Notice
		limits Limits
		want   string
		cut    string
	}{
		{
			"fits",
			notice(Service, "Coupure d’eau", "rue des Frères-Lumière", []string{"mardi 5 mai, 9h-12h"}, "https://crr.fr/a1"),
			Limits{},
			"Coupure d'eau - rue des Frères-Lumière - mardi 5 mai, 9h-12h https://crr.fr/a1\nDésabo https://crr.fr/d/x1", "",
		},
		{
			"title cut at a word",
			notice(Service, "Travaux de renouvellement du réseau d’assainissement et de la voirie avec fermeture complète", "rue des Frères-Lumière", []string{"mardi 5 mai, 9h-12h"}, "https://crr.fr/a1"),
			Limits{},
			"Travaux de renouvellement du réseau d'assainissement.. - rue des Frères-Lumière - mardi 5 mai, 9h-12h https://crr.fr/a1\nDésabo https://crr.fr/d/x1", "title",
		},
		{
			"a rest of a place says nothing: the title has its room",
			notice(Service, "Travaux d’élagage des platanes, stationnement interdit", "Av. du Maréchal-Leclerc-de-Hauteclocque-et-du-Général", []string{"du lundi 4 au vendredi 8 mai"}, "https://crr.fr/a1"),
			Limits{Septets: 132},
			"Travaux d'élagage des platanes, stationnement interdit - du lundi 4 au vendredi 8 mai https://crr.fr/a1\nDésabo https://crr.fr/d/x1", "place",
		},
		{
			"no cut behind an abbreviation",
			notice(Service, "Recherche d’une personne disparue : M. Pierre-Alexandre-Maximilien Durand-Lefebvre de Pessac", "Gare de Pessac", []string{"lundi 4 mai, 17 h"}, "https://crr.fr/a1"),
			Limits{Septets: 132},
			"Recherche d'une personne disparue.. - Gare de Pessac - lundi 4 mai, 17 h https://crr.fr/a1\nDésabo https://crr.fr/d/x1", "title",
		},
		{
			"the end of a title goes before a place",
			notice(Service, "Travaux d’élagage des platanes, stationnement interdit", "Av. du Maréchal-Leclerc", []string{"du lundi 4 au vendredi 8 mai"}, "https://crr.fr/a1"),
			Limits{Septets: 132},
			"Travaux d'élagage.. - Av. du Maréchal-Leclerc - du lundi 4 au vendredi 8 mai https://crr.fr/a1\nDésabo https://crr.fr/d/x1", "title",
		},
		{
			"a place that a cut title no longer names is said",
			notice(Alert, "Travaux d’enfouissement des réseaux électriques, avenue du Général-de-Gaulle, entre la rue Jean-Jaurès et l’avenue Pasteur", "Avenue du Général-de-Gaulle", []string{"du lundi 4 mai au vendredi 26 juin"}, "https://crr.fr/a1"),
			Limits{Septets: 119},
			"Travaux d'enfouissement.. - Avenue du Général-de-Gaulle - du lundi 4 mai au vendredi 26 juin https://crr.fr/a1", "title",
		},
		{
			"a time is written shorter before anything is lost",
			notice(Alert, "Restriction d’eau : niveau alerte renforcée", "", []string{"du mercredi 15 juillet au samedi 31 octobre", "du mer. 15 juil. au sam. 31 oct.", "15/07 au 31/10"}, ""),
			Limits{Septets: 65, Abbreviate: []func(string) string{short("niveau", "niv.")}},
			"Restriction d'eau : niv. alerte renforcée - 15/07 au 31/10", "",
		},
		{
			"a title says its date until it is cut off",
			notice(Alert, "Coupure d’eau le mardi 12 mai de 8h30 à 12h – quartier de l’Alouette", "Quartier de l’Alouette", []string{"mardi 12 mai, 8 h 30 - 12 h", "12/05 8h30-12h"}, ""),
			Limits{Septets: 60},
			"Coupure d'eau.. - Quartier de l'Alouette - 12/05 8h30-12h", "title",
		},
		{
			"a place has its name before its address",
			notice(Alert, "Enquête publique : révision du PLU", "Mairie, 1 place de la République", []string{"du 1er juin au 3 juillet"}, "https://crr.fr/a1"),
			Limits{Septets: 92},
			"Enquete publique : révision du PLU - Mairie.. - du 1er juin au 3 juillet https://crr.fr/a1", "place",
		},
		{
			"the last resort comes last, and an abbreviation keeps its full stop",
			notice(Alert, "Permanence du conseil municipal", "Mairie", []string{"mardi 12 mai", "12/05"}, ""),
			Limits{Septets: 44, Abbreviate: []func(string) string{short("municipal", "mun.")}, LastResort: []func(string) string{short("Permanence", "Perm.")}},
			"Permanence du conseil mun. - Mairie - 12/05", "",
		},
		{
			"a mark is never cut",
			Notice{Class: Alert, Mark: "MESSAGE RETIRÉ : ", Title: "Annulation du marché de Noël", Place: "Place de la République", Link: "https://crr.fr/a1"},
			Limits{Septets: 70},
			"MESSAGE RETIRÉ : Annulation du marché de Noel https://crr.fr/a1", "place",
		},
		{
			"as much of an instruction as fits, before anything is cut",
			Notice{Class: Alert, Title: "Accident industriel", When: []string{"mardi 12 mai", "12/05"}, Instruction: []string{"Rentrez. Coupez la ventilation.", "Rentrez."}},
			Limits{Septets: 45},
			"Accident industriel - mardi 12 mai - Rentrez.", "instruction",
		},
		{
			"the title goes before the last of an instruction",
			Notice{Class: Alert, Title: "Accident industriel au port de Bassens", Instruction: []string{"Rentrez. Coupez la ventilation.", "Rentrez."}},
			Limits{Septets: 40},
			"Accident industriel au port.. - Rentrez.", "title,instruction",
		},
		{
			"alert has no mention",
			notice(Alert, "Évacuation immédiate.", "quai Sud", []string{"maintenant"}, "https://crr.fr/a1"),
			Limits{},
			"Évacuation immédiate - quai Sud - maintenant https://crr.fr/a1", "",
		},
		{
			"promotional",
			Notice{Class: Promotional, Title: "Soldes au marché !", Link: "https://crr.fr/a1"},
			Limits{},
			"Soldes au marché ! https://crr.fr/a1\nSTOP au 36111", "",
		},
		{
			"UCS-2 has less room",
			Notice{Class: Alert, Title: "Recherche de محمد dans tout le centre et les environs du bourg ce soir", When: []string{"20 h"}, Link: "https://crr.fr/a1"},
			Limits{},
			"Recherche de محمد dans tout le centre.. - 20 h https://crr.fr/a1", "title",
		},
		{
			"a second part where links take one in UCS-2",
			Notice{Class: Service, Title: "انقطاع الماء", Place: "شارع باستور", When: []string{"12/05 08:30"}, Link: "https://infos.pessac.example/p/abcdefghijkl"},
			Limits{},
			"انقطاع الماء - شارع باستور - 12/05 08:30 https://infos.pessac.example/p/abcdefghijkl\nDésabo https://crr.fr/d/x1", "",
		},
		{
			"the place where no writing of the time has room",
			notice(Alert, "Travaux", "rue Foch", []string{"du lundi 4 mai au vendredi 8 mai"}, "https://crr.fr/a1"),
			Limits{Septets: 40},
			"Travaux - rue Foch https://crr.fr/a1", "when",
		},
		{
			"place goes before the title's heart",
			notice(Alert, "Fermeture de la déchèterie intercommunale", "route départementale de Saint-Germain", []string{"le 5"}, "https://crr.fr/a1"),
			Limits{Septets: 60},
			"Fermeture de la déchèterie.. - le 5 https://crr.fr/a1", "title,place",
		},
		{
			"abbreviated before it is cut",
			notice(Alert, "Incendie", "avenue du Général-de-Gaulle", nil, ""),
			Limits{Septets: 35, Abbreviate: []func(string) string{short("avenue", "av.")}},
			"Incendie - av. du Général-de-Gaulle", "",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Compose(c.notice, mentions, c.limits)
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != c.want || strings.Join(got.Cut, ",") != c.cut {
				t.Errorf("got  %q cut %v\nwant %q cut %v", got.Text, got.Cut, c.want, c.cut)
			}
		})
	}
}

func notice(class Class, title, place string, when []string, link string) Notice {
	return Notice{Class: class, Title: title, Place: place, When: when, Link: link}
}

func short(word, by string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, word, by) }
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	for want, n := range map[error]Notice{
		ErrNoStop:      {Class: Promotional, Title: "a"},
		ErrStopOnAlert: {Class: Alert, Title: "Crue. Stop au 36 111? STOP SMS au 36111"},
		ErrClass:       {Class: "urgent", Title: "a"},
	} {
		if _, err := Compose(n, Mentions{}, Limits{}); !errors.Is(err, want) {
			t.Errorf("%+v: got %v, want %v", n, err, want)
		}
	}
}

func TestComposeNeverCutsTheLink(t *testing.T) {
	t.Parallel()
	link := "https://" + strings.Repeat("a", 200) + ".fr"
	got, err := Compose(Notice{Class: Alert, Title: "Crue", Link: link}, Mentions{}, Limits{})
	if err != nil || got.Fits || !strings.Contains(got.Text, link) || got.Cost.Segments != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("TEST - ", "Fête du cœur", "rue محمد", "20 h", "https://crr.fr/a1", uint8(120))
	f.Add("", strings.Repeat("mot ", 80), strings.Repeat("x", 200), "", "", uint8(30))
	f.Fuzz(func(t *testing.T, mark, title, place, when, link string, room uint8) {
		n := Notice{Class: Service, Title: title, Place: place, When: []string{when}, Link: link, Mark: mark, Instruction: []string{place + title, title}}
		got, err := Compose(n, Mentions{Service: "Désabo crr.fr/x"}, Limits{Septets: int(room) + 1})
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(got.Text) {
			t.Fatalf("invalid UTF-8: %q", got.Text)
		}
		e := EncodingOf(got.Text)
		limit := int(room) + 1
		if e == UCS2 {
			limit = composer{limits: Limits{Septets: limit}}.room(UCS2)
		}
		if got.Fits && e.Units(got.Text) > limit {
			t.Fatalf("%d units for %d", e.Units(got.Text), limit)
		}
		if again, _ := Compose(n, Mentions{Service: "Désabo crr.fr/x"}, Limits{Septets: int(room) + 1}); again.Text != got.Text {
			t.Fatal("not deterministic")
		}
	})
}
