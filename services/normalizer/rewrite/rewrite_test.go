package rewrite_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/normalizer/rewrite"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	base := rewrite.Base("https://ville.fr/actu/1")
	for name, c := range map[string]struct{ in, html, text string }{
		"text":            {"Bonjour\nà tous.\n\nÀ demain", "<p>Bonjour<br>à tous.</p><p>À demain</p>", "Bonjour\nà tous.\n\nÀ demain"},
		"divs":            {"<div>un</div><div>deux</div>", "<p>un</p><p>deux</p>", "un\n\ndeux"},
		"unclosed":        {"<p>un<p><b>deux<i>trois", "<p>un</p><p><strong>deux<em>trois</em></strong></p>", "un\n\ndeuxtrois"},
		"stray close":     {"</div>un</b></table>", "<p>un</p>", "un"},
		"list":            {"<ol><li>a<li>b</ol>", "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"},
		"orphan item":     {"<li>a</li><li>b</li>", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"},
		"nested list":     {"<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n\n- c"},
		"table":           {"<table><tr><td>Lundi<td>9h</tr><tr><td>Mardi<td>10h</table>", "<table><tr><td>Lundi</td><td>9h</td></tr><tr><td>Mardi</td><td>10h</td></tr></table>", "Lundi | 9h\nMardi | 10h"},
		"script":          {"a<script>alert('<b>')</script>b", "<p>ab</p>", "ab"},
		"handlers":        {`<p onclick="x()" style="y">a</p>`, "<p>a</p>", "a"},
		"javascript":      {`<a href="java&#10;script:alert(1)">a</a>`, "<p>a</p>", "a"},
		"relative link":   {`<a href="../2?utm_source=x&a=1">a</a>`, `<p><a href="https://ville.fr/2?a=1" rel="nofollow noreferrer">a</a></p>`, "a"},
		"password":        {`<a href="https://u:p@ville.fr/">a</a>`, `<p><a href="https://ville.fr/" rel="nofollow noreferrer">a</a></p>`, "a"},
		"pixel":           {`a<img src="https://t.fr/p.gif" width="1" height="1">`, "<p>a</p>", "a"},
		"headings":        {"<h1>T</h1>x", "<h3>T</h3><p>x</p>", "T\n\nx"},
		"quotes in attr":  {`<img src="https://a.fr/i.png" alt='"><script>'>`, `<p><img src="https://a.fr/i.png" alt="&#34;&gt;&lt;script&gt;"></p>`, ""},
		"escaped twice":   {"&lt;p&gt;caf&amp;eacute;&lt;/p&gt;", "<p>café</p>", "café"},
		"literal less":    {"5 < 6 & 7", "<p>5 &lt; 6 &amp; 7</p>", "5 < 6 & 7"},
		"entity":          {"a &amp;lt;b&amp;gt; c", "<p>a &amp;lt;b&amp;gt; c</p>", "a &lt;b&gt; c"},
		"empty paragraph": {"<p>a</p><p>&nbsp;</p><p>b</p>", "", "a\n\nb"},
		"comment":         {"a<!-- <b>x</b> -->b", "<p>ab</p>", "ab"},
		"bidi and NUL":    {"a\u202eb\x00c\u200bd", "<p>abcd</p>", "abcd"},
		"lone surrogate":  {"a\xed\xa0\x80b", "<p>a\ufffdb</p>", "a\ufffdb"},
		"br":              {"a<br>b<br/><br/>c", "<p>a<br>b<br><br>c</p>", "a\nb\nc"},
		"Drupal": {
			`<span>Titre</span> <span><span about="/user/3" typeof="schema:Person">webmaster</span></span> <span><time datetime="2026-11-23T10:00:00+01:00">lun 23/11/2026 - 10:00</time></span> <div class="field field--name-body"><p>Texte.</p></div>`,
			"<p>Titre </p><p>Texte.</p>", "Titre\n\nTexte.",
		},
		"Drupal 8": {
			`<span class="field field--name-uid"><a title="Voir le profil." href="/user/1" lang="" typeof="schema:Person" property="schema:name" class="username">admin</a></span>
<span class="field field--name-created">lun 23/11/2026 - 10:00</span><div><p>Texte, <span>le 5 mai</span>.</p></div>`,
			"<p>Texte, le 5 mai.</p>", "Texte, le 5 mai.",
		},
		"nothing": {" <p> </p> ", "", ""},
	} {
		b := rewrite.HTML(c.in, base)
		if c.html != "" && b.HTML != c.html {
			t.Errorf("%s: HTML %q, want %q", name, b.HTML, c.html)
		}
		if b.Text != c.text {
			t.Errorf("%s: text %q, want %q", name, b.Text, c.text)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	big := "<p>" + strings.Repeat("Une phrase de la mairie. <b>Gras</b> ", 2_000_000/36) + "</p>"
	deep := strings.Repeat("<blockquote><ul><li>", 30_000) + "fond"
	for name, in := range map[string]string{
		"50 MB": strings.Repeat("é ", 25_000_000), "long": big, "deep": deep, "open": strings.Repeat("<", 1_000_000),
		"attributes": "<p " + strings.Repeat("a=1 ", 100_000) + ">x</p>", "entities": strings.Repeat("&amp;amp;", 100_000),
	} {
		b := rewrite.HTML(in, nil)
		if n := utf8.RuneCountInString(b.Text); n > rewrite.MaxText+len(rewrite.CutMark) {
			t.Errorf("%s: %d runes of text", name, n)
		}
		if len(b.HTML) > rewrite.MaxHTMLBytes*2 {
			t.Errorf("%s: %d bytes of HTML", name, len(b.HTML))
		}
		if !utf8.ValidString(b.Text) || !utf8.ValidString(b.HTML) {
			t.Errorf("%s: not UTF-8", name)
		}
		if name == "long" && (!b.Cut || !strings.HasSuffix(b.Text, "."+rewrite.CutMark)) {
			t.Errorf("long: cut %v, ends with %q", b.Cut, b.Text[len(b.Text)-30:])
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Travaux | Ville de Bègles":                 "Travaux",
		"Fête - Actualités - Bègles":                "Fête",
		"Bordeaux - Bègles : une navette":           "Bordeaux - Bègles : une navette",
		"Vœux - Ville de Saint-Aubin":               "Vœux",
		"Travaux - Ville de Talence":                "Travaux - Ville de Talence",
		"Covid-19 - point":                          "Covid-19 - point",
		"R&amp;eacute;union &amp;amp; débat":        "Réunion & débat",
		"L&#8217;été <em>arrive</em>\n au  parc":    "L’été arrive au parc",
		"Prix : 5\u00a0€":                           "Prix : 5\u00a0€",
		strings.Repeat("mot ", 200):                 strings.Repeat("mot ", 73) + "mot…",
		"Site officiel | Site officiel de la Ville": "Site officiel",
	} {
		if got := rewrite.Title(in, "Bègles", "Mairie de Saint-Aubin"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"M. le maire reçoit. Venez !\n\nPlan":                   "M. le maire reçoit. Venez !",
		"Rendez-vous à 9 h. 30 places.\n- un\n- deux":           "Rendez-vous à 9 h. 30 places.",
		"Sans fin de phrase":                                    "Sans fin de phrase",
		"- un\n- deux":                                          "un ; deux",
		strings.Repeat("long ", 100):                            strings.TrimSpace(strings.Repeat("long ", 59)) + "…",
		"Une. " + strings.Repeat("X", 400) + " fin.":            "Une.",
		"Le « 1er. » sera là. art. 5 du code, n° 3. Suite ici.": "Le « 1er. » sera là. art. 5 du code, n° 3. Suite ici.",
	} {
		if got := rewrite.Summary(in); got != want {
			t.Errorf("%.60q: %q, want %q", in, got, want)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>a", "<table><li><td>", "&lt;p&gt;&amp;eacute;", "<svg><p>", "\xff<a href=//x>", "<ul><ol></ul></li><tr>"} {
		f.Add(s)
	}
	base := rewrite.Base("https://ville.fr/")
	f.Fuzz(func(t *testing.T, s string) {
		b := rewrite.HTML(s, base)
		if !utf8.ValidString(b.Text) || !utf8.ValidString(b.HTML) || strings.ContainsRune(b.Text, 0) {
			t.Fatalf("%q: not clean", s)
		}
		if again := rewrite.HTML(s, base); again != b {
			t.Fatalf("%q: not the same twice", s)
		}
		low := strings.ToLower(b.HTML)
		if strings.Contains(low, "<script") || strings.Contains(low, "javascript:") && strings.Contains(low, `href="javascript`) {
			t.Fatalf("%q: %q", s, b.HTML)
		}
		if strings.Count(b.HTML, "<p>") != strings.Count(b.HTML, "</p>") || strings.Count(b.HTML, "<ul>") != strings.Count(b.HTML, "</ul>") {
			t.Fatalf("%q: not well-formed: %q", s, b.HTML)
		}
		rewrite.Title(s, "x")
		rewrite.Summary(s)
	})
}

func TestWhatProgramsAdd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, text string }{
		"WordPress":        {`<p>Un texte.</p><p>L’article <a href="x">Travaux</a> est apparu en premier sur <a href="y">Ville</a>.</p>`, "Un texte."},
		"in English":       {"<p>Un texte.</p>\n<p>The post <a href='x'>T</a> appeared first on <a href='y'>V</a>.</p>", "Un texte."},
		"the rest":         {`<p>Un texte qui… <a class="more" href="x">Lire la suite →</a></p>`, "Un texte qui…"},
		"the rest, plain":  {"Un texte. Lire la suite...", "Un texte."},
		"cut":              {"Après 5 ans&nbsp;(...)", "Après 5 ans…"},
		"cut by WordPress": {"<p>Après 5 ans [&hellip;]</p>", "Après 5 ans…"},
		"only that":        {"Lire la suite", "Lire la suite"},
		"a link to share":  {`<p>Un texte.</p><p><a target="_blank" href="https://www.facebook.com/sharer/sharer.php?u=x">Partager sur Facebook</a></p>`, "Un texte."},
		"a page shared":    {`<p>Suivez-nous sur <a href="https://www.facebook.com/begles">Facebook</a></p>`, "Suivez-nous sur Facebook"},
		"a file's button":  {`<div class="wp-block-file"><a href="https://x.example/a.pdf">arrêté</a><a href="https://x.example/a.pdf" class="wp-block-file__button" download>Télécharger</a></div>`, "arrêté"},
		"a telephone":      {"Inscription au [05 56 00 00 00](tel:0556000000)", "Inscription au 05 56 00 00 00"},
		"the rest, named":  {`<p>Un texte. <a class="more-link" href="x">Continuer la lecture<span class="screen-reader-text"> de « Vœux du maire »</span></a></p>`, "Un texte."},
		"the rest, told":   {"<p>Un texte. <a href='x'>Continuer la lecture de <span>« Vœux du maire »</span></a></p>", "Un texte."},
		"a page builder":   {`[vc_row css=&#8221;.a{margin:0}&#8221;][vc_column width="1/2"][vc_column_text]<p>La déchèterie [sic] ferme.</p>[/vc_column_text][/vc_column][/vc_row]`, "La déchèterie [sic] ferme."},
		"a gallery":        {`Photos [gallery ids="1,2"] [caption id="a" align="left"]<img src="https://a.fr/x.jpg"> Le pont[/caption] [à lire]`, "Photos Le pont [à lire]"},
		"buttons to share": {`<p>Un texte.</p><div class="sharedaddy sd-sharing-enabled"><div class="robots-nocontent"><h3>Partager :</h3><ul><li><a>Cliquez pour partager</a></li></ul></div></div><div id='jp-relatedposts' class='jp-relatedposts'><h3><em>Articles similaires</em></h3></div><p>Fin.</p>`, "Un texte.\n\nFin."},
		"SPIP":             {"<p>Un texte.</p>\n-\n<a href='x' rel='directory'>Actualités</a>\n\n/ \n<a href='y' rel='tag'>eau</a>, <a href='z' rel='tag'>gaz</a>", "Un texte."},
		"Markdown":         {"## Le programme\n\nVoir [le **site**](https://a.fr/x) et _venir_ :\n* un\n* deux\n\nPrix 2*3*4", "Le programme\n\nVoir le site et venir :\n\n- un\n- deux\n\nPrix 2*3*4"},
		"dashes":           {"Au menu :\n- soupe\n- pain", "Au menu :\n\n- soupe\n- pain"},
		"no-break":         {"à\u00a0l'adresse\u00a0: 10\u00a0000\u00a0€ la\u00a0\u00a0salle", "à l'adresse\u00a0: 10\u00a0000\u00a0€ la salle"},
	} {
		if got := rewrite.HTML(c.in, nil).Text; got != c.text {
			t.Errorf("%s: %q, want %q", name, got, c.text)
		}
	}
}

func TestPictureThatComesLate(t *testing.T) {
	t.Parallel()
	b := rewrite.HTML(`<img src="data:image/gif;base64,R0lGOD" data-src="https://ville.fr/a.jpg" alt="Le pont"><noscript><img src="https://ville.fr/a.jpg"></noscript>`, nil)
	if b.Image != "https://ville.fr/a.jpg" || b.Alt != "Le pont" {
		t.Errorf("%+v", b)
	}
}

func TestTitleSaidTwice(t *testing.T) {
	t.Parallel()
	b := rewrite.HTML("<h2>Travaux rue Pasteur</h2><p>Du lundi au jeudi.</p>", nil)
	if got := rewrite.WithoutTitle(b.Text, "Travaux, rue Pasteur"); got != "Du lundi au jeudi." {
		t.Errorf("text %q", got)
	}
	if got := rewrite.WithoutHeading(b.HTML, "Travaux, rue Pasteur"); got != "<p>Du lundi au jeudi.</p>" {
		t.Errorf("HTML %q", got)
	}
	if got := rewrite.WithoutHeading(b.HTML, "Travaux"); got != b.HTML {
		t.Errorf("another title: %q", got)
	}
}
