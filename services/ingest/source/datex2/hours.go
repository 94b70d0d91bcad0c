package datex2

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// hours are the hours of the day, in words, of each validPeriod under n: "de 21 h
// à 6 h (samedi, dimanche)". Those in a zone that is never that of the place say
// only that there are some: publishers write either their own hour or UTC. DiaLog
// gives the hours that were typed, under its server's offset.
func (r *reader) hours(n *node) []string {
	var out []string
	for _, period := range n.all("validPeriod") {
		var slots []string
		for _, c := range period.children {
			if c.name == "recurringTimePeriodOfDay" {
				slots = add(slots, r.slot(c.at("startTimeOfPeriod"), c.at("endTimeOfPeriod")))
			}
		}
		if len(slots) == 0 {
			continue
		}
		text := strings.Join(slots, " et ")
		if list := daysOf(period); list != "" {
			text += " (" + list + ")"
		}
		out = add(out, text)
	}
	return out
}

func (r *reader) slot(from, to string) string {
	start, ok1 := r.clock(from)
	end, ok2 := r.clock(to)
	if !ok1 || !ok2 {
		return "à certaines heures"
	}
	return "de " + start + " à " + end
}

// clock reads an xs:time. Its offset may be the winter's all year round.
func (r *reader) clock(s string) (string, bool) {
	for _, layout := range []string{"15:04:05Z07:00", "15:04:05"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if layout != "15:04:05" && r.supplier != "DiaLog" {
			_, offset := t.Zone()
			if !slices.ContainsFunc([]time.Month{time.January, time.July}, func(m time.Month) bool {
				_, own := time.Date(2026, m, 1, 0, 0, 0, 0, r.opt.Zone).Zone()
				return own == offset
			}) {
				return "", false
			}
		}
		return hour(t), true
	}
	return "", false
}

func hour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d h", t.Hour())
	}
	return fmt.Sprintf("%d h %02d", t.Hour(), t.Minute())
}

// schedule are the hours of an incident of CIFS, which are those of the place:
// <monday>21:00-23:59,00:00-06:00</monday>.
func schedule(n *node) []string {
	if n == nil {
		return nil
	}
	var order []string
	by := map[string][]string{} // days by their hours
	for _, c := range n.children {
		var slots []string
		for slot := range strings.SplitSeq(c.text, ",") {
			from, to, _ := strings.Cut(strings.TrimSpace(slot), "-")
			start, err1 := time.Parse("15:04", strings.TrimSpace(from))
			end, err2 := time.Parse("15:04", strings.TrimSpace(to))
			if err1 == nil && err2 == nil {
				slots = append(slots, "de "+hour(start)+" à "+hour(end))
			}
		}
		if len(slots) == 0 || c.name != "everyday" && days([]string{c.name}) == "" {
			continue
		}
		text := strings.Join(slots, " et ")
		if by[text] == nil {
			order = append(order, text)
		}
		by[text] = append(by[text], c.name)
	}
	for i, text := range order {
		if list := days(by[text]); list != "" && !slices.Contains(by[text], "everyday") {
			order[i] = text + " (" + list + ")"
		}
	}
	return order
}

// sometimes is what a title says of hours.
func sometimes(hours []string) string {
	switch len(hours) {
	case 0:
		return ""
	case 1:
		return ", " + hours[0]
	}
	return ", à certaines heures"
}

// dayNames are the days of the week in order, with their names.
func dayNames() []struct{ id, french string } {
	return []struct{ id, french string }{
		{"monday", "lundi"},
		{"tuesday", "mardi"},
		{"wednesday", "mercredi"},
		{"thursday", "jeudi"},
		{"friday", "vendredi"},
		{"saturday", "samedi"},
		{"sunday", "dimanche"},
	}
}

// days tells days of the week in their order: "lundi, jeudi", "du lundi au
// vendredi". The empty string for none and for all.
func days(ids []string) string {
	var names []string
	first, last := -1, -1
	for i, day := range dayNames() {
		if slices.Contains(ids, day.id) {
			if first < 0 {
				first = i
			}
			last = i
			names = append(names, day.french)
		}
	}
	switch n := len(names); {
	case n == len(dayNames()):
		return ""
	case n > 2 && last-first+1 == n:
		return "du " + names[0] + " au " + names[n-1]
	}
	return strings.Join(names, ", ")
}

// daysOf are the days under n.
func daysOf(n *node) string {
	var ids []string
	for _, d := range n.all("applicableDay") {
		ids = append(ids, d.text)
	}
	return days(ids)
}
