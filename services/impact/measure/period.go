package measure

import (
	"errors"
	"time"
)

// Period is a half-open span of time, on whole hours. Times are UTC.
type Period struct {
	Name     string // 24h, 7d, 30d or custom
	From, To time.Time
}

// Names of the periods.
const (
	LastDay   = "24h"
	LastWeek  = "7d"
	LastMonth = "30d"
	Custom    = "custom"
)

// maxPeriod is how long receipts are kept.
const maxPeriod = 400 * 24 * time.Hour

// Errors of NewPeriod, one a field.
var (
	ErrPeriod = errors.New("the period is not 24h, 7d, 30d or custom")
	ErrFrom   = errors.New("the first day is not a date such as 2026-11-23")
	ErrTo     = errors.New("the last day is not a date such as 2026-11-23, from the first day on and within 400 days")
)

// NewPeriod reads a period of a form. 24h ends with the hour under way, 7d and
// 30d with the day under way in loc; custom is from its first to its last day.
// An empty name is 30d.
func NewPeriod(name, from, to string, now time.Time, loc *time.Location) (Period, error) {
	local := now.In(loc)
	tomorrow := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, loc)
	days := func(n int) Period {
		return Period{name, tomorrow.AddDate(0, 0, -n).UTC(), tomorrow.UTC()}
	}
	switch name {
	case LastDay:
		end := now.UTC().Truncate(time.Hour).Add(time.Hour)
		return Period{name, end.Add(-24 * time.Hour), end}, nil
	case LastWeek:
		return days(7), nil
	case LastMonth:
		return days(30), nil
	case "":
		name = LastMonth
		return days(30), nil
	case Custom:
	default:
		return Period{}, ErrPeriod
	}
	first, err := time.ParseInLocation(time.DateOnly, from, loc)
	if err != nil {
		return Period{}, ErrFrom
	}
	last, err := time.ParseInLocation(time.DateOnly, to, loc)
	if err != nil || last.Before(first) || last.Sub(first) >= maxPeriod {
		return Period{}, ErrTo
	}
	return Period{name, first.UTC(), last.AddDate(0, 0, 1).UTC()}, nil
}

// hourly reports whether the period is short enough for the people of each
// hour, which are kept for ten days.
func (p Period) hourly() bool { return p.Name == LastDay }
