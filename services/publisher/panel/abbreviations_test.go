package panel

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAbbreviationApply(t *testing.T) {
	t.Parallel()
	cases := []struct{ full, short, in, want string }{
		{"rue", "r.", "Rue Foch, Grand-Rue, la rue. Ruelle", "R. Foch, Grand-Rue, la rue. Ruelle"},
		{"décembre", "déc.", "5 DECEMBRE, 6 décembre", "5 Déc., 6 déc."},
		{"rendez-vous", "RDV", "Rendez-vous ici", "RDV ici"},
	}
	for _, c := range cases {
		if got := (Abbreviation{c.full, c.short, 1}).Apply(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestNoWordIsReadAsAnother: a short form is used where it is read as its word.
func TestNoWordIsReadAsAnother(t *testing.T) {
	t.Parallel()
	table, err := DefaultAbbreviations()
	if err != nil {
		t.Fatal(err)
	}
	table = slices.DeleteFunc(table, func(a Abbreviation) bool { return a.Rank == LastResort })
	for in, want := range map[string]string{
		"Heures d’ouverture : 8 heures":                        "Heures d’ouverture : 8 h",
		"Plus de place au cimetière":                           "Plus de place au cimetière",
		"PLUS DE PLACE AU CIMETIÈRE":                           "PLUS DE PLACE AU CIMETIÈRE",
		"Mise en place d’une navette":                          "Mise en place d’une navette",
		"Météo-France place la Gironde":                        "Météo-France place la Gironde",
		"Place de la mairie, rue du bourg":                     "Pl. de la mairie, r. du bourg",
		"sur la place de la Ve-République":                     "sur la pl. de la Ve-République",
		"angle place d’Armes et rue du 8 mai":                  "angle pl. d’Armes et r. du 8 mai",
		"RUE DE L’ÉGLISE":                                      "R. DE L’ÉGLISE",
		"Fête de rue et de quartier":                           "Fête de rue et de quartier",
		"service minimum jeudi 7 mai":                          "service minimum jeu. 7 mai",
		"Le 1er mardi du mois":                                 "Le 1er mardi du mois",
		"Marché ce samedi":                                     "Marché ce samedi",
		"du lundi au samedi en raison du jeudi de l’Ascension": "du lun. au samedi en raison du jeudi de l’Ascension",
		"Samedi matin, mardi et vendredi":                      "Sam. matin, mar. et ven.",
		"Le numéro vert, le numéro 3":                          "Le numéro vert, le n° 3",
		"20 euros, les euros":                                  "20 €, les euros",
		"Danger : exposition à l’amiante":                      "Danger : exposition à l’amiante",
		"Exposition « Mer »":                                   "Expo « Mer »",
	} {
		if got := abbreviate(in, table); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// abbreviate applies a whole table.
func abbreviate(text string, table []Abbreviation) string {
	for _, a := range table {
		text = a.Apply(text)
	}
	return text
}

func TestAnAuthoritysAbbreviations(t *testing.T) {
	t.Parallel()
	table, err := Amended([]Abbreviation{{Full: "Cité administrative", Short: "cité adm.", Rank: 1}, {Full: "Avenue", Short: "ave", Rank: 1}, {Full: "rue", Short: "-", Rank: 1}})
	if err != nil {
		t.Fatal(err)
	}
	got := abbreviate("Cité administrative, avenue Foch, rue du Bac, boulevard Nord", table)
	if want := "Cité adm., ave Foch, rue du Bac, bd Nord"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConflictingAbbreviations(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		own     []Abbreviation
		at      int
		problem Problem
		with    string
	}{
		"a word twice":                    {[]Abbreviation{{Full: "Préau", Short: "pr."}, {Full: "kiosque", Short: "kq"}, {Full: "preau", Short: "pré."}}, 2, Twice, "Préau"},
		"a short form of two words":       {[]Abbreviation{{Full: "préau", Short: "pr."}, {Full: "prairie", Short: "pr."}}, 1, Ambiguous, "préau"},
		"a short form of a built-in word": {[]Abbreviation{{Full: "marché", Short: "mar."}}, 0, Ambiguous, "mardi"},
		"a chain":                         {[]Abbreviation{{Full: "présentoir", Short: "préau"}, {Full: "préau", Short: "pr."}}, 1, Chain, "présentoir"},
	} {
		_, err := Amended(tc.own)
		var found *Conflict
		if !errors.As(err, &found) || found.Own != tc.at || found.Problem != tc.problem || found.With.Full != tc.with {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABadTableIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	const head = "full,short,rank\n"
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", "EOF"},
		{"two columns", "a,b\n", "wrong number of fields"},
		{"no header", "mot,court,rang\n", "line 1: header"},
		{"no rank", head + "rue,r.,x\n", "line 2: rank"},
		{"rank 4", head + "rue,r.,4\n", "line 2: rank"},
		{"longer", "# c\n" + head + "rue,ruelle,1", `line 3: "ruelle" is not shorter`},
		{"no short form", head + "rue,,1\n", "line 2: a word and its shorter form"},
	} {
		if _, err := readTable(strings.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestAbbreviatedOnlyWhenNeeded(t *testing.T) {
	t.Parallel()
	c := Content{Title: "Stationnement interdit avenue Foch", When: "lundi 5 janvier"}
	roomy, err := Render(c, Profile{Rows: 4, Columns: 16, MaxPages: 2})
	if err != nil || len(roomy.Warnings) != 0 || !strings.Contains(roomy.Text(), "avenue") {
		t.Errorf("room enough: %+v, %v", roomy, err)
	}
	tight, err := Render(c, Profile{Rows: 4, Columns: 16, MaxPages: 1})
	if err != nil || len(tight.Pages) != 1 || len(tight.Warnings) != 0 {
		t.Errorf("4 rows hold it: %+v, %v", tight, err)
	}
	tighter, err := Render(c, Profile{Rows: 3, Columns: 16, MaxPages: 1})
	if err != nil || len(tighter.Warnings) == 0 || tighter.Warnings[0].Code != Abbreviated || strings.Contains(tighter.Text(), "Stationnt") && !strings.Contains(tighter.Warnings[0].Detail, "stationnement") {
		t.Errorf("got %+v, %v", tighter, err)
	}
	none, err := Render(c, Profile{Rows: 3, Columns: 16, MaxPages: 1, Abbreviations: []Abbreviation{}})
	if err != nil || none.Warnings[0].Code != Truncated {
		t.Errorf("an empty list allows none: %+v, %v", none, err)
	}
}

// FuzzAbbreviations: what an officer may write is refused, or is a table that
// shortens.
func FuzzAbbreviations(f *testing.F) {
	f.Add("Cité administrative", "cité adm.", "Cité administrative")
	f.Add("rue", "-", "rue")
	f.Add("\xff\xff", "\xff", "\xff")
	f.Fuzz(func(t *testing.T, full, short, text string) {
		if short == "" || utf8.RuneCountInString(short) >= utf8.RuneCountInString(full) {
			return // the registry refuses it
		}
		table, err := Amended([]Abbreviation{{full, short, 1}})
		if err != nil {
			return
		}
		for _, a := range table {
			if utf8.RuneCountInString(a.Short) >= utf8.RuneCountInString(a.Full) {
				t.Fatalf("%+v does not shorten", a)
			}
		}
		if short := abbreviate(text, table); utf8.RuneCountInString(short) > utf8.RuneCountInString(text) {
			t.Fatalf("%q became %q", text, short)
		}
	})
}
