package panel

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGlueKeepsTogether(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"à 20 h 30 place":            "à 20_h_30 place",
		"le 1er mai":                 "le 1er~mai",
		"au n° 5 bis":                "au n°_5_bis",
		"« Les amis » !":             "«_Les amis_»_!",
		"travaux : rue":              "travaux_: rue",
		"12 km, 3,5 t et 1 000 €":    "12_km, 3,5_t et 1_000_€",
		"2 000 000 d'euros, 50 %":    "2_000_000 d'euros, 50_%",
		"05 56 00 11 22":             "05~56~00~11~22",
		"M. Dupont, Mme Durand":      "M.~Dupont, Mme~Durand",
		"20\u202fh\u00a030":          "20_h_30",
		"«déjà» collé, 20h30":        "«déjà» collé, 20h30",
		"  deux\t espaces \r\n  fin": "deux espaces\nfin",
		"12 rue du 8 mai 1945":       "12 rue du 8~mai 1945",
	}
	for in, want := range cases {
		got := strings.NewReplacer(string(strongGlue), "_", string(weakGlue), "~").Replace(glue(in))
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, in string
		columns  int
		want     []string
	}{
		{"greedy", "la fête de la musique", 8, []string{"la fête", "de la", "musique"}},
		{"time together", "concert à 20 h 30", 12, []string{"concert à", "20 h 30"}},
		{"punctuation", "attention ! neige", 11, []string{"attention !", "neige"}},
		{"quotation", "le film « Ça » ici", 8, []string{"le film", "« Ça »", "ici"}},
		{"group longer than the line parts at weak glue", "le 14 septembre", 10, []string{"le 14", "septembre"}},
		{"syllables", "stationnement", 10, []string{"stationne-", "ment"}},
		{"inseparable", "intercommunalité", 9, []string{"intercom-", "munalité"}},
		{"at its own hyphen", "Saint-Germain-en-Laye", 15, []string{"Saint-Germain-", "en-Laye"}},
		{"address without hyphen", "www.mairie.fr/agenda", 12, []string{"www.mairie.", "fr/agenda"}},
		{"nothing pronounceable", "xxxxxxxxxxxx", 5, []string{"xxxx-", "xxxx-", "xxxx"}},
		{"a range of hours together", "lundi 4 mai, 9 h – 17 h", 16, []string{"lundi 4 mai,", "9 h – 17 h"}},
		{"a range longer than the line", "mardi, 8 h 30 – 12 h 30", 12, []string{"mardi,", "8 h 30 –", "12 h 30"}},
		{"opening hours part between times", "8 h 30-12 h/13 h 30-18 h", 16, []string{"8 h 30-12 h/", "13 h 30-18 h"}},
		{"then between hours", "8 h 30-12 h 30", 10, []string{"8 h 30-", "12 h 30"}},
		{"hours before a hyphen", "sam. : 9 h-18 h", 10, []string{"sam. :", "9 h-18 h"}},
		{"a number is not parted", "coût : 1 500 000 €", 9, []string{"coût :", "1 500 000", "€"}},
		{"a sign closes up", "coût : 1 500 000 €", 10, []string{"coût :", "1 500 000€"}},
		{"quotation marks close up", "Spectacle « L’Avare »", 10, []string{"Spectacle", "«L’Avare»"}},
		{"no line is a sign alone", "Inondation : évacuation", 10, []string{"Inondation", "évacuation"}},
		{"a sign behind a parted word", "restriction : eau", 10, []string{"restric-", "tion : eau"}},
		{"a word that the sign lacks", "Réunion ???????", 10, []string{"Réunion", "???????"}},
		{"nor a dash", "vigilance crues – Garonne", 9, []string{"vigilance", "crues –", "Garonne"}},
		{"a dash gives way to the line's end", "vigilance – Garonne", 9, []string{"vigilance", "Garonne"}},
		{"an abbreviation with its name", "de 8 h à 12 h r. Pasteur", 13, []string{"de 8 h à 12 h", "r. Pasteur"}},
		{"a telephone number as it is dialled", "au +33 5 57 93 63 63.", 16, []string{"au", "05 57 93 63 63."}},
		{"no line begins by a sign", "avec Noémie Lefebvre ;\nle soir", 16, []string{"avec Noémie", "Lefebvre ;", "le soir"}},
		{"an address has no hyphens to the end", "www.saint-medard.fr/debroussaillement?utm=mail&id=12", 14, []string{"www.saint-", "medard.fr/", "debroussaillem", "ent?utm=mail&", "id=12"}},
		{"three letters at least behind a hyphen", "retransmise", 10, []string{"retrans-", "mise"}},
		{"letters and year of a hashtag", "(#NDLL2026)", 10, []string{"(#NDLL", "2026)"}},
		{"one column", "ab c", 1, []string{"a", "b", "c"}},
		{"paragraphs", "a\nb", 10, []string{"a", "b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := wrap(glue(c.in), c.columns); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAWordThatFitsIsNeverSplit: on any width, over the corpus' words and worse.
func TestAWordThatFitsIsNeverSplit(t *testing.T) {
	t.Parallel()
	texts := []string{
		"Coupure d'électricité mercredi 3 décembre de 8 h à 12 h 30, avenue du Maréchal-Leclerc et rue de l'Abbé-de-l'Épée.",
		"Fête de la musique : scène ouverte place Saint-Pierre ! « Venez nombreux » (entrée libre), tél. 05 56 00 00 00",
		"Stationnement interdit boulevard Georges-Pompidou à compter du 1er janvier 2027 ; renseignements n° 12, 100 € d'amende",
	}
	for _, text := range texts {
		words := strings.Fields(strings.Map(letters, text))
		for columns := 1; columns <= 48; columns++ {
			lines := wrap(glue(text), columns)
			on := strings.Fields(strings.Map(letters, strings.Join(lines, " ")))
			for _, line := range lines {
				if n := utf8.RuneCountInString(line); n > columns {
					t.Fatalf("%d columns: %q has %d", columns, line, n)
				}
			}
			for _, w := range words {
				if utf8.RuneCountInString(w) <= columns && !slices.Contains(on, w) {
					t.Errorf("%d columns: %q is split in %q", columns, w, lines)
				}
			}
		}
	}
}

// letters leaves out the signs that close up, or give way to a line's end.
func letters(r rune) rune {
	if strings.ContainsRune("«»:;?!–—%€", r) {
		return -1
	}
	return r
}

func TestTheTitleIsTheLastToGo(t *testing.T) {
	t.Parallel()
	r, err := Render(Content{
		Title: "Passage du bibliobus", When: "lundi 4 mai, 7 h – 15 h", Place: "place Foch", Text: "Il passe ce matin.",
	}, Profile{Rows: 2, Columns: 16, MaxPages: 1})
	if err != nil || len(r.Pages) != 1 || !strings.Contains(r.Text(), "bibliobus") {
		t.Errorf("got %q, %v", r.Text(), err)
	}
}

// TestNoHalfWords: the last word of what is cut is written in full.
func TestNoHalfWords(t *testing.T) {
	t.Parallel()
	shape := Profile{Rows: 3, Columns: 18, MaxPages: 2, Charset: ASCII, Capitals: true}
	for _, c := range []struct {
		content Content
		want    string
	}{
		{
			Content{Title: "Battue administrative aux sangliers : accès interdit à la forêt du Bourgailh", When: "dimanche 10 mai, 7 h – 13 h"},
			"BATTUE\nADMINISTRATIVE AUX\nSANGLIERS : ACCES\n\nINTERDIT...\nDIM. 10 MAI,\n7 H - 13 H\n",
		},
		{
			Content{Title: "Festival d’octobre en ville", When: "du jeudi 1er octobre à 18 h au dimanche 4 octobre à 2 h", Place: "Campus, esplanade des Antilles"},
			"FESTIVAL D'OCT. EN\nVILLE\nDU JEU. 1ER OCT. A\n\n18 H AU DIM.\n4 OCT. A 2 H\nCAMPUS...\n",
		},
		{
			Content{Title: "Bibliothèque : horaires d’été", When: "du lundi 6 juillet au samedi 29 août", Place: "Médiathèque", Text: "Mardi, mercredi et samedi, 10 h-13 h."},
			"BIBLIO. : HORAIRES\nD'ETE\nDU LUN. 6 JUIL. AU\n\nSAM. 29 AOUT\nMEDIATH.\nMARDI...\n",
		},
	} {
		r, err := Render(c.content, shape)
		if err != nil || r.Text() != c.want {
			t.Errorf("got %q, %v", r.Text(), err)
		}
	}
}

func TestCharsetFold(t *testing.T) {
	t.Parallel()
	c := Content{Title: "Œuvres à l’Église : « été » 🎉 محمد"}
	cases := []struct {
		charset  Charset
		capitals bool
		want     string
		codes    []Code
	}{
		{AnyCharset, true, "ŒUVRES À L’ÉGLISE : « ÉTÉ » ????", []Code{Unprintable, Removed}},
		{ASCII, true, `OEUVRES A L'EGLISE : "ETE" ????`, []Code{Folded, Unprintable, Removed}},
		{ASCII, false, `OEuvres a l'Eglise : "ete" ????`, []Code{Folded, Unprintable, Removed}},
		{Latin1, true, "OEUVRES À L'ÉGLISE : « ÉTÉ » ????", []Code{Folded, Unprintable, Removed}},
		{Latin9, true, "ŒUVRES À L'ÉGLISE : « ÉTÉ » ????", []Code{Unprintable, Removed}},
		{CodePage437, true, "OEUVRES A L'ÉGLISE : « ÉTÉ » ????", []Code{Folded, Unprintable, Removed}},
	}
	for _, k := range cases {
		r, err := Render(c, Profile{Rows: 1, Columns: 60, Charset: k.charset, Capitals: k.capitals})
		if err != nil {
			t.Fatal(err)
		}
		var codes []Code
		for _, w := range r.Warnings {
			codes = append(codes, w.Code)
		}
		if got := r.Pages[0].Lines[0]; got != k.want || !slices.Equal(codes, k.codes) {
			t.Errorf("%s: got %q %v, want %q %v", k.charset, got, codes, k.want, k.codes)
		}
	}
}

func TestCapitalsOfWhatIsSpelled(t *testing.T) {
	t.Parallel()
	r, err := Render(Content{Title: "n° vert, Vᵉ et place de la Ve-République, https://www.saint-medard.fr/Agenda"}, Profile{Rows: 1, Columns: 80, Charset: ASCII, Capitals: true})
	if want := "NO VERT, Ve ET PLACE DE LA Ve-REPUBLIQUE, saint-medard.fr/Agenda"; err != nil || r.Pages[0].Lines[0] != want {
		t.Errorf("got %q, %v", r.Text(), err)
	}
}

// TestEmojiLeaveNoHoles: what stood around them is written as without.
func TestEmojiLeaveNoHoles(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Fête de la musique 🎶 : concerts":         "Fête de la musique : concerts",
		"Rue Foch 🚧 fermée 👷‍♀️.":                 "Rue Foch fermée.",
		"⚠️ Vigilance ROUGE ⚠️ Évacuez les quais": "Vigilance ROUGE - Évacuez les quais",
		"🚧🚗 Travaux 🚧":                            "Travaux",
		"Fini. 🎉 Merci":                           "Fini. Merci",
	} {
		r, err := Render(Content{Title: in}, Profile{Rows: 1, Columns: 40})
		if err != nil || r.Text() != want+"\n" || r.Warnings[len(r.Warnings)-1].Code != Removed {
			t.Errorf("%q: got %q, %+v, %v", in, r.Text(), r.Warnings, err)
		}
	}
}

// A text of any size costs little: it is cut before it is laid out, and said so.
func TestFarTooLong(t *testing.T) {
	t.Parallel()
	c := Content{Title: "Avis", Text: strings.Repeat("Rue Foch, n° 5. ", 50_000)}
	r, err := Render(c, Profile{Rows: 4, Columns: 16})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Warnings[len(r.Warnings)-1]
	if len(r.Pages) != 5 || last.Code != Truncated || last.Detail != "text" {
		t.Errorf("%d pages, %+v", len(r.Pages), r.Warnings)
	}
}

// TestNoPageForOneRow: of what is said, if shorter words or the row before it help.
func TestNoPageForOneRow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Une vive activité électrique intense.": "Une vive|activité/électrique|intense.",
		"Reprise mercredi 9 décembre à 20 h":    "Reprise|mercredi 9 déc.|à 20 h",
	} {
		r, err := Render(Content{Text: text}, Profile{Rows: 3, Columns: 15})
		if err != nil {
			t.Fatal(err)
		}
		var pages []string
		for _, p := range r.Pages {
			pages = append(pages, strings.Join(p.Lines, "|"))
		}
		if got := strings.Join(pages, "/"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRoadSignThreeUnitsSevenWords(t *testing.T) {
	t.Parallel()
	p := Profile{Rows: 3, Columns: 20, Capitals: true, RoadMode: RoadRefuse}
	if r, err := Render(Content{Title: "Accident A10", Place: "à 500 m", Text: "Prudence", Link: "a.fr"}, p); err != nil || len(r.Warnings) != 1 || r.Warnings[0].Code != LinkLeft {
		t.Errorf("3 units and 5 words are allowed: %+v, %v", r, err)
	}
	long := Content{Title: "Accident sur l'autoroute", Place: "à 500 m", Text: "Prudence. Ralentir ici"}
	if _, err := Render(long, p); !errors.Is(err, ErrRoadLimit) {
		t.Errorf("got %v", err)
	}
	p.RoadMode = RoadWarn
	r, err := Render(long, p)
	if err != nil || r.Warnings[0].Code != RoadLimit || r.Warnings[0].Detail != "4 units of information (at most 3), 8 words (at most 7)" {
		t.Errorf("got %+v, %v", r, err)
	}
	if got := strings.Join(r.Pages[0].Lines, " / "); got != "ACCIDENT SUR / L'AUTOROUTE / À 500 M" {
		t.Errorf("drivers read %q", got)
	}
	for name, tc := range map[string]struct {
		content Content
		want    string
	}{
		"a long title is cut": {
			Content{Title: "Fermeture du pont d'Aquitaine dans les deux sens pour travaux", Place: "à 500 m"}, "FERMETURE DU PONT D'AQUITAINE… À 500 M",
		},
		"what happens goes before the time": {
			Content{Title: "Route barrée RD 1010", When: "du lundi 4 au mercredi 6 mai", ShortWhen: "04 au 06/05", Place: "RD 1010, PR 12+300 à 14+100"}, "ROUTE BARRÉE RD 1010 04 AU 06/05",
		},
		"what happens goes before the place": {
			Content{Title: "Vigilance rouge canicule", When: "du mercredi 1er juillet à 12 h au samedi 4 juillet", ShortWhen: "01/07 12h au 04/07", Place: "Gironde, Landes, Dordogne, Lot-et-Garonne et Pyrénées-Atlantiques"}, "VIGILANCE ROUGE CANICULE 01/07 12H AU 04/07",
		},
		"a title of seven words is whole": {
			Content{Title: "Inondation : évacuation immédiate du quartier des Échoppes", Place: "Quartier des Échoppes : rues du Pin, des Tilleuls"}, "INONDATION : ÉVACUATION IMMÉDIATE DU QUARTIER DES ÉCHOPPES",
		},
		"a place alone is too long": {
			Content{Title: "Accident", Place: "Rocade A630 entre la sortie 12 et la sortie 14 dans le sens intérieur"}, "ACCIDENT ROCADE A630…",
		},
		"a closure stays": {
			Content{Title: "Déchèterie fermée le lundi 25 mai", Place: "Déchèterie de Pessac, ZA de Bersol"}, "DÉCHÈTERIE FERMÉE LE LUNDI 25 MAI",
		},
	} {
		p := Profile{Rows: 6, Columns: 24, Capitals: true, RoadMode: RoadWarn}
		r, err := Render(tc.content, p)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(r.Text()), " ")
		if got != tc.want || roadWords(glue(got)) > maxRoadWords {
			t.Errorf("%s: drivers read %q, want %q", name, got, tc.want)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	ok := Profile{Rows: 8, Columns: 16}
	cases := map[string]func(*Profile){
		"rows, columns":     func(p *Profile) { p.Rows = 0 },
		"rows":              func(p *Profile) { p.Rows = -1 },
		"widthPx, heightPx": func(p *Profile) { p.WidthPx, p.HeightPx = 64, 4 },
		"font":              func(p *Profile) { p.Font = "comic" },
		"charset":           func(p *Profile) { p.Charset = "ebcdic" },
		"align":             func(p *Profile) { p.Align = "right" },
		"colours[1]":        func(p *Profile) { p.Colours = []string{"#ffffff", "red"} },
		"pageSeconds":       func(p *Profile) { p.PageSeconds = -1 },
		"maxPages":          func(p *Profile) { p.MaxPages = -1 },
		"quietHours[0]":     func(p *Profile) { p.QuietHours = []Quiet{{"22h", "6h"}} },
		"roadMode":          func(p *Profile) { p.RoadMode = "yes" },
	}
	if err := ok.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range cases {
		p := ok
		spoil(&p)
		if err := p.Validate(); !errors.Is(err, ErrProfile) || !strings.Contains(err.Error(), ": "+field+": ") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestDark(t *testing.T) {
	t.Parallel()
	p := Profile{QuietHours: []Quiet{{"23:00", "06:00"}, {"12:00", "12:30"}}}
	for clock, want := range map[string]bool{"22:59": false, "23:00": true, "05:59": true, "06:00": false, "12:15": true, "12:30": false} {
		at, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Dark(at); got != want {
			t.Errorf("%s: %v", clock, got)
		}
	}
}

// Every letter of French, and what signs write with it, is in both fonts.
// TestNextQuietIsWhereDarkChanges: minute by minute over a year, the two changes
// of the clock included.
func TestNextQuietIsWhereDarkChanges(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	p := Profile{QuietHours: []Quiet{{From: "22:00", To: "06:00"}, {From: "02:30", To: "02:45"}, {From: "12:00", To: "12:30"}}}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	next, dark := p.NextQuiet(at.In(paris)), p.Dark(at.In(paris))
	for ; at.Year() == 2026; at = at.Add(time.Minute) {
		local := at.In(paris)
		if !at.Before(next) {
			next, dark = p.NextQuiet(local), p.Dark(local)
		}
		if p.Dark(local) != dark {
			t.Fatalf("%s: dark %t, announced only for %s", local, !dark, next)
		}
	}
	if next := (Profile{}).NextQuiet(at); !next.IsZero() {
		t.Errorf("without quiet hours: %s", next)
	}
}

func TestFontsHaveFrench(t *testing.T) {
	t.Parallel()
	const french = "ABCDEFGHIJKLMNOPQRSTUVWXYZÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ" +
		"abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæ0123456789 .,;:!?'\"«»()/+-*=%&@#€°²³’…_<>"
	for _, name := range []string{SmallFont, LargeFont} {
		f, err := LookupFont(name)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]rune{}
		for _, r := range french {
			if !f.Has(r) {
				t.Errorf("%s has no %q", name, r)
				continue
			}
			var b strings.Builder
			w, h := f.Cell()
			for y := range h {
				for x := range w {
					b.WriteByte(map[bool]byte{true: '#', false: '.'}[f.Lit(r, x, y)])
				}
			}
			if other, same := seen[b.String()]; same {
				t.Errorf("%s: %q looks like %q", name, r, other)
			}
			seen[b.String()] = r
		}
	}
}

func TestReadFontErrors(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                "are needed",
		"cell 0 8":                        "line 1",
		"name x\nglyph A":                 "line 2",
		"name x\ncell 3 1\nglyph AB":      "line 3",
		"name x\ncell 3 1\nglyph A\n####": "line 4",
		"name x\ncell 3 2\nglyph A\n###":  "are needed",
		"name x\ncell 3 1\nglyph A\n#\nglyph A\n#": "twice",
	} {
		if _, err := ReadFont(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Fête « de la musique »", "samedi 20 juin, 20 h 30", "place de l’Église", "Venez. Buvette n° 5 !", "https://a.fr/b", uint8(4), uint8(16), uint8(3), uint8(0))
	f.Add("anticonstitutionnellement", "", "", strings.Repeat("mot. ", 200), "", uint8(2), uint8(7), uint8(1), uint8(1))
	f.Add("\xff😀محمد", "1 000 000 €", "a\u202fb", "\n\n", "x", uint8(1), uint8(1), uint8(1), uint8(2))
	f.Add("Travaux boulevard du Général-de-Gaulle", "lundi 4 mai, 9 h – 17 h", "Boulevard du Général-de-Gaulle", "Une déviation est en place. Merci.", "", uint8(9), uint8(31), uint8(4), uint8(32))
	f.Add("Marché", "", strings.Repeat("place du marché ", 90), strings.Repeat("mot. ", 200), "", uint8(0), uint8(7), uint8(0), uint8(32))
	charsets := []Charset{AnyCharset, ASCII, Latin1, Latin9, Windows1252, CodePage437, CodePage850}
	f.Fuzz(func(t *testing.T, title, when, place, text, link string, rows, columns, pages, flags uint8) {
		c := Content{Title: title, When: when, Place: place, Text: text, Link: link}
		p := Profile{Rows: 1 + int(rows%12), Columns: 1 + int(columns%40), MaxPages: 1 + int(pages%6), Capitals: flags&1 > 0, Charset: charsets[int(flags>>1)%len(charsets)]}
		if flags&32 > 0 {
			p.Kiosk, p.Rows, p.Columns = true, minKioskRows+int(rows%12), minKioskColumns+int(columns%40)
		}
		r, err := Render(c, p)
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, r, p)
		if again, _ := Render(c, p); !reflect.DeepEqual(r, again) {
			t.Fatal("not deterministic")
		}
		if !utf8.ValidString(r.Text()) {
			t.Fatal("invalid UTF-8")
		}
		for _, page := range r.Pages {
			if _, err := Bitmap(page, p); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzForDrivers: whatever is said, drivers read no more than they can.
func FuzzForDrivers(f *testing.F) {
	f.Add("Route barrée RD 1010", "du 4 au 6 mai", "04 au 06/05", "RD 1010, PR 12+300 à 14+100", "Élagage.")
	f.Add("( - « a b c d e f g h i", "", "", "…", "a. B. C")
	f.Fuzz(func(t *testing.T, title, when, shortWhen, place, text string) {
		s, err := Profile{Rows: 4, Columns: 21}.resolve()
		if err != nil {
			t.Fatal(err)
		}
		d := s.draft(Content{Title: title, When: when, ShortWhen: shortWhen, Place: place, Text: text})
		if d = d.forDrivers(); d.tooMuch() {
			units, words := d.load()
			t.Fatalf("%d units, %d words: %q", units, words, d)
		}
	})
}

// FuzzWrap checks that the words come out in order and that only words longer
// than a line are cut.
// spelled tells how many pieces spell a word; each but the last may end with a
// hyphen that is not the word's.
func spelled(word string, pieces []string) (used int, ok bool) {
	if word == "" || len(pieces) == 0 {
		return 0, word == ""
	}
	for _, p := range []string{pieces[0], strings.TrimSuffix(pieces[0], "-")} {
		tail, begins := strings.CutPrefix(word, p)
		if n, rest := spelled(tail, pieces[1:]); begins && p != "" && rest {
			return n + 1, true
		}
	}
	return 0, false
}

var hoursApart = regexp.MustCompile(`\d[-–]\d`)

func FuzzWrap(f *testing.F) {
	f.Add("ouvert 8 h 30-12 h", uint8(9))
	f.Add("00000h 00-0", uint8(9))
	f.Add("la fête « de » 20 h 30 anticonstitutionnellement", uint8(9))
	f.Add("www.mairie-tres-longue.fr/agenda a", uint8(5))
	f.Fuzz(func(t *testing.T, text string, width uint8) {
		columns := 1 + int(width%40)
		var log shown
		s, err := Profile{Rows: 1, Columns: columns}.resolve()
		if err != nil {
			t.Fatal(err)
		}
		text = s.spell(glue(strings.ToValidUTF8(text, "")), &log)
		lines := wrap(text, columns)
		var pieces []string
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > columns {
				t.Fatalf("%q: %d columns of %d", l, n, columns)
			}
			pieces = append(pieces, strings.Fields(strings.Map(letters, l))...)
		}
		for _, whole := range strings.Fields(text) {
			word := strings.Map(letters, whole)
			if word == "" {
				continue
			}
			if len(pieces) == 0 {
				t.Fatalf("%q is lost", word)
			}
			if pieces[0] == word {
				pieces = pieces[1:]
				continue
			}
			// Hours part at their dash: "8 h 30-" and "12 h".
			if utf8.RuneCountInString(whole) <= columns && !hoursApart.MatchString(whole) {
				t.Fatalf("%q fits %d columns and became %q in %q", word, columns, pieces[0], lines)
			}
			used, ok := spelled(word, pieces)
			if !ok {
				t.Fatalf("%q became %q", word, pieces)
			}
			pieces = pieces[used:]
		}
	})
}
