package item_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// world is a stream and a message that a test changes.
type world struct {
	a   item.Arrival
	now time.Time
}

func newWorld(policy registry.Policy) *world {
	now := start()
	return &world{now: now, a: item.Arrival{
		Authority: registry.Authority{ID: "begles"},
		Stream:    registry.Stream{Authority: "begles", ID: "infos", Policy: policy, Channels: []string{"sms", "panneaux"}},
		Trust:     registry.TrustOwn,
		Message: events.Message{
			ID: "m1", Seq: "s1", Revision: 1, Authority: "begles", Source: "site", Status: events.StatusActual, MsgType: events.MsgAlert,
			Class: events.ClassService, Topic: "eau", Severity: events.SeverityMinor,
			Content: events.Content{Language: "fr", Title: "Coupure d’eau", Text: "Rue du Port.", HTML: "<p>Rue du Port.</p>"},
			Sent:    now, Expires: now.Add(24 * time.Hour), FetchedAt: now,
			Origin: []events.Provenance{{Authority: "begles", Source: "site"}},
		},
	}}
}

func (w *world) rules() item.Rules { return item.Rules{Authority: w.a.Authority, Stream: w.a.Stream} }

func (w *world) later(d time.Duration) { w.now = w.now.Add(d) }

// update is the source's next revision.
func (w *world) update(change func(*events.Message)) {
	w.a.Message.Revision++
	w.a.Message.Seq = fmt.Sprintf("s%d", w.a.Message.Revision)
	w.a.Message.MsgType = events.MsgUpdate
	if change != nil {
		change(&w.a.Message)
	}
}

func (w *world) new(t *testing.T) item.Item {
	t.Helper()
	it, ok := item.New(w.a, w.now)
	if !ok {
		t.Fatal("no item")
	}
	return it
}

// sent stores Outgoing, as the desk does.
func sent(t *testing.T, it *item.Item) events.Publication {
	t.Helper()
	if it.Outgoing == nil {
		t.Fatalf("nothing is outgoing in state %s", it.State)
	}
	p := *it.Outgoing
	if _, err := events.Marshal(p); err != nil {
		t.Fatal(err)
	}
	it.Sent(p.Revision)
	if err := it.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNew(t *testing.T) {
	t.Parallel()
	alert := func(w *world) { w.a.Message.Class = events.ClassAlert }
	tests := []struct {
		name   string
		policy registry.Policy
		change func(*world)
		want   item.State // "" for no item
	}{
		{name: "review", policy: registry.Review, want: item.Pending},
		{name: "automatic", policy: registry.Automatic, want: item.Received},
		{name: "automatic, old news", policy: registry.Automatic, change: func(w *world) { w.a.Message.Backlog = true }, want: item.Pending},
		{name: "automatic, an exercise", policy: registry.Automatic, change: func(w *world) { w.a.Message.Status = events.StatusExercise }, want: item.Pending},
		{name: "automatic, paused", policy: registry.Automatic, change: func(w *world) { w.a.Stream.Paused = true }, want: item.Pending},
		{name: "automatic, anybody's source", policy: registry.Automatic, change: func(w *world) { w.a.Trust = registry.TrustPublic }, want: item.Pending},
		{name: "automatic, written in the console", policy: registry.Automatic, change: func(w *world) { w.a.Manual = true }, want: item.Pending},
		{name: "automatic alert", policy: registry.Automatic, change: alert, want: item.Pending},
		{name: "automatic alert of the State, not relayed", policy: registry.Automatic, change: func(w *world) { alert(w); w.a.Trust = registry.TrustState }, want: item.Pending},
		{name: "alert of the State, relayed", policy: registry.Review, change: func(w *world) {
			alert(w)
			w.a.Trust, w.a.Authority.RelayStateAlerts = registry.TrustState, true
		}, want: item.Received},
		{name: "already expired", policy: registry.Review, change: func(w *world) { w.a.Message.Expires = w.now }},
		{name: "withdrawn before it was seen", policy: registry.Review, change: func(w *world) { w.a.Message.MsgType = events.MsgCancel }},
		{name: "incident told already", policy: registry.Automatic, change: func(w *world) { w.a.Told = &item.Item{ID: "first", Message: w.a.Message} }, want: item.Covered},
		{name: "incident told already, less severe", policy: registry.Automatic, change: func(w *world) {
			w.a.Told = &item.Item{ID: "first", Message: w.a.Message}
			w.a.Message.Severity = events.SeveritySevere
		}, want: item.Pending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(tt.policy)
			if tt.change != nil {
				tt.change(w)
			}
			it, ok := item.New(w.a, w.now)
			if it.State != tt.want || ok != (tt.want != "") {
				t.Fatalf("state %q, %t, want %q", it.State, ok, tt.want)
			}
			if out := it.Outgoing != nil; out != (tt.want == item.Received) {
				t.Errorf("outgoing: %t", out)
			}
			if again, _ := item.New(w.a, w.now); again.ID != it.ID {
				t.Error("the ID differs the second time")
			}
		})
	}
}

func TestReceiveTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	sent(t, &it)
	if it.Receive(w.a, w.now) {
		t.Error("the same revision changed the item")
	}
	w.update(nil)
	newer := w.a
	if !it.Receive(newer, w.now) {
		t.Fatal("a new revision changed nothing")
	}
	sent(t, &it)
	w.a.Message.Revision, w.a.Message.Seq = 1, "s1"
	if it.Receive(w.a, w.now) || it.Revision() != 2 {
		t.Error("an older revision, late, changed the item")
	}
}

func TestAutomaticCorrectionAndWithdrawalPropagate(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	first := sent(t, &it)
	if first.MsgType != events.MsgAlert || first.Revision != 1 || first.By[0] != "rule:infos" || len(first.Channels) != 2 {
		t.Errorf("first publication %+v", first)
	}
	w.update(func(m *events.Message) { m.Content.Title = "Coupure d’eau reportée" })
	it.Receive(w.a, w.now)
	second := sent(t, &it)
	if second.MsgType != events.MsgUpdate || second.Correction || second.Revision != 2 || second.Audience.CorrectionOf != 1 || second.Content.Title != "Coupure d’eau reportée" {
		t.Errorf("correction %+v", second)
	}
	w.update(func(m *events.Message) {
		m.MsgType = events.MsgCancel
		m.Content = events.Content{Language: "fr", Title: "Information retirée"}
	})
	it.Receive(w.a, w.now)
	third := sent(t, &it)
	if third.MsgType != events.MsgCancel || third.Revision != 3 || third.Content.Title != "Coupure d’eau reportée" || it.State != item.Withdrawn {
		t.Errorf("withdrawal %+v, state %s", third, it.State)
	}
	w.update(func(m *events.Message) { m.Content.Title = "Coupure maintenue" })
	it.Receive(w.a, w.now)
	if fourth := sent(t, &it); fourth.MsgType != events.MsgAlert || fourth.Revision != 4 || fourth.Audience.CorrectionOf != 0 {
		t.Errorf("said again %+v", fourth)
	}
}

func TestCorrectionOfADangerIsForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	sent(t, &it)
	w.update(func(m *events.Message) { m.Severity = events.SeveritySevere })
	it.Receive(w.a, w.now)
	if p := sent(t, &it); p.Audience.CorrectionOf != 0 {
		t.Errorf("a graver revision is only for those who had the first: %+v", p.Audience)
	}
}

func TestReviewedCorrectionComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	it := w.new(t)
	if done, err := it.Approve("ana", w.rules(), time.Time{}, w.now); !done || err != nil {
		t.Fatal(done, err)
	}
	sent(t, &it)
	w.update(func(m *events.Message) { m.Content.Title = "Reportée" })
	it.Receive(w.a, w.now)
	if it.State != item.Pending || it.Outgoing != nil || !it.Changed || !it.Live() {
		t.Fatalf("after the source changed: %s, outgoing %v, changed %t", it.State, it.Outgoing, it.Changed)
	}
	refused := it
	if err := refused.Reject("ana", "", w.now); err != nil || refused.State != item.Published {
		t.Errorf("refusing a correction leaves %s, %v", refused.State, err)
	}
	if done, err := it.Approve("ana", w.rules(), time.Time{}, w.now); !done || err != nil {
		t.Fatal(done, err)
	}
	if p := sent(t, &it); p.MsgType != events.MsgUpdate || p.Revision != 2 {
		t.Errorf("correction %+v", p)
	}
	w.update(func(m *events.Message) { m.MsgType = events.MsgCancel })
	it.Receive(w.a, w.now)
	if it.State != item.Pending || !it.Cancelled {
		t.Fatalf("after the source withdrew: %s, cancelled %t", it.State, it.Cancelled)
	}
	if done, err := it.Approve("ana", w.rules(), time.Time{}, w.now); !done || err != nil {
		t.Fatal(done, err)
	}
	if p := sent(t, &it); p.MsgType != events.MsgCancel || it.State != item.Withdrawn {
		t.Errorf("withdrawal %+v", p)
	}
}

func TestAlertNeedsTwoPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	w.a.Message.Class = events.ClassAlert
	it := w.new(t)
	if done, err := it.Approve("ana", w.rules(), time.Time{}, w.now); done || err != nil || it.Outgoing != nil {
		t.Fatalf("one approval: done %t, %v, outgoing %v", done, err, it.Outgoing)
	}
	if _, err := it.Approve("ana", w.rules(), time.Time{}, w.now); !errors.Is(err, item.ErrAgain) || it.Outgoing != nil {
		t.Fatalf("the same person twice: %v", err)
	}
	edited := it
	err := edited.Write(item.Draft{Content: events.Content{Language: "fr", Title: "Autre"}, By: "bob", Expires: it.Expires, Channels: []string{"sms"}}, w.rules(), w.now)
	if err != nil || len(edited.Approvals) != 0 {
		t.Errorf("an edit keeps %d approvals, %v", len(edited.Approvals), err)
	}
	if done, err := it.Approve("bob", w.rules(), time.Time{}, w.now); !done || err != nil {
		t.Fatal(done, err)
	}
	if p := sent(t, &it); len(p.By) != 2 || p.By[0] == p.By[1] {
		t.Errorf("approved by %v", p.By)
	}
}

func TestRewordedStateAlertIsNoLongerTheStates(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	w.a.Message.Class, w.a.Trust, w.a.Authority.RelayStateAlerts = events.ClassAlert, registry.TrustState, true
	w.a.Message.Backlog = true // to review
	it := w.new(t)
	if n := it.Needed(w.rules()); n != 1 {
		t.Errorf("word for word needs %d", n)
	}
	draft := item.Draft{Content: it.Content(), By: "ana", Expires: it.Expires, Channels: []string{"sms"}}
	draft.Variants = []events.Content{{Language: "fr-simple", Title: "Danger, restez chez vous"}}
	if err := it.Write(draft, w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	if n := it.Needed(w.rules()); n != 2 {
		t.Errorf("said in other words beside needs %d", n)
	}
	c := it.Content()
	c.Title = "À ma façon"
	if err := it.Write(item.Draft{Content: c, By: "ana", Expires: it.Expires, Channels: []string{"sms"}}, w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	if n := it.Needed(w.rules()); n != 2 {
		t.Errorf("reworded needs %d", n)
	}
}

func TestWriteRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	good := func() item.Draft {
		return item.Draft{Content: events.Content{Language: "fr", Title: "T"}, By: "ana", Expires: w.now.Add(time.Hour), Channels: []string{"sms"}}
	}
	tests := []struct {
		name   string
		change func(*item.Draft)
		want   error
	}{
		{name: "good"},
		{name: "no title", change: func(d *item.Draft) { d.Content.Title = " " }, want: item.ErrTitle},
		{name: "no channel", change: func(d *item.Draft) { d.Channels = nil }, want: item.ErrChannels},
		{name: "a channel of another stream", change: func(d *item.Draft) { d.Channels = []string{"fax"} }, want: item.ErrChannels},
		{name: "expired", change: func(d *item.Draft) { d.Expires = w.now }, want: item.ErrExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			it := w.new(t)
			d := good()
			if tt.change != nil {
				tt.change(&d)
			}
			if err := it.Write(d, w.rules(), w.now); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if tt.want != nil && it.Draft != nil {
				t.Error("a refused edit was kept")
			}
		})
	}
}

func TestEditDropsWhatItContradicts(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	w.a.Message.Variants = []events.Content{{Language: "en", Title: "Water cut"}}
	it := w.new(t)
	c := it.Content()
	c.Text = "Rue du Port, toute la journée."
	d := item.Draft{Content: c, By: "ana", Expires: it.Expires, Channels: []string{"sms", "fax"}, Overrides: []events.Override{{Channel: "sms", Text: "Eau coupée"}}}
	if err := it.Write(d, w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Approve("ana", w.rules(), time.Time{}, w.now); err != nil {
		t.Fatal(err)
	}
	p := sent(t, &it)
	if p.Content.HTML != "" || len(p.Variants) != 0 || strings.Join(p.Channels, " ") != "sms" {
		t.Errorf("publication keeps what the officer rewrote: %+v", p)
	}
	if text, ok := p.Text("sms"); !ok || text != "Eau coupée" {
		t.Errorf("override %q, %t", text, ok)
	}
}

func TestScheduleAndExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	it := w.new(t)
	if _, err := it.Approve("ana", w.rules(), w.now.Add(25*time.Hour), w.now); !errors.Is(err, item.ErrExpired) {
		t.Errorf("scheduled after its expiry: %v", err)
	}
	if done, err := it.Approve("ana", w.rules(), w.now.Add(2*time.Hour), w.now); !done || err != nil || it.State != item.Scheduled || it.Outgoing != nil {
		t.Fatalf("schedule: %t, %v, state %s", done, err, it.State)
	}
	if it.Due(w.now.Add(time.Hour)) {
		t.Error("due an hour early")
	}
	w.later(2 * time.Hour)
	late := it
	if err := it.Release(w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	sent(t, &it)
	if it.State != item.Published || it.Expire(w.now) {
		t.Errorf("state %s", it.State)
	}
	w.later(48 * time.Hour)
	if !it.Expire(w.now) || it.State != item.Expired || it.Expire(w.now) {
		t.Errorf("state %s", it.State)
	}
	if !late.Expire(w.now) || late.Due(w.now) {
		t.Error("an item that waited too long would still leave")
	}
}

func TestRejectedStaysRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	it := w.new(t)
	if err := it.Reject("ana", "hors sujet", w.now); err != nil {
		t.Fatal(err)
	}
	w.update(func(m *events.Message) { m.Content.Title = "Coupure d'eau" })
	it.Receive(w.a, w.now)
	if it.State != item.Rejected {
		t.Errorf("a retouched headline came back as %s", it.State)
	}
	w.update(func(m *events.Message) { m.Severity = events.SeverityExtreme })
	it.Receive(w.a, w.now)
	if it.State != item.Pending {
		t.Errorf("a danger that grew stays %s", it.State)
	}
}

func TestOfficersTextOutlivesTheSources(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	sent(t, &it)
	c := it.Content()
	c.Title = "Mon titre"
	if err := it.Write(item.Draft{Content: c, By: "ana", Expires: it.Expires, Channels: []string{"sms"}}, w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Approve("ana", w.rules(), time.Time{}, w.now); err != nil {
		t.Fatal(err)
	}
	sent(t, &it)
	w.update(func(m *events.Message) { m.Content.Title = "Titre de la source" })
	it.Receive(w.a, w.now)
	if it.State != item.Pending || it.Content().Title != "Mon titre" || !it.Changed {
		t.Fatalf("state %s, title %q, changed %t", it.State, it.Content().Title, it.Changed)
	}
	if err := it.Reset("ana", w.now); err != nil || it.Content().Title != "Titre de la source" {
		t.Errorf("reset: %q, %v", it.Content().Title, err)
	}
}

func TestWithdrawAsksWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	sent(t, &it)
	if err := it.Withdraw("ana", " ", w.now); !errors.Is(err, item.ErrNoReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := it.Withdraw("ana", "erreur de date", w.now); err != nil {
		t.Fatal(err)
	}
	if p := sent(t, &it); p.Reason != "erreur de date" || p.MsgType != events.MsgCancel || p.Audience.CorrectionOf != 1 {
		t.Errorf("withdrawal %+v", p)
	}
	if err := it.Withdraw("ana", "encore", w.now); !errors.Is(err, item.ErrState) {
		t.Errorf("withdrawn twice: %v", err)
	}
}

func TestHistoryIsBoundedAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Review)
	it := w.new(t)
	for range 3 * item.MaxHistory {
		w.update(nil)
		it.Receive(w.a, w.now)
	}
	if len(it.History) != item.MaxHistory || it.Changes != 3*item.MaxHistory+1 {
		t.Errorf("%d lines of %d changes", len(it.History), it.Changes)
	}
	it.MarkAudited(it.Changes - 2)
	if first, rest := it.Unaudited(); first != it.Changes-2 || len(rest) != 2 {
		t.Errorf("unaudited from %d: %d", first, len(rest))
	}
}

func TestAudienceAreas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		codes []string
		want  string
	}{
		{"none", nil, ""},
		{"communes", []string{"33063", "33039", "33063"}, "33039 33063"},
		{"a département is everybody", []string{"33063", "33"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(registry.Review)
			w.a.Message.Areas = []events.Area{{INSEE: tt.codes}}
			if got := strings.Join(w.new(t).Preview(w.a.Stream, w.now).Audience.Areas, " "); got != tt.want {
				t.Errorf("areas %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnOfficersCorrectionIsToldFromTheSourcesNews(t *testing.T) {
	t.Parallel()
	w := newWorld(registry.Automatic)
	it := w.new(t)
	sent(t, &it)
	c := it.Content()
	c.Title = "Coupure d’eau le 5, et non le 4"
	if err := it.Write(item.Draft{Content: c, By: "ana", Expires: it.Expires, Channels: []string{"sms"}}, w.rules(), w.now); err != nil {
		t.Fatal(err)
	}
	if done, err := it.Approve("ana", w.rules(), time.Time{}, w.now); !done || err != nil {
		t.Fatal(done, err)
	}
	if p := sent(t, &it); p.MsgType != events.MsgUpdate || !p.Correction {
		t.Errorf("%s, correction %t", p.MsgType, p.Correction)
	}
}
