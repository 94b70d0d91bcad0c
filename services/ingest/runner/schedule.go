package runner

import (
	"container/heap"
	"context"
	"slices"
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
	index    int  // in the heap, -1 outside
	prompt   bool // asked often, as alerts are
	taken    share
	reserved bool
	running  bool
	removed  bool
	pushed   bool          // to it, too
	again    bool          // hurried while running
	asked    <-chan answer // of a connector that has not returned, nil for none
	refused  []string      // items of the last reading that cannot be published

	every    time.Duration
	state    *state // nil until first read
	health   registry.SourceHealth
	reported time.Time // when health was last written
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

// A share is a part of the workers. A provider that is down holds each worker until
// a timeout: what hangs on it must leave room for the others, and all for alerts.
type share int

const (
	prompt       share = iota // asked often, of a host that answers: any worker
	promptFailed              // asked often, of a host that failed last: at most half of the workers, with failed
	common                    // all but the few kept for prompt
	failed
	shares
)

// A lane is the queue of one host.
type lane struct {
	failed  bool // its last turn
	busy    int
	next    time.Time // no request starts before
	waiting []*task
	tasks   int
}

// A schedule orders tasks by time, host and share of the workers. It is not safe
// for concurrent use.
type schedule struct {
	heap    taskHeap
	lanes   map[string]*lane
	perHost int
	gap     time.Duration
	workers int
	running [shares]int
	parked  [shares][]*task // due, and no worker of their share was free
}

func newSchedule(workers, perHost int, gap time.Duration) *schedule {
	return &schedule{lanes: map[string]*lane{}, workers: workers, perHost: perHost, gap: gap}
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
	for i := range s.parked {
		s.parked[i] = without(s.parked[i], t)
	}
	l := s.lanes[t.host]
	if l == nil {
		return
	}
	l.waiting = without(l.waiting, t)
	if l.tasks--; l.tasks == 0 && l.busy == 0 {
		delete(s.lanes, t.host)
	}
}

func without(list []*task, t *task) []*task {
	if i := slices.Index(list, t); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// next returns a task to run now, marked running, or how long to wait for one
// (-1 when nothing is planned).
func (s *schedule) next(now time.Time) (*task, time.Duration) {
	for {
		t, wait := s.first(now)
		if t == nil {
			return nil, wait
		}
		l := s.lanes[t.host]
		if l.busy >= s.perHost {
			l.waiting = append(l.waiting, t)
			continue
		}
		part := s.share(t)
		if !s.room(part) {
			t.reserved = false
			s.parked[part] = append(s.parked[part], t)
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
		t.running, t.taken = true, part
		s.running[part]++
		l.busy++
		return t, 0
	}
}

// first takes out the next task that may be due: one that waited for a worker
// which is now free, else the first of the heap, else how long until it is due.
func (s *schedule) first(now time.Time) (*task, time.Duration) {
	for part := range s.parked {
		if list := s.parked[part]; len(list) > 0 && s.room(share(part)) {
			s.parked[part] = list[1:]
			return list[0], 0
		}
	}
	if len(s.heap) == 0 {
		return nil, -1
	}
	t := s.heap[0]
	if wait := t.due.Sub(now); wait > 0 {
		return nil, wait
	}
	heap.Pop(&s.heap)
	return t, 0
}

func (s *schedule) share(t *task) share {
	failing := s.lanes[t.host].failed
	switch {
	case t.prompt && !failing:
		return prompt
	case t.prompt:
		return promptFailed
	case failing:
		return failed
	}
	return common
}

// room reports whether one more of a share may run.
func (s *schedule) room(part share) bool {
	failing := s.running[promptFailed] + s.running[failed]
	switch part {
	case prompt:
		return true
	case promptFailed, failed:
		if failing >= max(s.workers/2, 1) {
			return false
		}
	}
	return s.running[common]+failing < max(s.workers-max(s.workers/8, 1), 1)
}

// done ends a run, which failed or not; the task comes back at due unless it was
// removed.
func (s *schedule) done(t *task, failed bool, due, now time.Time) {
	t.running = false
	s.running[t.taken]--
	l := s.lanes[t.host]
	l.busy--
	l.failed = failed
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
