package runner

import (
	"encoding/json"
	"testing"

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
