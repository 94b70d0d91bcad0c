package mastodon_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/mastodon"
)

// whole publishes as the engine does: what is transient is tried again, what
// is ambiguous is asked about.
func whole(t *testing.T, c *mastodon.Channel, post channel.Post) channel.Result {
	t.Helper()
	act := c.Deliver
	for range 20 {
		r, err := act(t.Context(), post)
		o := events.OutcomeOf(err)
		switch {
		case err == nil:
			return r
		case o.Reason == events.ReasonAmbiguous:
			act = c.Reconcile
		case channel.WasNeverPosted(err), o.Kind == events.TransientFailure:
			act = c.Deliver
		default:
			t.Fatal(err)
		}
	}
	t.Fatal("never done")
	return channel.Result{}
}

func threadOf(t *testing.T, c *mastodon.Channel, revision, sentences int) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	p.Revision, p.Content.Text = revision, strings.Repeat("Une phrase de travaux. ", sentences)
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: fmt.Sprint("d", revision), Rendition: r, CreatedAt: time.Now()}}
}

// TestThreadStandsOnceWhateverIsLost loses the answer of one request after the
// other: the thread is whole, in order, once.
func TestThreadStandsOnceWhateverIsLost(t *testing.T) {
	t.Parallel()
	for lost := range 12 {
		t.Run(fmt.Sprint("request ", lost), func(t *testing.T) {
			t.Parallel()
			peer, asked := newInstance(), 0
			peer.forgetful = true
			c := onInstance(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked == lost {
					peer.ServeHTTP(httptest.NewRecorder(), r)
					panic(http.ErrAbortHandler)
				}
				peer.ServeHTTP(w, r)
			}), "max_characters: 200", "thread: 6", "card: true")
			post := threadOf(t, c, 1, 20)
			r := whole(t, c, post)
			if r.Units != post.Delivery.Rendition.Units || r.Units < 3 {
				t.Fatalf("%d statuses of %d", r.Units, post.Delivery.Rendition.Units)
			}
			post.Remote = r.Remote
			holds(t, peer, r.Units)

			peer.mu.Lock()
			peer.next++
			peer.statuses = append(peer.statuses, posted{id: fmt.Sprint(peer.next), text: "Un passant : merci (2/3)", replyTo: r.Remote, at: time.Now()})
			peer.mu.Unlock()
			for revision, sentences := range map[int]int{2: 8, 3: 30} {
				edited := threadOf(t, c, revision, sentences)
				edited.Remote = r.Remote
				if _, err := c.Update(t.Context(), edited); err != nil && events.OutcomeOf(err).Kind == events.PermanentFailure {
					t.Fatal(err)
				}
				if _, err := c.Update(t.Context(), edited); err != nil {
					t.Fatal(err)
				}
				holds(t, peer, edited.Delivery.Rendition.Units)
			}
			if _, err := c.Withdraw(t.Context(), post); err != nil {
				if _, err = c.Withdraw(t.Context(), post); err != nil {
					t.Fatal(err)
				}
			}
			if left := peer.shown(); len(left) != 1 || !strings.HasPrefix(left[0], "Un passant") {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// holds fails unless the instance has exactly the statuses of one thread, each
// under the one before, the first with its picture.
func holds(t *testing.T, peer *instance, n int) {
	t.Helper()
	peer.mu.Lock()
	defer peer.mu.Unlock()
	ours := slices.DeleteFunc(slices.Clone(peer.statuses), func(p posted) bool { return strings.HasPrefix(p.text, "Un passant") })
	if len(ours) != n {
		t.Fatalf("%d statuses, want %d: %+v", len(ours), n, ours)
	}
	before := ""
	for i, s := range ours {
		if s.replyTo != before || !strings.Contains(s.text, fmt.Sprintf(" (%d/%d)", i+1, n)) {
			t.Errorf("status %d answers %q: %q", i, s.replyTo, s.text)
		}
		if i == 0 != (len(s.alts) == 1 && strings.Contains(s.alts[0], "Coupure d’eau")) {
			t.Errorf("status %d has pictures %q", i, s.alts)
		}
		before = s.id
	}
}

// TestThreadRefusedIsNotLeftInPart: a status that is refused takes those
// before it away.
func TestThreadRefusedIsNotLeftInPart(t *testing.T) {
	t.Parallel()
	peer, posts := newInstance(), 0
	c := onInstance(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if posts++; posts == 3 {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return
			}
		}
		peer.ServeHTTP(w, r)
	}), "max_characters: 200", "thread: 6")
	if _, err := c.Deliver(t.Context(), threadOf(t, c, 1, 20)); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("refused: %v", err)
	}
	if left := peer.shown(); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// TestCardIsAwaited: a server may take a picture and process it later.
func TestCardIsAwaited(t *testing.T) {
	t.Parallel()
	peer := newInstance()
	peer.pending = true
	c := onInstance(t, peer, "card: true")
	if _, err := c.Deliver(t.Context(), postOf(t, c)); err != nil {
		t.Fatal(err)
	}
	if len(peer.statuses) != 1 || len(peer.statuses[0].alts) != 1 {
		t.Errorf("statuses %+v", peer.statuses)
	}
}
