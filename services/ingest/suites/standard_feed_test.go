package suites

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
)

// TestFeedsByTheStandard holds the feed reader to RSS 0.9–2.0, Atom (RFC 4287),
// JSON Feed and their modules, beyond what the recorded feeds do.
func TestFeedsByTheStandard(t *testing.T) {
	t.Parallel()
	holdTo(t, standardFeeds(), func(body []byte) ([]source.Record, error) { return read(body, "") })
}

func standardFeeds() []standardCase {
	return []standardCase{
		{
			"content of another prefix",
			`<?xml version="1.0"?><rss version="2.0" xmlns:x="http://purl.org/rss/1.0/modules/content/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><x:encoded><![CDATA[<p>long</p>]]></x:encoded><description>court</description></item></channel></rss>`,
			`title=A summary=court body=<p>long</p>`,
		},
		{
			"Dublin Core of another prefix",
			`<?xml version="1.0"?><rss version="2.0" xmlns:d="http://purl.org/dc/elements/1.1/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><d:creator>Mairie</d:creator><d:date>2026-10-12T10:00:00+02:00</d:date><d:subject>Voirie</d:subject></item></channel></rss>`,
			`title=A cat=Voirie by=Mairie published=2026-10-12T08:00:00Z updated=2026-10-12T08:00:00Z`,
		},
		{
			"Media RSS of another prefix",
			`<?xml version="1.0"?><rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><m:content url="https://ville.example/a.jpg" type="image/jpeg"/></item></channel></rss>`,
			`title=A media=https://ville.example/a.jpg type=image/jpeg`,
		},
		{
			"a prefix says nothing without its name space",
			`<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><media:title>B</media:title></item></channel></rss>`,
			`title=A`,
		},
		{
			"title of Media RSS before that of the item",
			`<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Ville</title><link>https://ville.example/</link><item><media:title>B</media:title><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"title of iTunes before",
			`<?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Ville</title><link>https://ville.example/</link><item><itunes:title>B</itunes:title><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"GeoRSS Simple",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:point>45.5 4.25</georss:point></item></channel></rss>`,
			`title=A at=45.5,4.25`,
		},
		{
			"GeoRSS of another prefix",
			`<?xml version="1.0"?><rss version="2.0" xmlns:g="http://www.georss.org/georss"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><g:point>45.5 4.25</g:point></item></channel></rss>`,
			`title=A at=45.5,4.25`,
		},
		{
			"GeoRSS with GML",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:where><gml:Point><gml:pos>45.5 4.25</gml:pos></gml:Point></georss:where></item></channel></rss>`,
			`title=A at=45.5,4.25`,
		},
		{
			"GeoRSS polygon",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:polygon>45 4 45 5 46 5 45 4</georss:polygon></item></channel></rss>`,
			`title=A geojson={"type":"Polygon","coordinates":[[[4,45],[5,45],[5,46],[4,45]]]}`,
		},
		{
			"GeoRSS line",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:line>45 4 46 5</georss:line></item></channel></rss>`,
			`title=A geojson={"type":"LineString","coordinates":[[4,45],[5,46]]}`,
		},
		{
			"GeoRSS box",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:box>45 4 46 5</georss:box></item></channel></rss>`,
			`title=A geojson={"type":"Polygon","coordinates":[[[4,45],[5,45],[5,46],[4,46],[4,45]]]}`,
		},
		{
			"GeoRSS with GML polygon",
			`<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><georss:where><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>45 4 45 5 46 5 45 4</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></georss:where></item></channel></rss>`,
			`title=A geojson={"type":"Polygon","coordinates":[[[4,45],[5,45],[5,46],[4,45]]]}`,
		},
		{
			"W3C Basic Geo in a Point",
			`<?xml version="1.0"?><rss version="2.0" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><geo:Point><geo:lat>45.5</geo:lat><geo:long>4.25</geo:long></geo:Point></item></channel></rss>`,
			`title=A at=45.5,4.25`,
		},
		{
			"guid that is no permalink",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><guid isPermaLink="false">https://ville.example/?p=1</guid></item></channel></rss>`,
			`id=https://ville.example/?p=1 title=A`,
		},
		{
			"guid that is one",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><guid>https://ville.example/?p=1</guid></item></channel></rss>`,
			`id=https://ville.example/?p=1 url=https://ville.example/?p=1 title=A`,
		},
		{
			"CDATA in a link, a guid and a date",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title><![CDATA[A & B]]></title><link><![CDATA[ https://ville.example/a ]]></link><guid><![CDATA[g1]]></guid><pubDate><![CDATA[Mon, 12 Oct 2026 10:00:00 +0200]]></pubDate></item></channel></rss>`,
			`id=g1 url=https://ville.example/a title=A & B published=2026-10-12T08:00:00Z`,
		},
		{
			"CDATA in two",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title><![CDATA[A ]]]]><![CDATA[> B]]></title></item></channel></rss>`,
			`title=A ]]> B`,
		},
		{
			"CDATA beside text",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A <![CDATA[& B]]> &amp; C</title></item></channel></rss>`,
			`title=A & B & C`,
		},
		{
			"a comment in a title",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A<!-- x --> B</title></item></channel></rss>`,
			`title=A B`,
		},
		{
			"HTML entities that XML lacks",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>Caf&eacute; &amp; th&eacute; &rsquo;bio&rsquo;&nbsp;!</title></item></channel></rss>`,
			`title=Café & thé ’bio’ !`,
		},
		{
			"a bare ampersand",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>R&D & co</title><link>https://ville.example/?a=1&b=2</link></item></channel></rss>`,
			`url=https://ville.example/?a=1&b=2 title=R&D & co`,
		},
		{
			"document type of RSS 0.91",
			`<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>V</title><item><title>&Eacute;cole</title><link>https://ville.example/e</link></item></channel></rss>`,
			`url=https://ville.example/e title=École`,
		},
		{
			"entities defined in the document",
			`<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY ville "Albi"><!ENTITY % x "y">]><rss version="2.0"><channel><title>V</title><item><title>Bus</title></item></channel></rss>`,
			`title=Bus`,
		},
		{
			"XML 1.1",
			`<?xml version="1.1" encoding="utf-8"?><rss version="2.0"><channel><item><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"byte order mark, then blank lines",
			"\xef\xbb\xbf\r\n\r\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<rss version=\"2.0\"><channel>\r\n<item><title>\u00e9t\u00e9</title></item></channel></rss>",
			`title=été`,
		},
		{
			"windows-1252 that says UTF-8",
			"<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\"><channel><item><title>L\x92\xe9t\xe9</title></item></channel></rss>",
			`title=L’été`,
		},
		{
			"windows-1252 that says ISO-8859-1",
			"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss version=\"2.0\"><channel><item><title>L\x92\xe9t\xe9 \x9cuvre \x80</title></item></channel></rss>",
			`title=L’été œuvre €`,
		},
		{
			"ISO-8859-15",
			"<?xml version=\"1.0\" encoding=\"iso-8859-15\"?><rss version=\"2.0\"><channel><item><title>C\xbdur 5 \xa4</title></item></channel></rss>",
			`title=Cœur 5 €`,
		},
		{
			"UTF-8 that says ISO-8859-1",
			"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss version=\"2.0\"><channel><item><title>\u00e9t\u00e9</title></item></channel></rss>",
			`title=été`,
		},
		{
			"two items outside the channel",
			`<rss version="2.0"><channel><title>V</title></channel><item><title>A</title></item><item><title>B</title></item></rss>`,
			`title=A
title=B`,
		},
		{
			"RSS 1.0",
			`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://ville.example/"><title>V</title><link>https://ville.example/</link><items><rdf:Seq><rdf:li rdf:resource="https://ville.example/1"/></rdf:Seq></items></channel><item rdf:about="https://ville.example/1"><title>A</title><link>https://ville.example/1</link><description>d</description><dc:date>2026-10-12</dc:date></item></rdf:RDF>`,
			`url=https://ville.example/1 title=A summary=d published=2026-10-12T00:00:00Z updated=2026-10-12T00:00:00Z`,
		},
		{
			"RSS 1.0 with a prefix",
			`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:r="http://purl.org/rss/1.0/"><r:channel rdf:about="https://ville.example/"><r:title>V</r:title><r:link>https://ville.example/</r:link></r:channel><r:item rdf:about="https://ville.example/1"><r:title>A</r:title><r:link>https://ville.example/1</r:link></r:item></rdf:RDF>`,
			`url=https://ville.example/1 title=A`,
		},
		{
			"RSS 0.90",
			`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>V</title><link>https://ville.example/</link></channel><item><title>A</title><link>https://ville.example/1</link></item></rdf:RDF>`,
			`url=https://ville.example/1 title=A`,
		},
		{
			"names in capitals",
			`<RSS VERSION="2.0"><CHANNEL><TITLE>V</TITLE><ITEM><TITLE>A</TITLE><LINK>https://ville.example/1</LINK></ITEM></CHANNEL></RSS>`,
			`url=https://ville.example/1 title=A`,
		},
		{
			"a link with a break in its middle",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><link>https://ville.example/
  a/b</link></item></channel></rss>`,
			`url=https://ville.example/a/b title=A`,
		},
		{
			"a link with spaces and accents",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><link>https://ville.example/été 2026.html</link></item></channel></rss>`,
			`url=https://ville.example/%C3%A9t%C3%A9%202026.html title=A`,
		},
		{
			"a link without scheme",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><link>//cdn.example/a</link></item></channel></rss>`,
			`url=https://cdn.example/a title=A`,
		},
		{
			"a link of javascript",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><link>javascript:alert(1)</link></item></channel></rss>`,
			`title=A`,
		},
		{
			"xml:base in RSS",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item xml:base="https://autre.example/dossier/"><title>A</title><link>a.html</link></item></channel></rss>`,
			`url=https://autre.example/dossier/a.html title=A`,
		},
		{
			"atom:link in RSS",
			`<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><atom:link rel="alternate" href="https://ville.example/a"/></item></channel></rss>`,
			`url=https://ville.example/a title=A`,
		},
		{
			"atom:updated in RSS",
			`<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><link>https://ville.example/a</link><atom:updated>2026-10-12T10:00:00+02:00</atom:updated></item></channel></rss>`,
			`url=https://ville.example/a title=A updated=2026-10-12T08:00:00Z`,
		},
		{
			"atom:link of the channel is no link of an item",
			`<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Ville</title><link>https://ville.example/</link><atom:link rel="self" href="https://ville.example/feed"/><item><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"pictures of the channel are not those of an item",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><image><url>https://ville.example/logo.png</url><title>Logo</title><link>https://ville.example/</link></image><item><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"a text input is no item",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><textInput><title>Chercher</title><name>q</name><link>https://ville.example/s</link></textInput><item><title>A</title></item></channel></rss>`,
			`title=A`,
		},
		{
			"enclosures",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><enclosure url="https://ville.example/a.pdf" length="" type="application/pdf"/><enclosure url="b.mp3" length="12" type="audio/mpeg"/></item></channel></rss>`,
			`title=A media=https://ville.example/a.pdf type=application/pdf media=https://ville.example/b.mp3 type=audio/mpeg`,
		},
		{
			"picture of iTunes",
			`<?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><itunes:image href="https://ville.example/a.jpg"/><itunes:summary>dit</itunes:summary></item></channel></rss>`,
			`title=A summary=dit media=https://ville.example/a.jpg type=image/jpeg`,
		},
		{
			"media group",
			`<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><media:group><media:content url="https://ville.example/a.mp4" type="video/mp4"/><media:thumbnail url="https://ville.example/a.jpg"/><media:description>dit</media:description></media:group></item></channel></rss>`,
			`title=A summary=dit media=https://ville.example/a.mp4 type=video/mp4 media=https://ville.example/a.jpg type=image/jpeg`,
		},
		{
			"author of RSS",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><author>mairie@ville.example (La mairie)</author></item></channel></rss>`,
			`title=A by=La mairie`,
		},
		{
			"author without name",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><author>mairie@ville.example</author></item></channel></rss>`,
			`title=A`,
		},
		{
			"categories",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><category domain="x">Voirie</category><category><![CDATA[Vie scolaire]]></category><category>Voirie</category></item></channel></rss>`,
			`title=A cat=Voirie,Vie scolaire`,
		},
		{
			"escaped twice",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>L&amp;amp;#8217;&amp;eacute;t&amp;eacute;</title><description>&amp;lt;p&amp;gt;Bonjour&amp;lt;/p&amp;gt;</description></item></channel></rss>`,
			`title=L’été summary=<p>Bonjour</p>`,
		},
		{
			"HTML escaped once",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><description>&lt;p&gt;T&amp;eacute;l. &amp;amp; fax&lt;/p&gt;</description></item></channel></rss>`,
			`title=A summary=<p>T&eacute;l. &amp; fax</p>`,
		},
		{
			"HTML that nobody escaped",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><description><p>Un <b>deux</b></p></description></item></channel></rss>`,
			`title=A summary=<p>Un <b>deux</b></p>`,
		},
		{
			"language of the channel",
			`<?xml version="1.0"?><rss version="2.0"><channel><title>Ville</title><link>https://ville.example/</link><language>fr-fr</language><item><title>A</title></item></channel></rss>`,
			`title=A lang=fr-fr`,
		},
		{
			"dates of events",
			`<?xml version="1.0"?><rss version="2.0" xmlns:ev="http://purl.org/rss/1.0/modules/event/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><ev:startdate>2026-10-12T10:00:00+02:00</ev:startdate><ev:enddate>2026-10-12T12:00:00+02:00</ev:enddate><ev:location>Salle des fêtes</ev:location></item></channel></rss>`,
			`title=A starts=2026-10-12T08:00:00Z ends=2026-10-12T10:00:00Z place=Salle des fêtes`,
		},
		{
			"an end of validity",
			`<?xml version="1.0"?><rss version="2.0" xmlns:dcterms="http://purl.org/dc/terms/"><channel><title>Ville</title><link>https://ville.example/</link><item><title>A</title><dcterms:modified>2026-10-12T10:00:00Z</dcterms:modified><dcterms:valid>start=2026-10-12T10:00:00Z; end=2026-10-13T10:00:00Z; scheme=W3C-DTF</dcterms:valid></item></channel></rss>`,
			`title=A updated=2026-10-12T10:00:00Z expires=2026-10-13T10:00:00Z`,
		},
		{
			"Atom with a prefix",
			`<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>V</a:title><a:entry><a:id>urn:1</a:id><a:title>A</a:title><a:link href="https://ville.example/1"/><a:updated>2026-10-12T10:00:00Z</a:updated></a:entry></a:feed>`,
			`id=urn:1 url=https://ville.example/1 title=A published=2026-10-12T10:00:00Z updated=2026-10-12T10:00:00Z`,
		},
		{
			"Atom entry alone",
			`<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:1</id><title>A</title><link href="https://ville.example/1"/><updated>2026-10-12T10:00:00Z</updated></entry>`,
			`id=urn:1 url=https://ville.example/1 title=A published=2026-10-12T10:00:00Z updated=2026-10-12T10:00:00Z`,
		},
		{
			"Atom XHTML",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <em>B</em></div></title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Un <b>deux</b></p></div></content></entry></feed>`,
			`id=urn:1 title=A <em>B</em> body=<p>Un <b>deux</b></p>`,
		},
		{
			"Atom XHTML with a prefix",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="http://www.w3.org/1999/xhtml"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><content type="xhtml"><x:div><x:p>Un <x:b>deux</x:b></x:p></x:div></content></entry></feed>`,
			`id=urn:1 title=A body=<p>Un <b>deux</b></p>`,
		},
		{
			"Atom text is no markup",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title type="text">a &lt; b</title><summary type="text">si x &lt;b&gt; y &amp; z</summary></entry></feed>`,
			`id=urn:1 title=a < b summary=si x &lt;b&gt; y &amp; z`,
		},
		{
			"Atom HTML",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title type="html">R&amp;amp;D</title><summary type="html">&lt;p&gt;x &amp;amp; y&lt;/p&gt;</summary></entry></feed>`,
			`id=urn:1 title=R&D summary=<p>x &amp; y</p>`,
		},
		{
			"Atom links",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><link rel="self" href="https://ville.example/1.atom"/><link rel="related" href="https://autre.example/"/><link rel="enclosure" type="application/pdf" href="https://ville.example/1.pdf"/><link rel="alternate" type="text/html" href="https://ville.example/1"/></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A media=https://ville.example/1.pdf type=application/pdf`,
		},
		{
			"Atom alternates",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><link rel="alternate" type="application/pdf" href="https://ville.example/1.pdf"/><link rel="alternate" type="text/html" href="https://ville.example/1"/></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A`,
		},
		{
			"Atom relation by its address",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><link rel="http://www.iana.org/assignments/relation/alternate" href="https://ville.example/1"/></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A`,
		},
		{
			"Atom without alternate",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><link rel="self" href="https://ville.example/1.atom"/></entry></feed>`,
			`id=urn:1 title=A`,
		},
		{
			"Atom relative link starts from the document",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><link rel="alternate" href="https://site.example/accueil/"/><entry><id>urn:1</id><title>A</title><link href="actu/1"/></entry></feed>`,
			`id=urn:1 url=https://mairie.example/actu/1 title=A`,
		},
		{
			"Atom xml:base",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://site.example/fr/"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry xml:base="actu/"><id>urn:1</id><title>A</title><link href="1"/></entry></feed>`,
			`id=urn:1 url=https://site.example/fr/actu/1 title=A`,
		},
		{
			"Atom source of an entry",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><source><id>urn:s</id><title>Autre</title><link href="https://autre.example/"/><updated>2020-01-01T00:00:00Z</updated></source><id>urn:1</id><title>A</title><link href="https://ville.example/1"/></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A`,
		},
		{
			"Atom content elsewhere",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><link href="https://ville.example/1"/><content type="image/png" src="https://ville.example/1.png"/></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A media=https://ville.example/1.png type=image/png`,
		},
		{
			"Atom categories",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><category term="v" label="Voirie"/><category term="eau"/></entry></feed>`,
			`id=urn:1 title=A cat=Voirie,eau`,
		},
		{
			"Atom author of the feed",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><author><name>Mairie</name><email>m@ville.example</email></author><entry><id>urn:1</id><title>A</title></entry></feed>`,
			`id=urn:1 title=A by=Mairie`,
		},
		{
			"Atom languages",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry xml:lang="oc"><id>urn:1</id><title>A</title></entry><entry><id>urn:2</id><title>B</title></entry></feed>`,
			`id=urn:1 title=A lang=oc
id=urn:2 title=B lang=fr`,
		},
		{
			"Atom dates",
			`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>V</title><id>urn:x</id><updated>2026-10-12T10:00:00Z</updated><entry><id>urn:1</id><title>A</title><published>2026-10-12T10:00:00.25+02:00</published><updated>2026-10-12T10:30:00-01:00</updated></entry></feed>`,
			`id=urn:1 title=A published=2026-10-12T08:00:00Z updated=2026-10-12T11:30:00Z`,
		},
		{
			"Atom 0.3",
			`<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>V</title><entry><id>urn:1</id><title mode="escaped" type="text/html">A &amp;amp; B</title><link rel="alternate" type="text/html" href="https://ville.example/1"/><issued>2026-10-12T10:00:00Z</issued><modified>2026-10-13T10:00:00Z</modified><content type="text/html" mode="escaped">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>`,
			`id=urn:1 url=https://ville.example/1 title=A & B body=<p>x</p> published=2026-10-12T10:00:00Z updated=2026-10-13T10:00:00Z`,
		},
		{
			"Atom 0.3 in base64",
			`<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>V</title><entry><id>urn:1</id><title>A</title><content type="text/html" mode="base64">PHA+eDwvcD4=</content></entry></feed>`,
			`id=urn:1 title=A body=<p>x</p>`,
		},
		{
			"JSON Feed 1.0",
			`{"version":"https://jsonfeed.org/version/1","title":"V","language":"fr","items":[{"id":"1","url":"https://ville.example/1","title":"A","content_text":"a < b & c","author":{"name":"Mairie"},"date_published":"2026-10-12T10:00:00+02:00","tags":["Voirie"],"attachments":[{"url":"https://ville.example/1.pdf","mime_type":"application/pdf","size_in_bytes":12}]}]}`,
			`id=1 url=https://ville.example/1 title=A body=a &lt; b &amp; c lang=fr cat=Voirie by=Mairie published=2026-10-12T08:00:00Z media=https://ville.example/1.pdf type=application/pdf`,
		},
		{
			"JSON Feed 1.1",
			`{"version":"https://jsonfeed.org/version/1.1","title":"V","language":"fr","authors":[{"name":"Ville"}],"items":[{"id":"1","external_url":"https://autre.example/1","summary":"court","content_html":"<p>long</p>","image":"/a.jpg","language":"oc","date_modified":"2026-10-12T10:00:00Z"}]}`,
			`id=1 url=https://autre.example/1 summary=court body=<p>long</p> lang=oc by=Ville updated=2026-10-12T10:00:00Z media=https://mairie.example/a.jpg type=image/jpeg`,
		},
		{
			"JSON Feed with a number for an identifier",
			`{"version":"https://jsonfeed.org/version/1","title":"V","items":[{"id":12,"title":"A"},{"id":"b","title":"B"}]}`,
			`id=12 title=A
id=b title=B`,
		},
		{
			"JSON Feed of other types",
			`{"version":"https://jsonfeed.org/version/1.1","title":"V","items":[{"id":"1","title":"A","tags":"Voirie","attachments":null,"authors":null,"date_published":null},{"id":"2","title":null,"content_text":"b"},{"id":"3","title":"C","attachments":[{"url":"https://ville.example/3.pdf","mime_type":"application/pdf","size_in_bytes":"12"}]}]}`,
			`id=1 title=A cat=Voirie
id=2 body=b
id=3 title=C media=https://ville.example/3.pdf type=application/pdf`,
		},
		{
			"cut in its middle",
			`<rss version="2.0"><channel><title>V</title><item><title>A</title></item><item><title>B</ti`,
			`title=A
refused=feed: the document breaks off: what follows its last whole item is missing`,
		},
	}
}
