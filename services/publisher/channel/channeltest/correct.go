package channeltest

import (
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// correct publishes, corrects and withdraws. What can be changed or taken back
// is, and twice is the same as once; what cannot, because people have it, says
// so in its first words.
func correct(t *testing.T, s Suite) {
	t.Helper()
	scene := s.Scene(t, OK)
	work(t, scene)
	updater, updates := scene.Channel.(channel.Updater)
	withdrawer, withdraws := scene.Channel.(channel.Withdrawer)
	if _, ok := scene.Channel.(channel.Batch); ok && (updates || withdraws) {
		t.Fatal("what was sent to people cannot be changed")
	}
	corrected, cancelled := revision(t, scene, 2, events.MsgUpdate), revision(t, scene, 3, events.MsgCancel)
	for said, p := range map[string]channel.Post{"rectificatif": corrected, "message retiré": cancelled} {
		changes := updates
		if said == "message retiré" {
			changes = withdraws
		}
		if text := strings.ToLower(p.Delivery.Rendition.Text); !changes && !strings.Contains(firstLine(text), said) {
			t.Errorf("%q does not begin by saying %q", text, said)
		}
	}
	rewritten(t, scene.Channel)
	endpoint, ok := scene.Channel.(channel.Endpoint)
	if !ok {
		return
	}
	r, err := endpoint.Deliver(t.Context(), revision(t, scene, 1, events.MsgAlert))
	if err != nil {
		t.Fatal(err)
	}
	do := func(what string, act func() (channel.Result, error)) {
		for try := range 2 {
			got, err := act()
			if err != nil || got.Remote == "" || got.Outcome.Kind != events.Done {
				t.Fatalf("%s, try %d: %+v, %v", what, try+1, got, err)
			}
			r = got
		}
	}
	if updates {
		corrected.Remote = r.Remote
		do("update", func() (channel.Result, error) { return updater.Update(t.Context(), corrected) })
	}
	if withdraws {
		cancelled.Remote = r.Remote
		do("withdraw", func() (channel.Result, error) { return withdrawer.Withdraw(t.Context(), cancelled) })
	}
}

// rewritten corrects and withdraws a message that an officer put in words of
// their own for the channel: it is marked as without them, and a withdrawal
// says why, and nothing of what it takes back.
func rewritten(t *testing.T, c channel.Channel) {
	t.Helper()
	const gone = "zanzibar" // in all that was said, and in no title
	for _, class := range []events.Class{events.ClassAlert, events.ClassService} {
		p, profile := Publication(), Profile()
		p.Class, p.Revision, p.MsgType, p.Correction = class, 2, events.MsgUpdate, true
		said := rendered(t, c, p, profile)
		marked := strings.Contains(strings.ToLower(firstLine(said.Text)), "rectificatif") // a panel has no room for it
		p.Overrides = []events.Override{{Channel: said.Channel, Text: "Allez tous à Zanzibar"}}
		if text := rendered(t, c, p, profile).Text; marked != strings.Contains(strings.ToLower(firstLine(text)), "rectificatif") {
			t.Errorf("%s: an officer's correction is not marked as others are: %q", class, text)
		}
		p.MsgType, p.Correction, p.Reason = events.MsgCancel, false, "Fausse alerte"
		p.Content = events.Content{
			Language: "fr", Title: "Départ", Summary: "Partez à Zanzibar.", Text: "Partez à Zanzibar ce soir.", HTML: "<p>Partez à Zanzibar ce soir.</p>",
			Instruction: "Gagnez Zanzibar.", Image: &events.Image{URL: "https://pessac.example/zanzibar.png", Alt: "Zanzibar"},
		}
		variant := p.Content
		variant.Language, variant.Title = "en", "Departure"
		p.Variants = []events.Content{variant}
		r := rendered(t, c, p, profile)
		text := strings.ToLower(strings.Join(strings.Fields(r.Text), " "))
		for _, want := range []string{"message retir", "fausse alerte"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the withdrawal %q does not say %q", class, r.Text, want)
			}
		}
		if strings.Contains(strings.ToLower(r.Text+string(r.Body)), gone) {
			t.Errorf("%s: the withdrawal repeats what is withdrawn: %q %s", class, r.Text, r.Body)
		}
	}
}

func rendered(t *testing.T, c channel.Channel, p events.Publication, profile channel.Profile) events.Rendition {
	t.Helper()
	r, err := channel.Render(c, p, profile)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// revision is a post of the suite's publication in one of its revisions.
func revision(t *testing.T, scene *Scene, n int, kind events.MsgType) channel.Post {
	t.Helper()
	p, profile := Publication(), Profile()
	p.Revision, p.MsgType, p.Correction = n, kind, kind == events.MsgUpdate
	if _, ok := scene.Channel.(channel.Endpoint); ok {
		profile.Endpoint = "endpoint"
	}
	r := rendered(t, scene.Channel, p, profile)
	action := map[events.MsgType]events.Action{events.MsgUpdate: events.ActionUpdate, events.MsgCancel: events.ActionWithdraw}[kind]
	if action == "" {
		action = events.ActionPublish
	}
	return channel.Post{Delivery: events.Delivery{
		ID: events.DeliveryID(p.ID, n, "c", profile.Endpoint, 0), Publication: p.ID, Revision: n, Authority: p.Authority, Stream: p.Stream,
		Channel: "c", Kind: r.Kind, Class: p.Class, Action: action, Endpoint: profile.Endpoint, Rendition: r, Expires: p.Expires, CreatedAt: time.Now(),
	}}
}
