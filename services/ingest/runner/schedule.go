package runner

import (
	"container/heap"
	"context"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

// A task is a source that is due at a time. It is small: 36,000 live in memory.
type task struct {
	spec    *source.Spec
	src     source.Source
	kind    *source.Kind
	host    string
	outside *outside
	watch   context.CancelFunc // of its Watch, nil while none runs

	due      time.Time
	index    int // in the heap, -1 outside
	reserved bool
	running  bool
	removed  bool
	pushed   bool // to it, too
	again    bool // hurried while running

	every    time.Duration
	state    *state // nil until first read
	health   registry.SourceHealth
	reported time.Time // when health was last written
	rejected string    // the last refusal, so that it is kept once
	alarms   alarms    // those that are counted
	told     alarms    // those that were logged, by this process or before
}

type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h taskHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *taskHeap) Push(x any) {
	t := x.(*task)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *taskHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

// A lane is the queue of one host.
type lane struct {
	busy    int
	next    time.Time // no request starts before
	waiting []*task
	tasks   int
}

// A schedule orders tasks by time and host. It is not safe for concurrent use.
type schedule struct {
	heap    taskHeap
	lanes   map[string]*lane
	perHost int
	gap     time.Duration
}

func newSchedule(perHost int, gap time.Duration) *schedule {
	return &schedule{lanes: map[string]*lane{}, perHost: perHost, gap: gap}
}

func (s *schedule) add(t *task, due time.Time) {
	l := s.lanes[t.host]
	if l == nil {
		l = &lane{}
		s.lanes[t.host] = l
	}
	l.tasks++
	s.push(t, due)
}

func (s *schedule) push(t *task, due time.Time) {
	t.due, t.reserved = due, false
	heap.Push(&s.heap, t)
}

// hurry moves a waiting task's time forward.
func (s *schedule) hurry(t *task, due time.Time) {
	if t.index >= 0 && due.Before(t.due) {
		t.due, t.reserved = due, false
		heap.Fix(&s.heap, t.index)
	}
}

func (s *schedule) remove(t *task) {
	t.removed = true
	if t.index >= 0 {
		heap.Remove(&s.heap, t.index)
	}
	l := s.lanes[t.host]
	if l == nil {
		return
	}
	for i, w := range l.waiting {
		if w == t {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			break
		}
	}
	if l.tasks--; l.tasks == 0 && l.busy == 0 {
		delete(s.lanes, t.host)
	}
}

// next returns a task to run now, marked running, or how long to wait for one
// (-1 when nothing is planned).
func (s *schedule) next(now time.Time) (*task, time.Duration) {
	for len(s.heap) > 0 {
		t := s.heap[0]
		if wait := t.due.Sub(now); wait > 0 {
			return nil, wait
		}
		heap.Pop(&s.heap)
		l := s.lanes[t.host]
		if l.busy >= s.perHost {
			l.waiting = append(l.waiting, t)
			continue
		}
		// A place on the host's time line, once taken, is kept.
		if !t.reserved && l.next.After(now) {
			slot := l.next
			l.next = slot.Add(s.gap)
			s.push(t, slot)
			t.reserved = true
			continue
		}
		if !t.reserved {
			l.next = now.Add(s.gap)
		}
		t.reserved = false
		t.running = true
		l.busy++
		return t, 0
	}
	return nil, -1
}

// done ends a run; the task comes back at due unless it was removed.
func (s *schedule) done(t *task, due, now time.Time) {
	t.running = false
	l := s.lanes[t.host]
	l.busy--
	if !t.removed {
		s.push(t, due)
	}
	if len(l.waiting) > 0 {
		w := l.waiting[0]
		l.waiting = l.waiting[1:]
		s.push(w, now)
	}
	if l.tasks == 0 && l.busy == 0 {
		delete(s.lanes, t.host)
	}
}

// hold keeps a whole host quiet until a time, as its Retry-After asked.
func (s *schedule) hold(host string, until time.Time) {
	if l := s.lanes[host]; l != nil && until.After(l.next) {
		l.next = until
	}
}
