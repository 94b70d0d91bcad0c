package channeltest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Wall is a provider that keeps what is posted.
type Wall struct {
	Handler http.Handler    // the provider's API
	Shown   func() []string // the texts posted now, as the provider keeps them
	// Renames tells that an update gives the post another name.
	Renames bool
	// New makes a channel on the provider at an address without a final slash.
	New func(t *testing.T, url string) channel.Endpoint
}

// stage is a channel on a wall whose answers can be lost.
type stage struct {
	channel channel.Endpoint
	wall    Wall
	lossy   atomic.Bool
}

func newStage(t *testing.T, wall Wall) *stage {
	t.Helper()
	s := &stage{wall: wall}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.lossy.Load() || r.Method == http.MethodGet {
			wall.Handler.ServeHTTP(w, r)
			return
		}
		wall.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // done, and the answer lost
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	s.channel = wall.New(t, server.URL)
	return s
}

// Acts runs the table of what may be done twice: publishing, editing and
// withdrawing, done or not when the answer was lost. wall makes a fresh
// provider.
func Acts(t *testing.T, wall func(t *testing.T) Wall) {
	t.Helper()
	for _, action := range []events.Action{events.ActionPublish, events.ActionUpdate, events.ActionWithdraw} {
		for _, done := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/done=%t", action, done), func(t *testing.T) {
				s := newStage(t, wall(t))
				switch action {
				case events.ActionPublish:
					s.publish(t, done)
				case events.ActionUpdate:
					s.update(t, done)
				case events.ActionWithdraw:
					s.withdraw(t, done)
				}
			})
		}
	}
	t.Run("update/gone", func(t *testing.T) { newStage(t, wall(t)).updateGone(t) })
}

// post renders a revision; the later ones have another title.
func (s *stage) post(t *testing.T, action events.Action, revision int, remote string) channel.Post {
	t.Helper()
	p, profile := Publication(), Profile()
	p.Revision = revision
	if revision > 1 {
		p.Content.Title = "Coupure reportée"
	}
	profile.Endpoint = "endpoint"
	r, err := channel.Render(s.channel, p, profile)
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Remote: remote, Delivery: events.Delivery{
		ID: events.DeliveryID(p.ID, revision, "c", "endpoint", 0), Publication: p.ID, Revision: revision, Authority: p.Authority,
		Stream: p.Stream, Channel: "c", Kind: r.Kind, Class: p.Class, Action: action, Endpoint: "endpoint",
		Rendition: r, Expires: p.Expires, CreatedAt: time.Now(),
	}}
}

func (s *stage) deliver(t *testing.T, p channel.Post) string {
	t.Helper()
	r, err := s.channel.Deliver(t.Context(), p)
	if err != nil || r.Remote == "" {
		t.Fatalf("deliver: %+v, %v", r, err)
	}
	return r.Remote
}

// shows fails unless the wall has exactly one post for each of texts.
func (s *stage) shows(t *testing.T, texts ...string) {
	t.Helper()
	got := s.wall.Shown()
	ok := len(got) == len(texts)
	for i := 0; ok && i < len(texts); i++ {
		ok = strings.Contains(got[i], texts[i])
	}
	if !ok {
		t.Errorf("the provider shows %d posts %q, want %q", len(got), got, texts)
	}
}

const (
	firstTitle = "Coupure d’eau"
	laterTitle = "Coupure reportée"
)

// publish: reconciling finds what was done, and says what was not.
func (s *stage) publish(t *testing.T, done bool) {
	t.Helper()
	asker, ok := s.channel.(channel.Reconciler)
	if !ok {
		t.Skip("this kind cannot tell")
	}
	p := s.post(t, events.ActionPublish, 1, "")
	if !done {
		if r, err := asker.Reconcile(t.Context(), p); !channel.WasNeverPosted(err) {
			t.Errorf("reconcile: %+v, %v", r, err)
		}
		s.shows(t)
		return
	}
	s.lossy.Store(true)
	if _, err := s.channel.Deliver(t.Context(), p); events.OutcomeOf(err).Reason != events.ReasonAmbiguous {
		t.Errorf("a lost answer: %v", err)
	}
	s.lossy.Store(false)
	r, err := asker.Reconcile(t.Context(), p)
	if err != nil || r.Remote == "" {
		t.Errorf("reconcile: %+v, %v", r, err)
	}
	s.shows(t, firstTitle)
	other := p
	other.Delivery.ID, other.Delivery.CreatedAt = "another", time.Now().Add(time.Hour)
	if r, err := asker.Reconcile(t.Context(), other); !channel.WasNeverPosted(err) {
		t.Errorf("reconcile another delivery, made later: %+v, %v", r, err)
	}
}

// update: after a lost answer it is done again, with the same effect.
func (s *stage) update(t *testing.T, done bool) {
	t.Helper()
	updater, ok := s.channel.(channel.Updater)
	if !ok {
		t.Skip("this kind cannot edit")
	}
	p := s.post(t, events.ActionUpdate, 2, s.deliver(t, s.post(t, events.ActionPublish, 1, "")))
	if done {
		s.lose(t, func() error { _, err := updater.Update(t.Context(), p); return err })
		if !s.wall.Renames { // a post made anew takes a second step
			s.shows(t, laterTitle)
		}
	}
	if r, err := updater.Update(t.Context(), p); err != nil || r.Remote == "" || r.Remote != p.Remote && !s.wall.Renames {
		t.Errorf("update: %+v, %v", r, err)
	}
	s.shows(t, laterTitle)
}

func (s *stage) withdraw(t *testing.T, done bool) {
	t.Helper()
	withdrawer, ok := s.channel.(channel.Withdrawer)
	if !ok {
		t.Skip("this kind cannot withdraw")
	}
	p := s.post(t, events.ActionWithdraw, 2, s.deliver(t, s.post(t, events.ActionPublish, 1, "")))
	if done {
		s.lose(t, func() error { _, err := withdrawer.Withdraw(t.Context(), p); return err })
		s.shows(t)
	}
	if r, err := withdrawer.Withdraw(t.Context(), p); err != nil || r.Remote != p.Remote {
		t.Errorf("withdraw: %+v, %v", r, err)
	}
	s.shows(t)
}

// lose calls f with its answer lost: safe to call again, thus not ambiguous.
func (s *stage) lose(t *testing.T, f func() error) {
	t.Helper()
	s.lossy.Store(true)
	defer s.lossy.Store(false)
	if o := events.OutcomeOf(f()); o.Kind != events.TransientFailure || o.Reason == events.ReasonAmbiguous {
		t.Errorf("a lost answer to what may be done twice: %+v", o)
	}
}

// updateGone: what somebody deleted by hand is posted anew at most once.
func (s *stage) updateGone(t *testing.T) {
	t.Helper()
	updater, ok := s.channel.(channel.Updater)
	withdrawer, both := s.channel.(channel.Withdrawer)
	if !ok || !both {
		t.Skip("this kind cannot edit or withdraw")
	}
	if _, ok := s.channel.(channel.Reconciler); !ok {
		t.Skip("this kind cannot tell what was posted anew")
	}
	first := s.post(t, events.ActionPublish, 1, "")
	first.Remote = s.deliver(t, first)
	if _, err := withdrawer.Withdraw(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	p := s.post(t, events.ActionUpdate, 2, first.Remote)
	for range 2 {
		if _, err := updater.Update(t.Context(), p); err != nil {
			t.Errorf("update of what is gone: %v", err)
		}
	}
	s.shows(t, laterTitle)
}
