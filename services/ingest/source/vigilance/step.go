package vigilance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSteps bounds what is told of a warning's hours; the oldest go first.
const maxSteps = 24

// Shown is what was last told of a warning, kept in the cursor.
type Shown struct {
	Steps []Step `json:"s"`
	Text  string `json:"t,omitempty"`
}

// add joins a step to those before. Steps below least, or without a time, are not
// told.
func (w *Warning) add(s Step, least level) {
	if s.Level < least || s.Level > red || s.Begin.IsZero() || !s.End.After(s.Begin) || len(w.Steps) == 10*maxSteps {
		return
	}
	w.Steps = join(w.Steps, s)
}

// join appends a step, or lengthens the last one of the same colour it touches.
func join(steps []Step, s Step) []Step {
	if n := len(steps); n > 0 && steps[n-1].Level == s.Level && !s.Begin.After(steps[n-1].End) && !s.Begin.Before(steps[n-1].Begin) {
		if s.End.After(steps[n-1].End) {
			steps[n-1].End = s.End
		}
		return steps
	}
	return append(steps, s)
}

// since puts before the steps of a map those already past that lead to them: a
// map only tells what comes, and a warning that goes on must not begin anew at
// each issue.
func since(begin time.Time, before, steps []Step) []Step {
	if len(steps) == 0 || steps[0].Begin.After(begin) {
		return steps
	}
	var past []Step
	for _, s := range before {
		if !s.Begin.Before(begin) {
			break
		}
		if n := len(past); n > 0 && s.Begin.After(past[n-1].End) {
			past = nil // it had stopped
		}
		if s.End.After(begin) {
			s.End = begin
		}
		past = append(past, s)
	}
	if n := len(past); n == 0 || past[n-1].End.Before(begin) {
		return steps
	}
	for _, s := range steps {
		past = join(past, s)
	}
	return past[max(0, len(past)-maxSteps):]
}

// worst is the step of the highest colour of those not over at a time, the first of
// them: a warning is of its colour, from then on and no longer. Where all are over,
// it is of all.
func (w Warning) worst(at time.Time) Step {
	var worst Step
	for _, s := range w.Steps {
		if s.Level > worst.Level && s.End.After(at) {
			worst = s
		}
	}
	if worst.Level == 0 && !at.IsZero() {
		return w.worst(time.Time{})
	}
	return worst
}

// end is the last step's.
func (w Warning) end() (end time.Time) {
	for _, s := range w.Steps {
		if s.End.After(end) {
			end = s.End
		}
	}
	return end
}

// hours tells the steps: "Jaune du mercredi 26 août 14 h au mercredi 26 août 20 h."
func hours(steps []Step, zone *time.Location) string {
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteByte('\n')
		}
		name := colours()[s.Level]
		fmt.Fprintf(&b, "%s%s : du %s au %s.", strings.ToUpper(name[:1]), name[1:], moment(s.Begin.In(zone)), moment(s.End.In(zone)))
	}
	return b.String()
}

func moment(t time.Time) string {
	hour := fmt.Sprintf("%d h", t.Hour())
	if t.Minute() > 0 {
		hour = fmt.Sprintf("%d h %02d", t.Hour(), t.Minute())
	}
	if t.Hour() == 0 && t.Minute() == 0 { // the end of the day before, as people say
		t, hour = t.Add(-time.Minute), "minuit"
	}
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = "1er"
	}
	return fmt.Sprintf("%s %s %s à %s", days()[t.Weekday()], day, months()[t.Month()-1], hour)
}

func sameSteps(a, b []Step) bool {
	return slices.EqualFunc(a, b, func(x, y Step) bool { return x.Level == y.Level && x.Begin.Equal(y.Begin) && x.End.Equal(y.End) })
}
