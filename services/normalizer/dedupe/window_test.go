package dedupe_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/normalizer/dedupe"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// told is what a source tells of a thing.
type told struct {
	Topic, Title, Text string
	INSEE              []string
	Place, From, To    string
}

func (x told) message(t testing.TB, source string) events.Message {
	t.Helper()
	at := func(s string) *time.Time {
		v, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	end := at(x.To).Add(23 * time.Hour)
	id := events.MessageID("begles", source, x.Title)
	sent := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	return events.Message{
		ID: id, Incident: id, Authority: "begles", Source: source, Status: events.StatusActual, Topic: x.Topic,
		Content: events.Content{Title: x.Title, Text: x.Text}, Areas: []events.Area{{INSEE: x.INSEE, Place: x.Place}},
		Sent: sent, FetchedAt: sent, Onset: at(x.From), Ends: &end, Expires: end,
		Origin: []events.Provenance{{Source: source, RawID: source + x.Title, FetchedAt: sent}},
	}
}

// TestPairs measures incidents on labelled pairs: the thresholds are set on the
// first file, and never on the second.
func TestPairs(t *testing.T) {
	t.Parallel()
	for file, floor := range map[string]struct{ precision, recall float64 }{
		"pairs.json": {0.93, 0.93}, "heldout.json": {0.85, 0.72},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			pairs(t, file, floor.precision, floor.recall)
		})
	}
}

func pairs(t *testing.T, file string, leastPrecision, leastRecall float64) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Same bool
		A, B told
	}
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	var joined, right, due int
	for i, p := range list {
		w := dedupe.NewWindow(dedupe.NewMaker(stem.New()))
		a := w.Join(p.A.message(t, "one"))
		b := w.Join(p.B.message(t, "two"))
		same := b.Incident == a.ID
		if p.Same {
			due++
		}
		if same {
			joined++
		}
		if same && p.Same {
			right++
			if len(b.Origin) != 2 {
				t.Errorf("pair %d: provenance %+v", i, b.Origin)
			}
		}
		if same != p.Same {
			t.Logf("pair %d, same %v: %q and %q", i, p.Same, p.A.Title, p.B.Title)
		}
	}
	precision, recall := float64(right)/float64(max(1, joined)), float64(right)/float64(due)
	t.Logf("%d pairs: precision %.2f, recall %.2f", len(list), precision, recall)
	if precision < leastPrecision || recall < leastRecall {
		t.Errorf("precision %.2f and recall %.2f, want %.2f and %.2f", precision, recall, leastPrecision, leastRecall)
	}
}

func TestOneSourceMakesNoIncidentWithItself(t *testing.T) {
	t.Parallel()
	w := dedupe.NewWindow(dedupe.NewMaker(stem.New()))
	x := told{"eau", "Coupure d'eau", "L'eau sera coupée rue des Lilas pour des travaux sur le réseau.", []string{"33039"}, "", "2026-11-24", "2026-11-24"}
	a := x.message(t, "one")
	b := x.message(t, "one")
	b.ID = "other"
	b.Incident = "other"
	w.Join(a)
	if got := w.Join(b); got.Incident != "other" {
		t.Errorf("incident %s", got.Incident)
	}
	exercise := x.message(t, "two")
	exercise.Status = events.StatusExercise
	if got := w.Join(exercise); got.Incident != exercise.ID {
		t.Error("an exercise joined an incident")
	}
}

func TestWindowIsBounded(t *testing.T) {
	t.Parallel()
	w := dedupe.NewWindow(dedupe.NewMaker(stem.New()))
	x := told{"eau", "Coupure d'eau", "Texte.", []string{"33039"}, "", "2026-11-24", "2026-11-24"}
	m := x.message(t, "one")
	for i := range 60_000 {
		m.ID = fmt.Sprint(i)
		m.FetchedAt = m.FetchedAt.Add(time.Second)
		w.Learn(m)
	}
	if n := w.Len(); n > 50_000 || n < 40_000 {
		t.Errorf("%d remembered", n)
	}
	w.Forget(m.FetchedAt.Add(dedupe.Remembered + time.Hour))
	if n := w.Len(); n != 0 {
		t.Errorf("%d after all are old", n)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	raw := func(revision int, hash string) events.Raw {
		return events.Raw{ID: hash, Revision: revision, Hash: hash}
	}
	m := func(hash string) events.Message {
		return events.Message{ID: "m", Seq: events.MessageSeq("m", hash), Hash: hash, Revision: 1, Incident: "m", MsgType: events.MsgAlert, Content: events.Content{Title: hash, Text: "long"}}
	}
	action, first, s1 := dedupe.Decide(nil, raw(1, "a"), m("a"))
	if action != dedupe.Emit || first.Revision != 1 || s1.Message.Content.Text != "" {
		t.Fatalf("first: %v %+v", action, s1)
	}
	if _, forgotten, _ := dedupe.Decide(nil, raw(7, "a"), m("a")); forgotten.Revision != 7 || forgotten.Seq == first.Seq {
		t.Errorf("an item whose state is gone may be taken for an old revision: %d", forgotten.Revision)
	}
	if a, again, _ := dedupe.Decide(&s1, raw(1, "a"), m("a")); a != dedupe.Again || again.Seq != first.Seq || again.Content.Text != "long" {
		t.Errorf("after a crash before the emission: %v, %s", a, again.Seq)
	}
	s1.Emitted = true
	if a, _, _ := dedupe.Decide(&s1, raw(1, "a"), m("a")); a != dedupe.Skip {
		t.Errorf("handled already: %v", a)
	}
	if a, _, s := dedupe.Decide(&s1, raw(2, "a2"), m("a")); a != dedupe.Note || s.RawRevision != 2 || !s.Emitted {
		t.Errorf("the same meaning: %v %+v", a, s)
	}
	a, second, s2 := dedupe.Decide(&s1, raw(2, "b"), m("b"))
	if a != dedupe.Emit || second.Revision != 2 || second.MsgType != events.MsgUpdate {
		t.Errorf("an edit: %v %+v", a, second)
	}
	s2.Emitted = true
	if a, _, _ := dedupe.Decide(&s2, raw(1, "a"), m("a")); a != dedupe.Skip {
		t.Errorf("an older raw, late: %v", a)
	}
	_, third, _ := dedupe.Decide(&s2, raw(3, "a3"), m("a"))
	if third.Revision != 3 || third.Seq == first.Seq {
		t.Errorf("back to the first text: revision %d, seq %s", third.Revision, third.Seq)
	}
	gone := events.Raw{ID: "gone", Revision: 4, Withdrawn: true}
	a, cancel, s4 := dedupe.Decide(&s2, gone, events.Message{ID: "m", Hash: "w"})
	if a != dedupe.Emit || cancel.MsgType != events.MsgCancel || cancel.Content.Title != "b" || cancel.Refs[0] != "m" {
		t.Errorf("withdrawn: %v %+v", a, cancel)
	}
	s4.Emitted = true
	if a, _, _ := dedupe.Decide(&s4, events.Raw{ID: "gone2", Revision: 5, Withdrawn: true}, events.Message{ID: "m", Hash: "w"}); a != dedupe.Note {
		t.Errorf("withdrawn twice: %v", a)
	}
	if a, back, _ := dedupe.Decide(&s4, raw(5, "b5"), m("b")); a != dedupe.Emit || back.MsgType != events.MsgUpdate || back.Revision != 4 {
		t.Errorf("back after withdrawal: %v %+v", a, back)
	}
	if a, _, _ := dedupe.Decide(nil, gone, events.Message{}); a != dedupe.Skip {
		t.Errorf("withdrawn before it was seen: %v", a)
	}
}

// What ingest no longer remembers of a long source comes back as a first
// revision: an edit of it is still an update.
func TestEditOfWhatIngestForgot(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	m := events.Message{ID: "m", Hash: "new", Revision: 1, Incident: "m", MsgType: events.MsgAlert}
	prev := dedupe.State{RawID: "r3", RawRevision: 3, RawFetched: at, Emitted: true, Message: events.Message{ID: "m", Hash: "old", Revision: 3, Incident: "m"}}
	raw := events.Raw{ID: "r1", Revision: 1, FetchedAt: at.Add(time.Hour)}
	a, got, state := dedupe.Decide(&prev, raw, m)
	if a != dedupe.Emit || got.Revision != 4 || got.MsgType != events.MsgUpdate || state.RawRevision != 1 {
		t.Errorf("an edit of a forgotten item: %v, revision %d", a, got.Revision)
	}
	m.Hash = "old"
	if a, _, _ := dedupe.Decide(&prev, raw, m); a != dedupe.Note {
		t.Errorf("the forgotten item, unchanged: %v", a)
	}
	raw.FetchedAt = at
	if a, _, _ := dedupe.Decide(&prev, raw, m); a != dedupe.Skip {
		t.Errorf("the first revision, redelivered late: %v", a)
	}
	prev.RawRevision = 1
	raw.FetchedAt = at.Add(-time.Hour)
	if a, _, _ := dedupe.Decide(&prev, raw, m); a != dedupe.Skip {
		t.Errorf("one fetched before: %v", a)
	}
}

// BenchmarkJoin joins messages to a window of a busy département's day.
func BenchmarkJoin(b *testing.B) {
	body, err := os.ReadFile(filepath.Join("testdata", "pairs.json"))
	if err != nil {
		b.Fatal(err)
	}
	var list []struct{ A, B told }
	if err := json.Unmarshal(body, &list); err != nil {
		b.Fatal(err)
	}
	w := dedupe.NewWindow(dedupe.NewMaker(stem.New()))
	n := 0
	next := func() events.Message {
		x := list[n%len(list)].A
		if n%2 == 1 {
			x = list[n%len(list)].B
		}
		m := x.message(b, fmt.Sprintf("source-%d", n%40))
		m.ID = fmt.Sprintf("%s-%d", m.ID, n%5000)
		m.Incident = m.ID
		n++
		return m
	}
	for range 5000 {
		w.Join(next())
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Join(next())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
