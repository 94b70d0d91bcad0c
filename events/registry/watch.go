package registry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// EventKind is what a watch tells.
type EventKind uint8

// The kinds of events.
const (
	Put         EventKind = iota // a value is there: new, or with a new revision
	Deleted                      // a value is there no more
	Undecodable                  // a value is there that is not of the type; Err says why
	Loaded                       // all that was stored has been told
	Lost                         // the watch broke for the reason Err, and will start again
)

// Event is one thing a watch tells. Key, Value, Revision and At are those of
// the entry; Deleted has only a Key, Loaded has nothing.
type Event[T any] struct {
	Kind EventKind
	Entry[T]
	Err error
}

// Watch tells every value strictly under the given tokens, then Loaded, then
// every change, until ctx ends; it returns ctx's error, or
// nats.ErrConnectionClosed once the connection is closed for good. handle is
// called from one goroutine at a time.
//
// After a reconnection, a restart of the server or the loss of the bucket it
// reads everything again, tells only what differs, deletions included, then
// Loaded again. So what was told is always the state of the bucket at some
// moment, and later the present one.
func Watch[T any](ctx context.Context, repo *Repository[T], handle func(Event[T]), under ...string) error {
	pattern, err := repo.pattern(under)
	if err != nil {
		return err
	}
	f := &follower[T]{repo: repo, pattern: pattern, handle: handle, seen: map[string]uint64{}}
	var reconnected chan nats.Status
	if repo.conn != nil {
		reconnected = repo.conn.StatusChanged(nats.CONNECTED)
		defer repo.conn.RemoveStatusListener(reconnected)
	}
	for failures := 0; ; {
		loaded, err := f.follow(ctx, reconnected)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if repo.conn != nil && repo.conn.IsClosed() {
			return fmt.Errorf("registry: watch %s: %w", pattern, nats.ErrConnectionClosed)
		}
		if loaded {
			failures = 0
		}
		if err != nil {
			failures++
			handle(Event[T]{Kind: Lost, Err: err})
		}
		if !wait(ctx, reconnected, retryAfter(failures)) {
			return ctx.Err()
		}
	}
}

// retryAfter is 0 after a watch that only has to start again, then 50 ms
// doubled up to 3.2 s, with jitter: views of many programs part.
func retryAfter(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	d := 50 * time.Millisecond << min(failures-1, 6)
	return d/2 + rand.N(d/2)
}

func wait(ctx context.Context, wake <-chan nats.Status, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-t.C:
	}
	return true
}

// checkEvery is how often a watch asks the server whether it missed anything.
// The client's ordered consumer finds its own gaps; this finds a bucket that
// was made anew and a consumer that died without a word.
const checkEvery = 15 * time.Second

// follower is the state of a Watch through its successive watchers.
type follower[T any] struct {
	repo    *Repository[T]
	pattern string
	handle  func(Event[T])
	seen    map[string]uint64 // stored key → last revision told
	round   map[string]bool   // keys found since the watcher started; nil once loaded
	last    uint64            // highest revision of this watcher
	bucket  bucketState       // at the last check

	lastAtCheck uint64
}

type bucketState struct {
	created time.Time
	lastSeq uint64
}

// follow runs one watcher until it has to be replaced: nil error when there
// was no fault. loaded says whether it came to the end of what is stored.
func (f *follower[T]) follow(ctx context.Context, reconnected <-chan nats.Status) (loaded bool, err error) {
	if f.bucket, err = f.state(ctx); err != nil {
		return false, err
	}
	w, err := f.repo.kv.Watch(ctx, f.pattern)
	if err != nil {
		return false, f.repo.fail("watch", f.pattern, err)
	}
	defer func() { _ = w.Stop() }() // a watcher that cannot be stopped is dead already
	f.round, f.last, f.lastAtCheck = map[string]bool{}, 0, 0
	check := time.NewTicker(f.repo.checkEvery)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return loaded, ctx.Err()
		case _, open := <-reconnected:
			if !open {
				return loaded, nats.ErrConnectionClosed
			}
			return loaded, nil
		case e, open := <-w.Updates():
			if !open {
				return loaded, fmt.Errorf("registry: watch %s: %w", f.pattern, nats.ErrBadSubscription)
			}
			if e != nil {
				f.tell(e)
			} else if f.round != nil {
				f.sweep()
				loaded = true
			}
		case <-check.C:
			idle := len(w.Updates()) == 0 && f.last == f.lastAtCheck
			f.lastAtCheck = f.last
			if err := f.check(ctx, idle); err != nil {
				return loaded, err
			}
		}
	}
}

// tell passes on what is new in e.
func (f *follower[T]) tell(e jetstream.KeyValueEntry) {
	f.last = max(f.last, e.Revision())
	key := e.Key()
	if e.Operation() != jetstream.KeyValuePut {
		delete(f.round, key)
		f.drop(key)
		return
	}
	if f.round != nil {
		f.round[key] = true
	}
	if f.seen[key] == e.Revision() {
		return
	}
	f.seen[key] = e.Revision()
	entry, err := f.repo.entry(e)
	if err != nil {
		entry.Revision, entry.At = e.Revision(), e.Created().UTC()
		if entry.Key == nil {
			entry.Key = Key{key}
		}
		f.handle(Event[T]{Kind: Undecodable, Entry: entry, Err: err})
		return
	}
	f.handle(Event[T]{Kind: Put, Entry: entry})
}

func (f *follower[T]) drop(stored string) {
	if _, told := f.seen[stored]; !told {
		return
	}
	delete(f.seen, stored)
	key, err := SplitKey(f.repo.prefix, stored)
	if err != nil {
		key = Key{stored}
	}
	f.handle(Event[T]{Kind: Deleted, Entry: Entry[T]{Key: key}})
}

// sweep ends the load: what was told before and is not there now is deleted.
func (f *follower[T]) sweep() {
	for key := range f.seen {
		if !f.round[key] {
			f.drop(key)
		}
	}
	f.round = nil
	f.handle(Event[T]{Kind: Loaded})
}

func (f *follower[T]) state(ctx context.Context) (bucketState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := f.repo.kv.Status(ctx)
	if err != nil {
		return bucketState{}, f.repo.fail("watch", f.pattern, err)
	}
	s, ok := st.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return bucketState{}, fmt.Errorf("registry: watch %s: bucket status of type %T", f.pattern, st)
	}
	info := s.StreamInfo()
	return bucketState{created: info.Created, lastSeq: info.State.LastSeq}, nil
}

// check compares the watch with the bucket. Its error means the watch has to
// start again. A server that does not answer is no reason to: the connection
// itself will tell. Missed revisions are looked for only when the watch was
// idle: one that still tells finds its own gaps.
func (f *follower[T]) check(ctx context.Context, idle bool) error {
	now, err := f.state(ctx)
	if err != nil {
		return nil //nolint:nilerr // nothing is known; asked again at the next check
	}
	before := f.bucket
	f.bucket = now
	switch {
	case !now.created.Equal(before.created), now.lastSeq < f.last:
		return fmt.Errorf("registry: watch %s: the bucket was made anew", f.pattern)
	case !idle, f.round != nil:
		return nil
	}
	missed, err := f.missed(ctx, before.lastSeq)
	if err == nil && missed {
		return fmt.Errorf("registry: watch %s: revisions were missed", f.pattern)
	}
	return nil
}

// missed reports whether the bucket has, among the revisions up to the
// previous check, one that this watch should have told by now and did not.
func (f *follower[T]) missed(ctx context.Context, upTo uint64) (bool, error) {
	if f.last >= upTo {
		return false, nil
	}
	w, err := f.repo.kv.Watch(ctx, f.pattern, jetstream.ResumeFromRevision(f.last+1), jetstream.MetaOnly())
	if err != nil {
		return false, err
	}
	defer func() { _ = w.Stop() }()
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-limit.C:
			return false, context.DeadlineExceeded
		case e, open := <-w.Updates():
			if !open || e == nil {
				return false, nil
			}
			if e.Revision() <= upTo {
				return true, nil
			}
		}
	}
}
