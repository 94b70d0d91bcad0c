package demo

import (
	"encoding/json"
	"fmt"
	"time"
)

// event is one recorded event of the town's agenda, as API v2 of OpenAgenda
// writes it; what the demonstration does not change stays as recorded.
type event struct {
	UID         int             `json:"uid"`
	Slug        string          `json:"slug"`
	Title       text            `json:"title"`
	Description text            `json:"description"`
	Long        *text           `json:"longDescription,omitempty"`
	Keywords    json.RawMessage `json:"keywords,omitempty"`
	Conditions  *text           `json:"conditions,omitempty"`
	Location    json.RawMessage `json:"location"`
	Access      json.RawMessage `json:"accessibility,omitempty"`
	Attendance  int             `json:"attendanceMode"`
	Status      int             `json:"status"`
	State       int             `json:"state"`
	Timezone    string          `json:"timezone"`
	Timings     []timing        `json:"timings"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

// text is a text by language.
type text struct {
	French string `json:"fr"`
}

type timing struct {
	Begin time.Time `json:"begin"`
	End   time.Time `json:"end"`
}

// What is there at the start, and the pace of what comes then.
const (
	readyItems = 12
	firstPace  = 12 * time.Second
	quickItems = 20
	laterPace  = 10 * time.Minute
)

// releasedAt is when the i-th item appears, given the first start. The first
// ones appeared in the hours before it.
func releasedAt(i int, started time.Time) time.Time {
	switch {
	case i < readyItems:
		return started.Add(-time.Duration(readyItems-i) * 35 * time.Minute)
	case i < quickItems:
		return started.Add(time.Duration(i-readyItems+1) * firstPace)
	}
	return started.Add(time.Duration(quickItems-readyItems)*firstPace + time.Duration(i-quickItems+1)*laterPace)
}

// moved is the i-th event with the weekdays and hours it had, some days after the
// first start.
func (e event) moved(i int, started time.Time) event {
	first := e.Timings[0].Begin
	day := started.In(first.Location()).AddDate(0, 0, 1+i)
	day = day.AddDate(0, 0, int(first.Weekday()-day.Weekday()+7)%7)
	midnight := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	days := int(midnight(day).Sub(midnight(first)) / (24 * time.Hour))
	moved := make([]timing, len(e.Timings))
	for k, t := range e.Timings {
		moved[k] = timing{t.Begin.AddDate(0, 0, days), t.End.AddDate(0, 0, days)}
	}
	e.Timings, e.CreatedAt, e.UpdatedAt = moved, releasedAt(i, started), releasedAt(i, started)
	return e
}

// agenda is OpenAgenda's answer: what is released by now, and since the time
// asked for.
func agenda(list []event, started, since, now time.Time) ([]byte, error) {
	out := struct {
		Total   int     `json:"total"`
		Events  []event `json:"events"`
		After   []int   `json:"after"`
		Success bool    `json:"success"`
	}{Events: []event{}, Success: true}
	for i, e := range list {
		if at := releasedAt(i, started); at.After(now) || at.Before(since) {
			continue
		}
		out.Events = append(out.Events, e.moved(i, started))
	}
	out.Total = len(out.Events)
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("demo: agenda: %w", err)
	}
	return body, nil
}
