package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	Key   string // what edits and deletes name
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

// saveEvery is how much of a killed demonstration may be forgotten.
const saveEvery = time.Second

// Inbox keeps what was received, newest first when listed, over restarts too.
type Inbox struct {
	file string

	mu      sync.Mutex
	all     received
	changes int64 // since the start
	wake    chan struct{}
}

// received is what the file holds.
type received struct {
	Seq    int64
	List   []Received
	Totals map[string]int
}

// openInbox reads what a file kept; one that does not exist is an empty inbox.
func openInbox(file string) (*Inbox, error) {
	b := &Inbox{file: file, all: received{Totals: map[string]int{}}, wake: make(chan struct{})}
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &b.all)
	}
	if err != nil {
		return nil, fmt.Errorf("outside: inbox: %s: %w", file, err)
	}
	return b, nil
}

// save writes the file whole, or leaves it as it was.
func (b *Inbox) save() error {
	b.mu.Lock()
	body, err := json.Marshal(b.all)
	b.mu.Unlock()
	if err == nil {
		err = os.WriteFile(b.file+".new", body, 0o600)
	}
	if err == nil {
		err = os.Rename(b.file+".new", b.file)
	}
	if err != nil {
		return fmt.Errorf("outside: inbox: %w", err)
	}
	return nil
}

// keep saves what changes until ctx ends, from the change that the caller
// already waits for: one that comes before this begins counts too.
func (b *Inbox) keep(ctx context.Context, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(saveEvery):
		}
		changed = b.Changed()
		_ = b.save() // the last one tells
	}
}

// last is the number of the newest.
func (b *Inbox) last() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Seq
}

func (b *Inbox) add(r Received) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all.Seq++
	r.Seq, r.At = b.all.Seq, time.Now().UTC()
	if len(b.all.List) == inboxSize {
		b.all.List = slices.Delete(b.all.List, 0, 1)
	}
	b.all.List = append(b.all.List, r)
	b.all.Totals[r.Kind]++
	b.changed()
}

// change edits the newest thing of a kind and key; false when there is none.
func (b *Inbox) change(kind, key string, edit func(*Received)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.all.List) - 1; i >= 0; i-- {
		if b.all.List[i].Kind == kind && b.all.List[i].Key == key {
			edit(&b.all.List[i])
			b.changed()
			return true
		}
	}
	return false
}

func (b *Inbox) changed() {
	b.changes++
	close(b.wake)
	b.wake = make(chan struct{})
}

// List returns the newest n things of a kind (all kinds when empty), newest
// first.
func (b *Inbox) List(kind string, n int) []Received {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Received
	for i := len(b.all.List) - 1; i >= 0 && len(out) < n; i-- {
		if kind == "" || b.all.List[i].Kind == kind {
			out = append(out, b.all.List[i])
		}
	}
	return out
}

// Total counts all that was ever received of a kind.
func (b *Inbox) Total(kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Totals[kind]
}

// Changes is how many changes there were since the start.
func (b *Inbox) Changes() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changes
}

// Changed is closed at the next change.
func (b *Inbox) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wake
}
