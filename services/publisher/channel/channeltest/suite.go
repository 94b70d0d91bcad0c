package channeltest

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Fault is what is wrong with a peer.
type Fault string

// The faults, and what a channel must answer.
const (
	OK        Fault = "ok"        // done, with the provider's name for it
	Transient Fault = "transient" // refused for now: to be sent again
	Permanent Fault = "permanent" // refused for good
	Throttled Fault = "throttled" // 429 and the like: rate_limited, with how long to wait
	Silent    Fault = "silent"    // takes the message and never answers: ambiguous
	Absent    Fault = "absent"    // nobody listens: surely not sent
)

// patience is for a busy machine: what takes so long never ends.
const patience = 30 * time.Second

// Scene is a channel and its peer in one state.
type Scene struct {
	Channel channel.Channel
	Contact string        // of a Batch: who has this fault
	Run     bool          // the channel's own work is to be run
	Logs    func() string // what it logged; may be nil
	Within  time.Duration // how long a silent peer is waited for, and an absent one; default 1 s, and 30 s
	Ready   func() bool   // the channel's work is under way; may be nil
}

// Suite is one channel kind under test.
type Suite struct {
	// Scene makes the channel for a fault; nil where the kind cannot have it.
	Scene func(t *testing.T, f Fault) *Scene
	// Secrets must never show in an error or log: tokens, contacts.
	Secrets []string
}

// Publication is what the suite publishes.
func Publication() events.Publication {
	at := time.Date(2026, 5, 4, 7, 0, 0, 0, time.UTC)
	ends := at.Add(8 * time.Hour)
	return events.Publication{
		ID: events.PublicationID("pessac", "voirie", "m1"), Revision: 1, Authority: "pessac", Stream: "voirie", Message: "m1",
		Status: events.StatusActual, MsgType: events.MsgAlert, Class: events.ClassService, Topic: "voirie",
		Severity: events.SeverityMinor, Urgency: events.UrgencyExpected, Certainty: events.CertaintyLikely,
		Content: events.Content{
			Language: "fr", Title: "Coupure d’eau & travaux rue du Cœur", Summary: "La rue est fermée <le matin>.",
			Text: "L’eau sera coupée.\n\nPrévoyez des bouteilles.", Place: "Rue du Cœur", Instruction: "Ne buvez pas l’eau trouble.",
		},
		Onset: &at, Ends: &ends, NotBefore: at, Expires: at.Add(100 * 365 * 24 * time.Hour), At: at, SourceAt: at, FetchedAt: at,
		By: []string{"officer"},
	}
}

// Profile is the profile the suite renders for.
func Profile() channel.Profile {
	return channel.Profile{
		Authority: "Pessac", Stream: "Voirie", Language: "fr", Zone: registry.Authority{TimeZone: "Europe/Paris"}.Location(), Link: "https://pessac.example/p/abcdefghijkl",
	}
}

// Run runs the suite. It is not parallel: it counts goroutines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for _, f := range []Fault{OK, Transient, Permanent, Throttled, Silent, Absent} {
		t.Run(string(f), func(t *testing.T) {
			eventstest.NoLeak(t)
			scene := s.Scene(t, f)
			if scene == nil {
				t.Skip("this kind cannot have the fault")
			}
			work(t, scene)
			within := patience
			switch f {
			case Silent:
				within = cmp.Or(scene.Within, time.Second)
			case Absent:
				within = cmp.Or(scene.Within, patience)
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			r, err := deliver(t, ctx, scene)
			check(t, f, r)
			s.clean(t, scene, err, r)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		eventstest.NoLeak(t)
		scene := s.Scene(t, Silent)
		if scene == nil {
			t.Skip("this kind cannot be silent")
		}
		work(t, scene)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		r, err := deliver(t, ctx, scene)
		if took := time.Since(began); took > patience/3 {
			t.Errorf("it took %s to end", took)
		}
		if r.Outcome.Kind != events.TransientFailure {
			t.Errorf("outcome %+v", r.Outcome)
		}
		s.clean(t, scene, err, r)
	})
	t.Run("render", func(t *testing.T) { render(t, s) })
	t.Run("correction and withdrawal", func(t *testing.T) { correct(t, s) })
}

func check(t *testing.T, f Fault, r channel.Result) {
	t.Helper()
	o := r.Outcome
	ok := true
	switch f {
	case OK:
		ok = o.Kind == events.Done && r.Remote != "" && !r.At.IsZero()
	case Transient:
		ok = r.Retry()
	case Permanent:
		ok = o.Kind == events.PermanentFailure && o.Reason != events.ReasonNone
	case Throttled:
		ok = r.Retry() && o.Reason == events.ReasonRateLimited && o.RetryAfter > 0
	case Silent:
		ok = r.Ambiguous()
	case Absent:
		ok = r.Retry() && o.Reason == events.ReasonConnection
	}
	if !ok {
		t.Errorf("result %+v", r)
	}
}

// work runs the channel's own work until the test ends.
func work(t *testing.T, scene *Scene) {
	t.Helper()
	runner, ok := scene.Channel.(channel.Runner)
	if !ok || !scene.Run {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if scene.Ready != nil {
		eventstest.Eventually(t, scene.Ready, patience, "the channel is not ready")
	}
}

// deliver sends the suite's publication to one recipient or endpoint.
func deliver(t *testing.T, ctx context.Context, scene *Scene) (channel.Result, error) {
	t.Helper()
	c := scene.Channel
	p, profile := Publication(), Profile()
	endpoint, isEndpoint := c.(channel.Endpoint)
	if isEndpoint {
		profile.Endpoint = "endpoint"
	}
	rendition, err := channel.Render(c, p, profile)
	if err != nil {
		t.Fatal(err)
	}
	d := events.Delivery{
		ID: events.DeliveryID(p.ID, 1, "c", profile.Endpoint, 0), Publication: p.ID, Revision: 1, Authority: p.Authority,
		Stream: p.Stream, Channel: "c", Kind: rendition.Kind, Class: p.Class, Action: events.ActionPublish, Endpoint: profile.Endpoint,
		Rendition: rendition, Expires: p.Expires, CreatedAt: time.Now(),
	}
	if isEndpoint {
		r, err := endpoint.Deliver(ctx, channel.Post{Delivery: d})
		if err != nil {
			r = channel.Failed(err, time.Now())
		}
		return r, err
	}
	batch, ok := c.(channel.Batch)
	if !ok {
		t.Fatal("a channel is an Endpoint or a Batch")
	}
	var results []channel.Result
	contact := call.Contact{Subscriber: "s1", Address: call.Address(scene.Contact), Unsubscribe: "/d/token"}
	batch.DeliverBatch(ctx, channel.Send{Delivery: d, Contacts: []call.Contact{contact}}, func(_ int, r channel.Result) {
		results = append(results, r)
	})
	if len(results) != 1 {
		t.Fatalf("%d results for one recipient", len(results))
	}
	return results[0], nil
}

// clean finds no secret in what a fault left.
func (s Suite) clean(t *testing.T, scene *Scene, err error, r channel.Result) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %v", err, r, scene.Channel)
	if scene.Logs != nil {
		text += scene.Logs()
	}
	for _, secret := range append(s.Secrets, scene.Contact, "Prévoyez des bouteilles") {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("%q shows in an error or log", secret)
		}
	}
}

// render is pure: the same twice, whatever happened in between.
func render(t *testing.T, s Suite) {
	t.Helper()
	scene := s.Scene(t, OK)
	first, err := channel.Render(scene.Channel, Publication(), Profile())
	if err != nil {
		t.Fatal(err)
	}
	second, err := channel.Render(s.Scene(t, OK).Channel, Publication(), Profile())
	if err != nil || first.Hash != second.Hash || string(first.Body) != string(second.Body) {
		t.Errorf("two renditions differ: %v\n%s\n%s", err, first.Body, second.Body)
	}
	if first.Hash == "" || first.Units < 1 || first.Text == "" {
		t.Errorf("rendition without hash, units or text: %+v", first)
	}
	other := Publication()
	other.Content.Title = "Autre chose"
	if changed, err := channel.Render(scene.Channel, other, Profile()); err != nil || changed.Hash == first.Hash {
		t.Errorf("another title gives the same rendition: %v", err)
	}
	if p, ok := scene.Channel.(channel.Previewer); ok {
		if _, err := p.Preview(first); err != nil {
			t.Errorf("preview: %v", err)
		}
	}
}
