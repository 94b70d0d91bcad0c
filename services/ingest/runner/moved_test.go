package runner

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// page is an item that links to others of its site; its identifier is id, else its address.
func page(site, id, title string) source.Record {
	link := site + "/1/"
	if id == "" {
		id = link
	}
	body := `<a href="` + site + `/plan/">Plan</a>`
	return source.Record{Item: id, URL: link, Value: record.Entry{Title: title, Link: link, Body: body, Published: now, Media: []record.Media{{URL: site + "/a.png"}}}}
}

func TestSiteThatMovesToHTTPSOrWWWDoesNotRefire(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"https": "https://m.example", "www": "http://www.m.example", "both": "https://www.m.example", "port": "https://m.example:443",
	} {
		for _, id := range []string{"", "7"} {
			l := read(page("http://m.example", id, "Travaux"))
			expect(t, l.Apply([]source.Record{page(to, id, "Travaux")}, rules()), "")
			// An edit, now or with the move, is a revision of the item as first named.
			first := read(page("http://m.example", id, "Travaux"))
			for _, l := range []*Ledger{l, first} {
				got := l.Apply([]source.Record{page(to, id, "Travaux reportés")}, rules())
				if len(got) != 1 || got[0].Revision != 2 || got[0].Item != first.Entries[0].item() {
					t.Errorf("%s: %q", name, brief(got))
				}
			}
		}
	}
	l := read(page("http://m.example", "", "Travaux"))
	expect(t, l.Apply([]source.Record{page("http://n.example", "", "Travaux")}, rules()), "http://n.example/1/@1")
}

// What was kept when whole addresses counted still tells news from what is known.
func TestLedgerOfOldIsUnderstood(t *testing.T) {
	t.Parallel()
	const stored = `{"entries":[{"id":"http://www.m.example/?p=1","h":"b629a9a475e2fcf0","l":4250577693,"t":4142953355,"r":1,"s":1795428000,"p":true},{"id":"7","h":"bed452da7a83b126","l":2730084279,"t":3869638527,"r":1,"s":1795428000,"p":true}],"read":true}`
	entry := record.Entry{Title: "Travaux", Link: "http://www.m.example/1/", Body: `<a href="http://www.m.example/plan/">Plan</a>`, Published: now}
	doc := []source.Record{{Item: "http://www.m.example/?p=1", URL: entry.Link, Value: entry}, item("7", "Bal", "https://m.example/2", now)}
	renamed := []source.Record{{Item: "1", URL: entry.Link, Value: entry}, doc[1]}
	for name, doc := range map[string][]source.Record{"the same": doc, "renamed": renamed} {
		var l Ledger
		if err := json.Unmarshal([]byte(stored), &l); err != nil {
			t.Fatal(err)
		}
		if got := l.Apply(doc, rules()); len(got) != 0 {
			t.Errorf("%s: %q", name, brief(got))
		}
		expect(t, l.Apply([]source.Record{doc[0], item("7", "Bal annulé", "http://m.example/2", now)}, rules()), "7@2")
	}
}

func TestChangedIdentifierWithAnEditIsARevision(t *testing.T) {
	t.Parallel()
	edited := func(id, link, body string) source.Record {
		return source.Record{Item: id, URL: link, Value: record.Entry{Title: "Travaux", Link: link, Body: body, Published: now}}
	}
	l := read(edited("g1", "http://m.example/1", "Rue A"))
	expect(t, l.Apply([]source.Record{edited("g9", "https://m.example/1", "Rue A et rue B")}, rules()), "g1@2")

	// A page and a title that several items share name none of them.
	l = read(edited("1", "https://m.example/travaux", "Rue A"), edited("2", "https://m.example/travaux", "Rue B"))
	expect(t, l.Apply([]source.Record{edited("2", "https://m.example/travaux", "Rue B"), edited("3", "https://m.example/travaux", "Rue C")}, rules()), "3@1")

	// Alerts of one service share both.
	alert := func(id, area string) source.Record {
		info := record.Info{Event: "Vigilance jaune orages", Web: "https://meteo.example/", Expires: now.Add(time.Hour), Areas: []record.AlertArea{{Description: area}}}
		return source.Record{Item: id, URL: info.Web, Value: record.Alert{Identifier: id, Infos: []record.Info{info}}}
	}
	l = read(alert("1", "Ain"))
	expect(t, l.Apply([]source.Record{alert("2", "Isère")}, rules()), "2@1")
}

func TestUndatedItemsOfASiteMadeAgainAreBacklog(t *testing.T) {
	t.Parallel()
	list := func(site, word string, from, to int) (doc []source.Record) {
		for i := from; i < to; i++ {
			doc = append(doc, item(fmt.Sprint(site, i), fmt.Sprint("Avis ", word, i), fmt.Sprintf("https://%s.example/%d", site, i), time.Time{}))
		}
		return doc
	}
	news := func(l *Ledger, doc []source.Record) (n int) {
		for _, c := range l.Apply(doc, rules()) {
			if !c.Backlog {
				n++
			}
		}
		return n
	}
	if n := news(read(list("old", "", 0, 10)...), list("new", "~", 0, 10)); n != 0 {
		t.Errorf("a site made again: %d news", n)
	}
	l := read(list("old", "", 0, 10)...)
	l.Apply(nil, rules()) // an empty page while it is made
	if n := news(l, list("new", "~", 0, 10)); n != 0 {
		t.Errorf("after an empty page: %d news", n)
	}
	if n := news(read(list("m", "", 0, 10)...), list("m", "", 6, 16)); n != 6 {
		t.Errorf("a busy day: %d news of 6", n)
	}
	if n := news(read(list("m", "", 0, 3)...), list("m", "", 0, 20)); n != 17 {
		t.Errorf("a list that grows: %d news of 17", n)
	}
	if n := news(read(), list("m", "", 0, 9)); n != 9 {
		t.Errorf("a list that was empty: %d news of 9", n)
	}
	agenda := func(from int) (doc []source.Record) {
		for i := from; i < from+7; i++ {
			doc = append(doc, source.Record{Item: fmt.Sprint(i), Value: record.Entry{Title: fmt.Sprint("Bal ", i), Starts: now.AddDate(0, 0, i)}})
		}
		return doc
	}
	if n := news(read(agenda(0)...), agenda(7)); n != 7 {
		t.Errorf("the agenda of another week: %d news of 7", n)
	}
}
