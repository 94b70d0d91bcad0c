package runner

import (
	"slices"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// floodItems is how many old items at once are a site that moved, not news.
const floodItems = 5

// markBacklog marks the changes that are no news: first is a source's first
// reading, moved that of a site made again.
func markBacklog(changes []Change, first, moved bool, rules Rules) {
	var fresh, old []*Change
	for i := range changes {
		c := &changes[i]
		if !isNew(*c) {
			continue
		}
		if moved && undated(c.Record.Value) || touched(c.Record.Value, rules) {
			c.Backlog = true
			continue
		}
		if isOld(c.Record.Value, first, rules) {
			old = append(old, c)
		} else {
			fresh = append(fresh, c)
		}
	}
	if first || len(old) >= floodItems {
		for _, c := range old {
			c.Backlog = true
		}
	}
	if !first || rules.BacklogKeep <= 0 || len(fresh) <= rules.BacklogKeep {
		return
	}
	slices.SortStableFunc(fresh, func(a, b *Change) int {
		return source.Date(b.Record.Value).Compare(source.Date(a.Record.Value))
	})
	for _, c := range fresh[rules.BacklogKeep:] {
		if _, alert := c.Record.Value.(record.Alert); !alert {
			c.Backlog = true
		}
	}
}

// moved reports whether the document looks like that of a site made again: many
// new items without any date stand where those of before stood, and few of these
// are left.
func (l *Ledger) moved(sights []*sight, changes []Change, now time.Time) bool {
	fresh, left := 0, 0
	for _, c := range changes {
		if isNew(c) && undated(c.Record.Value) {
			fresh++
		}
	}
	for _, s := range sights {
		if s.known != nil {
			left++
		}
	}
	gone, oldest := 0, now.Add(-renameWindow).Unix()
	for _, k := range l.Entries {
		if !k.claimed && !k.Gone && (k.Present || k.Seen >= oldest) {
			gone++
		}
	}
	return fresh >= floodItems && 2*left < fresh && 2*gone >= fresh
}

func isNew(c Change) bool { return !c.Withdrawn && c.Revision == 1 }

// undated says that nothing tells whether an item is news.
func undated(value any) bool {
	e, ok := value.(record.Entry)
	return ok && source.Date(e).IsZero() && timeless(e)
}

// timeless says that an entry has no time but that of its writing.
func timeless(e record.Entry) bool {
	return e.Starts.IsZero() && e.Ends.IsZero() && e.Expires.IsZero() && len(e.Timings) == 0
}

// touched says that an item that nobody had seen is an old one whose text was put
// right: a site that is asked for what was modified shows its archives so.
func touched(value any, rules Rules) bool {
	e, ok := value.(record.Entry)
	return ok && !e.Published.IsZero() && e.Published.Before(rules.Now.Add(-rules.BacklogAge)) &&
		e.Updated.Sub(e.Published) > rules.BacklogAge && timeless(e)
}

// isOld says whether an item was there before anyone asked for it. An alert in
// force never is.
func isOld(value any, first bool, rules Rules) bool {
	if ends := source.Ends(value); !ends.IsZero() {
		if _, alert := value.(record.Alert); alert || ends.Before(rules.Now) {
			return ends.Before(rules.Now)
		}
	}
	date := source.Date(value)
	if date.IsZero() {
		return first
	}
	return date.Before(rules.Now.Add(-rules.BacklogAge))
}
