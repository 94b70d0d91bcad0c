package registry

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
)

// View is a repository in memory, kept up to date. Its methods are safe for
// concurrent use and never wait for the network. The values it returns share
// their slices and maps with it: they are for reading only.
type View[T any] struct {
	under    []string
	onChange []func(Change[T])
	ready    chan struct{}
	done     chan struct{}

	mu      sync.RWMutex
	entries map[string]Entry[T]     // by stored key without prefix
	sorted  []string                // keys of entries, sorted; nil when to be made
	bad     map[string]*DecodeError // by stored key without prefix
	err     error
}

// Change is what happened to one value: Old is nil when it is new, New is nil
// when it was deleted.
type Change[T any] struct {
	Key      Key
	Old, New *T
	Revision uint64 // of New
}

// ViewOption narrows or extends a View.
type ViewOption[T any] func(*View[T])

// Under limits a view to the keys strictly under the given tokens.
func Under[T any](tokens ...string) ViewOption[T] {
	return func(v *View[T]) { v.under = tokens }
}

// OnChange has f called for every value, those of the first load included, and
// then for every change, in order and one at a time, once the view holds it.
// f may read the view; the view waits for it.
func OnChange[T any](f func(Change[T])) ViewOption[T] {
	return func(v *View[T]) { v.onChange = append(v.onChange, f) }
}

// NewView starts a view of repo that lives until ctx ends. It does not wait:
// see Ready.
func NewView[T any](ctx context.Context, repo *Repository[T], options ...ViewOption[T]) *View[T] {
	v := &View[T]{
		ready: make(chan struct{}), done: make(chan struct{}),
		entries: map[string]Entry[T]{}, bad: map[string]*DecodeError{},
	}
	for _, o := range options {
		o(v)
	}
	go func() {
		defer close(v.done)
		err := Watch(ctx, repo, v.apply, v.under...)
		v.mu.Lock()
		v.err = err
		v.mu.Unlock()
	}()
	return v
}

// Ready is closed once everything stored has been read for the first time.
func (v *View[T]) Ready() <-chan struct{} { return v.ready }

// Done is closed once ctx has ended and no more callback runs.
func (v *View[T]) Done() <-chan struct{} { return v.done }

// Wait returns nil once the view is ready, or ctx's error, or the reason why
// the view ended.
func (v *View[T]) Wait(ctx context.Context) error {
	select {
	case <-v.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-v.done:
		return v.Err()
	}
}

// Err returns why the view may be behind: nil while its watch is alive. What
// it holds stays readable.
func (v *View[T]) Err() error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.err
}

// Undecodable returns the values stored now that are not of the type, sorted
// by key. A value that was readable before is kept as it was.
func (v *View[T]) Undecodable() []*DecodeError {
	v.mu.RLock()
	defer v.mu.RUnlock()
	keys := slices.Sorted(maps.Keys(v.bad))
	list := make([]*DecodeError, len(keys))
	for i, k := range keys {
		list[i] = v.bad[k]
	}
	return list
}

// Get returns the value under key, and whether there is one.
func (v *View[T]) Get(key ...string) (T, bool) {
	e, ok := v.Entry(key...)
	return e.Value, ok
}

// Entry is Get with the revision.
func (v *View[T]) Entry(key ...string) (Entry[T], bool) {
	k := Key(key).String()
	v.mu.RLock()
	defer v.mu.RUnlock()
	e, ok := v.entries[k]
	return e, ok
}

// List returns the entries whose keys are strictly under the given tokens (all
// without any), sorted by their stored key.
func (v *View[T]) List(under ...string) []Entry[T] {
	v.index()
	v.mu.RLock()
	defer v.mu.RUnlock()
	keys := v.sorted
	if keys == nil { // changed since index: rare, and still right
		keys = slices.Sorted(maps.Keys(v.entries))
	}
	from, to := 0, len(keys)
	if len(under) > 0 {
		prefix := Key(under).String()
		from, _ = slices.BinarySearch(keys, prefix+".")
		to, _ = slices.BinarySearch(keys, prefix+"/") // the byte after the dot
	}
	list := make([]Entry[T], 0, to-from)
	for _, k := range keys[from:to] {
		list = append(list, v.entries[k])
	}
	return list
}

// All iterates over the entries of List, as they are when it starts.
func (v *View[T]) All(under ...string) iter.Seq2[Key, T] {
	return func(yield func(Key, T) bool) {
		for _, e := range v.List(under...) {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}

// index sorts the keys when the set of them changed.
func (v *View[T]) index() {
	v.mu.RLock()
	fresh := v.sorted != nil
	v.mu.RUnlock()
	if fresh {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.sorted == nil {
		v.sorted = slices.Sorted(maps.Keys(v.entries))
	}
}

// apply takes one event of the watch into the view, then tells the callbacks.
func (v *View[T]) apply(e Event[T]) {
	switch e.Kind {
	case Loaded:
		v.setErr(nil)
		select {
		case <-v.ready:
		default:
			close(v.ready)
		}
	case Lost:
		v.setErr(e.Err)
	case Undecodable:
		v.markBad(e)
	case Put, Deleted:
		if c, changed := v.change(e); changed {
			for _, f := range v.onChange {
				f(c)
			}
		}
	}
}

func (v *View[T]) setErr(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

func (v *View[T]) markBad(e Event[T]) {
	bad, ok := e.Err.(*DecodeError) //nolint:errorlint // made by Repository.entry, never wrapped
	if !ok {
		bad = &DecodeError{Key: e.Key.String(), Revision: e.Revision, Err: e.Err}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bad[e.Key.String()] = bad
}

func (v *View[T]) change(e Event[T]) (Change[T], bool) {
	k := e.Key.String()
	c := Change[T]{Key: e.Key}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.bad, k)
	old, had := v.entries[k]
	if had {
		c.Old = &old.Value
	}
	if e.Kind == Deleted {
		delete(v.entries, k)
		v.sorted = nil
		return c, had
	}
	value := e.Value
	c.New, c.Revision = &value, e.Revision
	v.entries[k] = e.Entry
	if !had {
		v.sorted = nil
	}
	return c, true
}
