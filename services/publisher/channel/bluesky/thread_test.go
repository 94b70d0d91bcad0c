package bluesky_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/bluesky"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

// withThread are the settings of threadStory's channel.
const withThread = "thread: 6\ncard: true"

func long(t *testing.T, c *bluesky.Channel, revision, sentences int) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	p.Revision, p.Content.Text = revision, strings.Repeat("Une phrase de travaux. ", sentences)
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: fmt.Sprint("d", revision), Publication: p.ID, Revision: revision, Rendition: r}}
}

// threadStory publishes a thread with a card, twice, corrects it and takes it
// back. records lists what the server keeps, by address, with its CID.
func threadStory(t *testing.T, c *bluesky.Channel, records func() map[bluesky.Ref]json.RawMessage) {
	t.Helper()
	first := long(t, c, 1, 30)
	for range 2 {
		if _, err := c.Deliver(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		isThread(t, records(), first.Delivery.Rendition.Units)
	}
	r, err := c.Reconcile(t.Context(), first)
	if err != nil || r.Units != first.Delivery.Rendition.Units || !strings.HasSuffix(r.Remote, bluesky.TID(first.Delivery.Publication, 1)) {
		t.Errorf("reconcile: %+v, %v", r, err)
	}
	second := long(t, c, 2, 14)
	for range 2 {
		if _, err := c.Update(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		isThread(t, records(), second.Delivery.Rendition.Units)
	}
	for range 2 {
		if _, err := c.Withdraw(t.Context(), long(t, c, 3, 1)); err != nil {
			t.Fatal(err)
		}
		if left := records(); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// isThread fails unless the records are one thread of n posts: each says its
// number, follows the one before under the first, and the first has the card.
func isThread(t *testing.T, records map[bluesky.Ref]json.RawMessage, n int) {
	t.Helper()
	if n < 2 || len(records) != n {
		t.Fatalf("%d records, want %d", len(records), n)
	}
	refs, posts := make([]bluesky.Ref, n), make([]bluesky.Record, n)
	for ref, raw := range records {
		var r bluesky.Record
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if strings.Contains(r.Text, fmt.Sprintf(" (%d/%d)", i+1, n)) {
				refs[i], posts[i] = ref, r
			}
		}
	}
	for i, p := range posts {
		if uniseg.GraphemeClusterCount(p.Text) > 300 || p.Text == "" {
			t.Errorf("post %d: %q", i, p.Text)
		}
		if i == 0 {
			if p.Reply != nil || p.Embed == nil || len(p.Embed.Images) != 1 || !strings.Contains(p.Embed.Images[0].Alt, "Coupure d’eau") {
				t.Errorf("the first: %+v", p)
			}
			continue
		}
		if p.Embed != nil || p.Reply == nil || p.Reply.Root != refs[0] || p.Reply.Parent != refs[i-1] {
			t.Errorf("post %d follows %+v, want %v under %v", i, p.Reply, refs[i-1], refs[0])
		}
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	p, url := newPDS(t)
	threadStory(t, newChannel(t, url, withThread), p.all)
}

func (p *pds) all() map[bluesky.Ref]json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[bluesky.Ref]json.RawMessage{}
	for key, raw := range p.records {
		out[bluesky.Ref{URI: "at://did:plc:a/app.bsky.feed.post/" + key, CID: "of-" + key}] = raw
	}
	return out
}

// TestThreadRefusedIsNotLeftInPart: a record that is refused takes those
// before it away.
func TestThreadRefusedIsNotLeftInPart(t *testing.T) {
	t.Parallel()
	p, url := newPDS(t)
	p.putsLeft = 3
	c := newChannel(t, url, withThread)
	if _, err := c.Deliver(t.Context(), long(t, c, 1, 30)); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("refused: %v", err)
	}
	if left := p.all(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
