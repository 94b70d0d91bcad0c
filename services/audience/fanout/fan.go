package fanout

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/crieur/crieur/events"
)

// fan is one leg under way. Its fields are guarded by its lane's lock, but for
// those set once.
type fan struct {
	publication events.Publication
	leg         leg
	sets        []*roaring.Bitmap
	window      int
	action      events.Action

	trace    string // traceparent of the publication; "" for none
	at       cursor
	revision uint64        // of the stored cursor
	stop     events.Reason // why the rest is given up
	open     map[int]int   // batches in the queue → recipients without an end
	ghosts   int           // batches that were in the queue before a restart
	failed   *roaring.Bitmap
	dirty    bool // failed changed since it was stored
	segment  int  // of the iterator
	iterator roaring.ManyIntIterable
	from     int // batch the iterator stands at
}

func newFan(p events.Publication, l leg, sets []*roaring.Bitmap, at cursor, window int) *fan {
	r := &fan{
		publication: p, leg: l, sets: sets, window: window, action: p.Action(),
		at: at, open: map[int]int{}, ghosts: min(window, at.Next), failed: roaring.New(),
	}
	return r
}

func (r *fan) subject() string { return r.delivery(0, nil, time.Time{}).Subject() }

// batches is how many a segment makes; none holds people of two.
func (r *fan) batches(segment int) int {
	return (r.leg.Segments[segment].People + r.leg.Size - 1) / r.leg.Size
}

func (r *fan) total() (n int) {
	for i := range r.leg.Segments {
		n += r.batches(i)
	}
	return n
}

// position returns the segment of a batch and the batch's number within it.
func (r *fan) position(batch int) (segment, within int) {
	for i := range r.leg.Segments {
		n := r.batches(i)
		if batch < n {
			return i, batch
		}
		batch -= n
	}
	return len(r.leg.Segments), 0
}

// room is how many more batches may be put in the queue at a time.
func (r *fan) room(now time.Time) int {
	segment, within := r.position(r.at.Next)
	if segment >= len(r.leg.Segments) {
		return 0
	}
	left := r.batches(segment) - within
	if r.stop != "" {
		return left
	}
	if r.leg.Segments[segment].NotBefore.After(now) {
		return 0
	}
	return min(left, r.window-len(r.open)-r.ghosts)
}

// wakes returns when a later segment may start, zero when nothing waits.
func (r *fan) wakes() time.Time {
	if segment, _ := r.position(r.at.Next); segment < len(r.leg.Segments) {
		return r.leg.Segments[segment].NotBefore
	}
	return time.Time{}
}

// take reads the ordinals of n batches from a batch on, all of one segment.
func (r *fan) take(batch, n int) [][]uint32 {
	segment, within := r.position(batch)
	if r.iterator == nil || r.from != batch || r.segment != segment {
		r.iterator, r.segment, r.from = r.sets[segment].ManyIterator(), segment, batch
		skip(r.iterator, within*r.leg.Size)
	}
	out := make([][]uint32, 0, n)
	for range n {
		people := make([]uint32, r.leg.Size)
		people = people[:r.iterator.NextMany(people)]
		out = append(out, people)
		r.from++
	}
	return out
}

func skip(it roaring.ManyIntIterable, n int) {
	var buffer [1024]uint32
	for n > 0 {
		got := it.NextMany(buffer[:min(n, len(buffer))])
		if got == 0 {
			return
		}
		n -= got
	}
}

// sent is everybody in the batches before the cursor.
func sent(l leg, sets []*roaring.Bitmap, at cursor) *roaring.Bitmap {
	out, left := roaring.New(), at.Next-at.Ended
	for i, s := range l.Segments {
		n := min((s.People+l.Size-1)/l.Size, left)
		left -= n
		if people := n * l.Size; people >= s.People {
			out.Or(sets[i])
		} else if people > 0 {
			last, _ := sets[i].Select(uint32(people - 1))
			part := sets[i].Clone()
			part.RemoveRange(uint64(last)+1, 1<<32)
			out.Or(part)
		}
	}
	return out
}

// batchOf returns the batch an ordinal is in, and whether it is in any that was
// sent.
func batchOf(l leg, sets []*roaring.Bitmap, at cursor, ordinal uint32) (int, bool) {
	first := 0
	for i, s := range l.Segments {
		if sets[i].Contains(ordinal) {
			batch := first + int(sets[i].Rank(ordinal)-1)/l.Size
			return batch, batch < at.Next-at.Ended
		}
		first += (s.People + l.Size - 1) / l.Size
	}
	return 0, false
}

func (r *fan) delivery(batch int, subscribers []string, now time.Time) events.Delivery {
	p := r.publication
	return events.Delivery{
		ID:          events.DeliveryID(p.ID, p.Revision, r.leg.Channel, "", batch),
		Publication: p.ID, Revision: p.Revision, Authority: p.Authority, Stream: p.Stream,
		Channel: r.leg.Channel, Kind: r.leg.Kind, Class: p.Class, Topic: p.Topic, Severity: p.Severity,
		Action: r.action, Batch: batch, Subscribers: subscribers, Rendition: r.leg.Rendition,
		SourceAt: p.SourceAt, FetchedAt: p.FetchedAt, ApprovedAt: p.At,
		NotBefore: p.NotBefore, Expires: p.Expires, CreatedAt: now,
	}
}

// expired reports whether what is left must not go out: a withdrawal never is.
func (r *fan) expired(now time.Time) bool {
	return r.action != events.ActionWithdraw && !now.Before(r.publication.Expires)
}
