package feed

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

const two = `<?xml version="1.0"?><rss version="2.0"><channel><title>Mairie</title><link>https://mairie.example/</link>
<item><guid>1</guid><title>Coupure d'eau</title><link>/eau</link><pubDate>Mon, 23 Nov 2026 08:00:00 +0100</pubDate></item>
<item><guid>2</guid><title>Marché</title><description>&lt;p&gt;Place&lt;/p&gt;</description></item></channel></rss>`

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Document: []byte(two), ContentType: "application/rss+xml",
		Settings: "token: ${X}",
		Latin1:   []byte("<rss version='2.0'><channel><item><title>Horaires d'\xe9t\xe9</title></item></channel></rss>"),
		Twice:    []byte("<rss version='2.0'><channel><item><guid>1</guid><title>Un</title></item><item><guid>1</guid><title>Deux</title></item></channel></rss>"),
	})
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func one(t *testing.T, doc string) record.Entry {
	t.Helper()
	records, err := Parse([]byte(doc), Options{URL: "https://mairie.example/flux", Zone: paris(t)})
	if err == nil && len(records) == 2 && errors.Is(records[1].Refused, errCut) {
		records = records[:1]
	}
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	return records[0].Value.(record.Entry)
}

func rssDoc(item string) string {
	return `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:georss="http://www.georss.org/georss"><channel><link>https://mairie.example/a/</link><item>` + item + `</item></channel></rss>`
}

func TestDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Mon, 23 Nov 2026 08:00:00 +0100": "2026-11-23T07:00:00Z", "Mon, 23 Nov 2026 08:00:00 GMT": "2026-11-23T08:00:00Z", "Mon, 23 Nov 2026 08:00:00 EST": "2026-11-23T13:00:00Z",
		"Mon Nov 23 08:00:00 CET 2026": "2026-11-23T07:00:00Z", "Thu Jul 23 08:00:00 CEST 2026": "2026-07-23T06:00:00Z", "Mon, 23 Nov 26 08:00 GMT": "2026-11-23T08:00:00Z", "Nov 23, 2026 8:00 PM": "2026-11-23T19:00:00Z", "2026-11-23T24:00:00Z": "2026-11-24T00:00:00Z",
		"Mon, 23 Nov 2026 08:00:00": "2026-11-23T07:00:00Z", "2026-07-14T10:00:00": "2026-07-14T08:00:00Z", "2026-07-14 10:00": "2026-07-14T08:00:00Z", "2026-07-14": "2026-07-13T22:00:00Z",
		"lun., 23 nov. 2026 08:00:00 +0100": "2026-11-23T07:00:00Z", "lundi 23 novembre 2026 à 08h00": "2026-11-23T07:00:00Z", "1er août 2026": "2026-07-31T22:00:00Z",
		"Seg, 24 Set 2018 19:42:40 -0300": "2018-09-24T22:42:40Z", "Mi, 02 Okt 2024 10:00:00 +0200": "2024-10-02T08:00:00Z", "14/07/2026 10:30": "2026-07-14T08:30:00Z", "1790000000": "2026-09-21T14:13:20Z",
		`&lt;time datetime="2026-11-23T09:00:00+01:00" title="lundi 23 novembre"&gt;lun 23/11/2026 - 09:00&lt;/time&gt;`: "2026-11-23T08:00:00Z",
		"": "", "bientôt": "", "32/13/2026": "", "0000-00-00 00:00:00": "", "Thu, 01 Jan 1970 00:00:00 GMT": "", "24 Set 2018 19:42:40 z": "2018-09-24T19:42:40Z",
	} {
		t.Run(text, func(t *testing.T) {
			got := one(t, rssDoc("<title>x</title><pubDate>"+text+"</pubDate>")).Published
			if s := got.Format(time.RFC3339); s != want && !(want == "" && got.IsZero()) {
				t.Errorf("got %s, want %s", s, want)
			}
		})
	}
}

func TestMends(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		doc  string
		want func(record.Entry) bool
	}{
		"relative link":        {rssDoc("<title>x</title><link>../b?c=1</link>"), func(e record.Entry) bool { return e.Link == "https://mairie.example/b?c=1" }},
		"script link":          {rssDoc("<title>x</title><link>javascript:alert(1)</link>"), func(e record.Entry) bool { return e.Link == "" }},
		"guid as link":         {rssDoc("<title>x</title><guid>https://mairie.example/9</guid>"), func(e record.Entry) bool { return e.Link == "https://mairie.example/9" }},
		"title escaped twice":  {rssDoc("<title>L&amp;amp;#8217;&amp;eacute;t&amp;eacute;</title>"), func(e record.Entry) bool { return e.Title == "L’été" }},
		"undeclared entities":  {rssDoc("<title>L&rsquo;&eacute;t&eacute;</title>"), func(e record.Entry) bool { return e.Title == "L’été" }},
		"text escaped twice":   {rssDoc("<title>x</title><description>&amp;lt;p&amp;gt;Fermeture&amp;lt;/p&amp;gt;</description>"), func(e record.Entry) bool { return e.Summary == "<p>Fermeture</p>" }},
		"escaped accents":      {rssDoc("<title>x</title><description>Horaires d'&amp;amp;eacute;t&amp;amp;eacute;</description>"), func(e record.Entry) bool { return e.Summary == "Horaires d'&eacute;t&eacute;" }},
		"windows references":   {rssDoc("<title>L&#146;&#233;t&#xe9; &#150; &#0;&#8;&#xD800;fin</title>"), func(e record.Entry) bool { return e.Title == "L’été – fin" }},
		"bare ampersand":       {rssDoc("<title>Eau & gaz</title>"), func(e record.Entry) bool { return e.Title == "Eau & gaz" }},
		"control characters":   {rssDoc("<title>a\x00b\x08c\x1f</title>"), func(e record.Entry) bool { return e.Title == "abc" }},
		"warning before":       {"PHP Notice: x in y on line 3\n" + rssDoc("<title>x</title>"), func(e record.Entry) bool { return e.Title == "x" }},
		"warning in HTML":      {"<br />\n<b>Warning</b>: foreach() in <b>/a/b.php</b> on line <b>3</b><br />\n" + `<?xml version="1.0"?>` + rssDoc("<title>x</title>"), func(e record.Entry) bool { return e.Title == "x" }},
		"warning, no prologue": {"<b>Notice</b>: y<br>" + rssDoc("<title>x</title>"), func(e record.Entry) bool { return e.Title == "x" }},
		"less than":            {rssDoc("<title>Vitesse < 30 km/h, <3, a<=b</title>"), func(e record.Entry) bool { return e.Title == "Vitesse < 30 km/h, <3, a<=b" }},
		"addresses in <>":      {rssDoc("<title>Voir <https://mairie.example/a?b=c></title>"), func(e record.Entry) bool { return e.Title == "Voir <https://mairie.example/a?b=c>" }},
		"unquoted attribute": {rssDoc(`<title>x</title><enclosure url=https://mairie.example/a.pdf?b=1 type=application/pdf />`), func(e record.Entry) bool {
			return len(e.Media) == 1 && e.Media[0].URL == "https://mairie.example/a.pdf?b=1"
		}},
		"HTML as it is": {rssDoc(`<title>x</title><description><p class=a>Bal < 20h<br><img src=/a.png alt="a">à la mairie</p></description>`), func(e record.Entry) bool {
			return strings.Contains(e.Summary, "Bal") && strings.Contains(e.Summary, "à la mairie")
		}},
		"less than in CDATA":    {rssDoc(`<title>a < b</title><description><![CDATA[<p>1 < 2<br></p>]]></description>`), func(e record.Entry) bool { return e.Summary == "<p>1 < 2<br></p>" }},
		"less than, then cut":   {`<rss version="2.0"><channel><item><title>x < 3</title></item><item><title>y`, func(e record.Entry) bool { return e.Title == "x < 3" }},
		"XML 1.1":               {`<?xml version="1.1" encoding="latin-9"?>` + rssDoc("<title>été</title>"), func(e record.Entry) bool { return e.Title == "été" }},
		"long comment":          {"<!--" + strings.Repeat("x", 9000) + "-->" + rssDoc("<title>x</title>"), func(e record.Entry) bool { return e.Title == "x" }},
		"no e-mail of authors":  {rssDoc("<title>x</title><author>jean@mairie.example (Jean Dupont)</author><dc:creator>marie@mairie.example</dc:creator>"), func(e record.Entry) bool { return !strings.Contains(fmt.Sprint(e.Authors), "@") }},
		"place":                 {rssDoc("<title>x</title><georss:point>44.84 -0.58</georss:point>"), func(e record.Entry) bool { return e.Place != nil && *e.Place.Lat == 44.84 && *e.Place.Lon == -0.58 }},
		"place in Lambert-93":   {rssDoc(`<title>x</title><georss:where><gml:Point xmlns:gml="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::2154"><gml:pos>700000 6600000</gml:pos></gml:Point></georss:where>`), func(e record.Entry) bool { return e.Place != nil && *e.Place.Lat == 46.5 && *e.Place.Lon == 3 }},
		"no place of elsewhere": {rssDoc(`<title>x</title><georss:where><gml:Point xmlns:gml="http://www.opengis.net/gml" srsName="EPSG:26913"><gml:pos>36.9 31.1</gml:pos></gml:Point></georss:where>`), func(e record.Entry) bool { return e.Place == nil }},
		"no place at zero":      {rssDoc("<title>x</title><georss:point>0 0</georss:point>"), func(e record.Entry) bool { return e.Place == nil }},
		"media":                 {rssDoc(`<title>x</title><enclosure url="/a.pdf" type="application/pdf" length="12"/><media:content url="https://mairie.example/b.jpg" type="image/jpeg"/>`), func(e record.Entry) bool { return len(e.Media) == 2 && e.Media[0].Bytes == 12 }},
		"cut after an item":     {`<rss version="2.0"><channel><item><title>x</title></item><item><title>y`, func(e record.Entry) bool { return e.Title == "x" }},
		"Atom 1.0":              {`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title type="html">L&amp;#8217;eau</title><updated>2026-11-23T08:00:00+01:00</updated><link href="https://a.example/1"/></entry></feed>`, func(e record.Entry) bool { return e.Title == "L’eau" && !e.Updated.IsZero() }},
		"JSON Feed":             {"\ufeff" + `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1,"title":"x","content_text":"y","date_published":"2026-11-23T08:00:00Z"}]}`, func(e record.Entry) bool { return e.Title == "x" && e.Body == "y" && !e.Published.IsZero() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e := one(t, c.doc); !c.want(e) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{two, rssDoc("<title>x</title>"), `{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"}]}`, "<feed><entry><id>1", "\x00<\x00r\x00s\x00s\x00>"} {
		f.Add([]byte(seed), "text/xml; charset=iso-8859-1")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		opt := Options{ContentType: contentType, URL: "https://mairie.example/flux"}
		records, err := Parse(body, opt)
		if err != nil {
			return
		}
		checkUTF8(t, "fuzz", records)
		again, _ := Parse(body, opt)
		for i := range records {
			if source.Meaning(records[i].Value) != source.Meaning(again[i].Value) {
				t.Error("the same body gives another meaning")
			}
		}
	})
}
