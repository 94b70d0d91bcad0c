package outside

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Received is one thing that reached somebody.
type Received struct {
	Seq   int64
	Kind  string // sms, email, push, mastodon, slack
	At    time.Time
	To    string
	From  string
	Title string
	Text  string
	Link  string
	State string // "", edited or deleted
	key   string // what edits and deletes name
}

// Lines are the lines of the text that say something.
func (r Received) Lines() []string {
	var out []string
	for line := range strings.Lines(r.Text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// inboxSize bounds the memory of a long demonstration.
const inboxSize = 2000

// Inbox keeps what was received, newest first when listed.
type Inbox struct {
	mu     sync.Mutex
	seq    int64
	list   []Received
	totals map[string]int
	wake   chan struct{}
}

// NewInbox returns an empty inbox.
func NewInbox() *Inbox { return &Inbox{totals: map[string]int{}, wake: make(chan struct{})} }

func (b *Inbox) add(r Received) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	r.Seq, r.At = b.seq, time.Now().UTC()
	if len(b.list) == inboxSize {
		b.list = slices.Delete(b.list, 0, 1)
	}
	b.list = append(b.list, r)
	b.totals[r.Kind]++
	b.changed()
}

// change edits the newest thing of a kind and key; false when there is none.
func (b *Inbox) change(kind, key string, edit func(*Received)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.list) - 1; i >= 0; i-- {
		if b.list[i].Kind == kind && b.list[i].key == key {
			edit(&b.list[i])
			b.changed()
			return true
		}
	}
	return false
}

func (b *Inbox) changed() {
	close(b.wake)
	b.wake = make(chan struct{})
}

// List returns the newest n things of a kind (all kinds when empty), newest
// first.
func (b *Inbox) List(kind string, n int) []Received {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Received
	for i := len(b.list) - 1; i >= 0 && len(out) < n; i-- {
		if kind == "" || b.list[i].Kind == kind {
			out = append(out, b.list[i])
		}
	}
	return out
}

// Total counts all that was ever received of a kind.
func (b *Inbox) Total(kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.totals[kind]
}

// Changed is closed at the next change.
func (b *Inbox) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wake
}
