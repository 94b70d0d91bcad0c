package runner

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func item(id, title, link string, published time.Time) source.Record {
	return source.Record{Item: id, URL: link, Value: record.Entry{Title: title, Link: link, Published: published}}
}

func rules() Rules {
	return Rules{Now: now, BacklogAge: 72 * time.Hour, BacklogKeep: 25}
}

// read is a ledger that has already been read with these records.
func read(records ...source.Record) *Ledger {
	l := &Ledger{}
	l.Apply(records, rules())
	return l
}

// brief writes changes as item@revision, with a mark for backlog and withdrawal.
func brief(changes []Change) string {
	var parts []string
	for _, c := range changes {
		s := fmt.Sprintf("%s@%d", c.Item, c.Revision)
		if c.Backlog {
			s += " backlog"
		}
		if c.Withdrawn {
			s += " withdrawn"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

func expect(t *testing.T, got []Change, want string) {
	t.Helper()
	if b := brief(got); b != want {
		t.Errorf("got %q, want %q", b, want)
	}
}

// miniflux/v2#797: a headline edit reappears as new.
func TestHeadlineEditIsARevision(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Coupure d'eau", "https://m.example/1", now))
	expect(t, l.Apply([]source.Record{item("1", "Coupure d'eau prolongée", "https://m.example/1", now)}, rules()), "1@2")
}

func TestHeadlineEditWithoutIdentifierIsARevision(t *testing.T) {
	t.Parallel()
	l := read(item("", "Coupure d'eau", "https://m.example/1", now))
	expect(t, l.Apply([]source.Record{item("", "Coupure d'eau prolongée", "https://m.example/1?utm_source=rss", now)}, rules()), "https://m.example/1@2")
}

// miniflux/v2#2358, #3186: a reused GUID hides a new entry.
func TestReusedIdentifierIsNotLost(t *testing.T) {
	t.Parallel()
	l := read(item("alerte", "Canicule", "https://m.example/canicule", now))
	got := l.Apply([]source.Record{item("alerte", "Grand froid", "https://m.example/froid", now)}, rules())
	if len(got) != 1 || got[0].Revision != 1 || got[0].Item == "alerte" || !strings.HasPrefix(got[0].Item, "alerte#") {
		t.Errorf("got %q", brief(got))
	}
	expect(t, l.Apply([]source.Record{item("alerte", "Grand froid", "https://m.example/froid", now)}, rules()), "")
}

// miniflux/v2#4197: duplicate GUIDs leave one of ten.
func TestDuplicateIdentifiersAreAllKept(t *testing.T) {
	t.Parallel()
	var doc []source.Record
	for i := range 10 {
		doc = append(doc, item("0", fmt.Sprintf("Avis %d", i), fmt.Sprintf("https://m.example/%d", i), now))
	}
	l := &Ledger{}
	got := l.Apply(doc, rules())
	names := map[string]bool{}
	for _, c := range got {
		names[c.Item] = true
	}
	if len(got) != 10 || len(names) != 10 {
		t.Fatalf("%d changes, %d items", len(got), len(names))
	}
	rand.Shuffle(len(doc), func(i, j int) { doc[i], doc[j] = doc[j], doc[i] })
	expect(t, l.Apply(doc, rules()), "")

	// One of them edited, none other refires, and the right one is revised.
	before := got[4].Item
	for i, r := range doc {
		if r.URL == "https://m.example/4" {
			doc[i] = item("0", "Avis 4 corrigé", "https://m.example/4", now)
		}
	}
	expect(t, l.Apply(doc, rules()), before+"@2")
}

func TestDuplicateIdentifiersWithoutLinksSurviveAnEdit(t *testing.T) {
	t.Parallel()
	l := read(item("0", "Un", "", now), item("0", "Deux", "", now))
	got := l.Apply([]source.Record{item("0", "Deux corrigé", "", now), item("0", "Un", "", now)}, rules())
	if len(got) != 1 || got[0].Revision != 2 {
		t.Errorf("got %q", brief(got))
	}
}

func TestTheSameItemTwiceInOneDocumentIsOne(t *testing.T) {
	t.Parallel()
	l := &Ledger{}
	expect(t, l.Apply([]source.Record{item("1", "Un", "", now), item("1", "Un", "", now)}, rules()), "1@1")
}

// n8n-io/n8n#8856: refires for ever when the newest entry is not first.
func TestReorderingDoesNotRefire(t *testing.T) {
	t.Parallel()
	a, b, c := item("1", "Un", "", now), item("2", "Deux", "", now.Add(-time.Hour)), item("3", "Trois", "", now.Add(-2*time.Hour))
	l := read(a, b, c)
	for _, doc := range [][]source.Record{{c, b, a}, {b, a, c}, {c, a, b}} {
		expect(t, l.Apply(doc, rules()), "")
	}
	expect(t, l.Apply([]source.Record{c, item("4", "Quatre", "", now.Add(-3*time.Hour)), a, b}, rules()), "4@1")
}

func TestRedatingDoesNotRefire(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Un", "https://m.example/1", now.Add(-time.Hour)))
	expect(t, l.Apply([]source.Record{item("1", "Un", "https://m.example/1", now)}, rules()), "")
}

func TestDatesOfTheThingItselfMatter(t *testing.T) {
	t.Parallel()
	event := record.Entry{Title: "Concert", Starts: now.AddDate(0, 0, 3)}
	l := read(source.Record{Item: "1", Value: event})
	event.Starts = event.Starts.AddDate(0, 0, 1)
	expect(t, l.Apply([]source.Record{{Item: "1", Value: event}}, rules()), "1@2")
}

func TestMarkupAndTrackingDoNotRefire(t *testing.T) {
	t.Parallel()
	one := record.Entry{Title: "Avis", Body: `<p class="a">Rue <a href="https://m.example/x?utm_source=a">barrée</a></p>`, Link: "https://m.example/1?PHPSESSID=abc"}
	two := record.Entry{Title: " Avis\u00a0", Body: `<div><p id=n1>Rue  <a data-n="7" href="https://m.example/x">barr&eacute;e</a></p></div>`, Link: "https://M.example/1#top"}
	l := read(source.Record{Item: "1", URL: one.Link, Value: one})
	expect(t, l.Apply([]source.Record{{Item: "1", URL: two.Link, Value: two}}, rules()), "")
	two.Body = strings.ReplaceAll(two.Body, "https://m.example/x", "https://m.example/y")
	expect(t, l.Apply([]source.Record{{Item: "1", URL: two.Link, Value: two}}, rules()), "1@2")
}

func TestChangedIdentifierWithTheSameContentDoesNotRefire(t *testing.T) {
	t.Parallel()
	l := read(item("http://old/1", "Un", "https://m.example/1", now), item("http://old/2", "Deux", "https://m.example/2", now))
	expect(t, l.Apply([]source.Record{item("new-1", "Un", "https://m.example/1", now), item("new-2", "Deux", "https://m.example/2", now)}, rules()), "")
	// A later edit is a revision of the item as first published.
	expect(t, l.Apply([]source.Record{item("new-1", "Un corrigé", "https://m.example/1", now), item("new-2", "Deux", "https://m.example/2", now)}, rules()), "http://old/1@2")
}

func TestTheSameWordsAgainWhileTheFirstStandIsAnotherItem(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Marché annulé", "", now))
	expect(t, l.Apply([]source.Record{item("2", "Marché annulé", "", now), item("1", "Marché annulé", "", now)}, rules()), "2@1")
}

func TestTheSameWordsMuchLaterAreNews(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Marché annulé", "", now))
	l.Apply([]source.Record{item("9", "Autre", "", now)}, rules())
	later := rules()
	later.Now = now.AddDate(0, 0, 7)
	expect(t, l.Apply([]source.Record{item("2", "Marché annulé", "", later.Now)}, later), "2@1")
}

func TestPushedItemsKeepTheIdentifiersTheirSenderChose(t *testing.T) {
	t.Parallel()
	pushed := rules()
	pushed.Distinct = true
	l := &Ledger{Read: true}
	expect(t, l.Apply([]source.Record{item("1", "Rue barrée", "", now)}, pushed), "1@1")
	expect(t, l.Apply([]source.Record{item("2", "Rue barrée", "", now)}, pushed), "2@1")
	expect(t, l.Apply([]source.Record{item("2", "Rue barrée", "", now)}, pushed), "")
}

func TestVanishedItemIsWithdrawnOnlyWhereTheKindSaysSo(t *testing.T) {
	t.Parallel()
	a, b := item("1", "Un", "", now), item("2", "Deux", "", now)
	l := read(a, b)
	expect(t, l.Apply([]source.Record{b}, rules()), "")
	expect(t, l.Apply([]source.Record{a, b}, rules()), "") // and its return is no news

	strict := rules()
	strict.VanishWithdraws = true
	l = &Ledger{}
	l.Apply([]source.Record{a, b}, strict)
	expect(t, l.Apply([]source.Record{b}, strict), "1@2 withdrawn")
	expect(t, l.Apply([]source.Record{b}, strict), "")
	expect(t, l.Apply([]source.Record{a, b}, strict), "1@3") // in force again

	unread := strict
	unread.Refused = []string{"1"}
	expect(t, l.Apply([]source.Record{b}, unread), "") // shown, but not understood
	expect(t, l.Apply([]source.Record{b}, strict), "1@4 withdrawn")
}

func TestWithdrawalSaidByTheSource(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Un", "https://m.example/1", now))
	gone := source.Record{Item: "1", Withdrawn: true}
	expect(t, l.Apply([]source.Record{gone}, rules()), "1@2 withdrawn")
	expect(t, l.Apply([]source.Record{gone, {Item: "never seen", Withdrawn: true}}, rules()), "")
}

func TestTextPutBackIsPublishedAgain(t *testing.T) {
	t.Parallel()
	a, b := item("1", "Un", "", now), item("1", "Deux", "", now)
	l := &Ledger{}
	hashes := map[string]bool{}
	for i, r := range []source.Record{a, b, a, b} {
		got := l.Apply([]source.Record{r}, rules())
		if len(got) != 1 || got[0].Revision != i+1 || hashes[got[0].Hash] {
			t.Fatalf("%d: got %+v", i, got)
		}
		hashes[got[0].Hash] = true
	}
}

func TestFirstReadingOfAnOldFeedDoesNotFlood(t *testing.T) {
	t.Parallel()
	var doc []source.Record
	for i := range 40 {
		doc = append(doc, item(fmt.Sprint(i), fmt.Sprintf("Avis %d", i), "", now.Add(-time.Duration(i)*24*time.Hour)))
	}
	doc = append(doc, item("undated", "Sans date", "", time.Time{}))
	fresh := 0
	got := (&Ledger{}).Apply(doc, rules())
	for _, c := range got {
		if !c.Backlog {
			fresh++
		}
	}
	if len(got) != 41 || fresh != 4 { // 0, 1, 2 and 3 days old
		t.Errorf("%d recorded, %d of them news", len(got), fresh)
	}
}

func TestFirstReadingOfABusyDayIsBounded(t *testing.T) {
	t.Parallel()
	var doc []source.Record
	for i := range 100 {
		doc = append(doc, item(fmt.Sprint(i), fmt.Sprintf("Avis %d", i), "", now.Add(-time.Duration(i)*time.Minute)))
	}
	for i, c := range (&Ledger{}).Apply(doc, rules()) {
		if c.Backlog != (i >= 25) {
			t.Errorf("%s: backlog %v", c.Item, c.Backlog)
		}
	}
}

// bcgov/entity#2253, and a site that moves: old items all at once are no news.
func TestManyOldItemsAtOnceAreBacklog(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Un", "", now))
	var doc []source.Record
	for i := range 6 {
		doc = append(doc, item(fmt.Sprint("m", i), fmt.Sprintf("Vieil avis %d", i), "", now.AddDate(0, -1, 0)))
	}
	doc = append(doc, item("n", "Du jour", "", now))
	for _, c := range l.Apply(doc, rules()) {
		if c.Backlog != (c.Item != "n") {
			t.Errorf("%s: backlog %v", c.Item, c.Backlog)
		}
	}
	// One old item alone is an officer publishing a draft.
	expect(t, l.Apply(append(doc, item("d", "Brouillon publié", "", now.AddDate(0, -1, 0))), rules()), "d@1")
}

// A typing error put right in a post of two years ago makes no alert of it.
func TestAnOldItemThatWasModifiedIsBacklog(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Un", "", now))
	modified := func(id string, published time.Time, change func(*record.Entry)) source.Record {
		r := item(id, id, "", published)
		e := r.Value.(record.Entry)
		e.Updated = now
		if change != nil {
			change(&e)
		}
		r.Value = e
		return r
	}
	expect(t, l.Apply([]source.Record{
		modified("verglas", now.AddDate(-2, 0, 0), nil),
		modified("récent", now.Add(-48*time.Hour), nil),
		modified("chantier", now.AddDate(-2, 0, 0), func(e *record.Entry) { e.Ends = now.AddDate(0, 1, 0) }),
	}, rules()), "verglas@1 backlog, récent@1, chantier@1")
}

func TestAlertInForceIsNeverBacklog(t *testing.T) {
	t.Parallel()
	alert := func(id string, expires time.Time) source.Record {
		return source.Record{Item: id, Value: record.Alert{Identifier: id, Sent: now.AddDate(0, 0, -10), Infos: []record.Info{{Event: id, Expires: expires}}}}
	}
	expect(t, (&Ledger{}).Apply([]source.Record{alert("crue", now.Add(time.Hour)), alert("passée", now.Add(-time.Hour))}, rules()), "crue@1, passée@1 backlog")
}

// Identifiers of MeteoAlarm hold the time of issue: each re-issue is another.
func TestReissuedAlertDoesNotRefire(t *testing.T) {
	t.Parallel()
	alert := func(id string, sent time.Time) source.Record {
		return source.Record{Item: id, Value: record.Alert{Identifier: id, Sent: sent, MsgType: "Alert", Infos: []record.Info{{Event: "Vigilance jaune orages", Expires: now.Add(time.Hour)}}}}
	}
	l := read(alert("FR.20261123100000", now))
	expect(t, l.Apply([]source.Record{alert("FR.20261123110000", now.Add(time.Hour))}, rules()), "")
}

// An update has its own headline and page.
func TestUpdatedAlertIsARevision(t *testing.T) {
	t.Parallel()
	alert := func(headline, page string) source.Record {
		return source.Record{Item: "1", URL: page, Value: record.Alert{Identifier: page, Sent: now, Infos: []record.Info{{Headline: headline, Expires: now.Add(time.Hour)}}}}
	}
	l := read(alert("Vent", "https://m.example/1"))
	expect(t, l.Apply([]source.Record{alert("Tempête", "https://m.example/2")}, rules()), "1@2")
}

func TestLedgerSurvivesItsStorage(t *testing.T) {
	t.Parallel()
	l := read(item("1", "Un", "https://m.example/1", now), item("1", "Deux", "https://m.example/2", now))
	body, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var back Ledger
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	expect(t, back.Apply([]source.Record{item("1", "Deux", "https://m.example/2", now), item("1", "Un", "https://m.example/1", now)}, rules()), "")
}

func TestLedgerIsBounded(t *testing.T) {
	t.Parallel()
	l := &Ledger{}
	for n := range 3 {
		var doc []source.Record
		for i := range 2000 {
			doc = append(doc, item(fmt.Sprintf("%d-%d", n, i), fmt.Sprintf("Avis %d %d", n, i), "", now))
		}
		r := rules()
		r.Now = now.Add(time.Duration(n) * time.Hour)
		l.Apply(doc, r)
		if len(l.Entries) > maxEntries {
			t.Fatalf("%d entries", len(l.Entries))
		}
		expect(t, l.Apply(doc, r), "") // what is shown is never forgotten
	}
}

func TestLongIdentifiersAreShortened(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 4000)
	l := &Ledger{}
	got := l.Apply([]source.Record{item(long+"1", "Un", "", now), item(long+"2", "Deux", "", now)}, rules())
	if len(got) != 2 || got[0].Item == got[1].Item || len(got[0].Item) > 400 {
		t.Errorf("got %d items", len(got))
	}
}
