package entry

import (
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/rewrite"
)

// extra takes from Entry.Extra what people need. See the package's table for
// what is left where it is.
func extra(d *mapping.Draft, e record.Entry) {
	x := e.Extra
	note := func(label mapping.Label, text string) {
		if text = strings.TrimSpace(text); text != "" {
			d.Notes = append(d.Notes, mapping.Note{Label: label, Text: text})
		}
	}
	link := func(label mapping.Label, address string) {
		if address != "" {
			d.Notes = append(d.Notes, mapping.Note{Label: label, Link: address})
		}
	}
	note(mapping.Age, age(x["age"]))
	note(mapping.Conditions, x["conditions"])
	note(mapping.Accessibility, accessible(x["accessibility"]))
	link(mapping.Registration, x["registration"])
	link(mapping.Online, x["online"])
	note(mapping.Attachments, strings.ReplaceAll(x["attachments"], ";", ","))
	d.Zone = x["tzid"]
	if verdict, mail := x["dkim"]; mail {
		d.Doubtful = verdict != "pass"
		d.Body = rewrite.Letter(d.Body, d.Title)
		d.Title = rewrite.Subject(d.Title)
	}
	if x["cut"] == "true" {
		d.Body = strings.TrimSpace(d.Body) + " […]"
	}
	if d.Image != nil {
		switch x["photo"] {
		case "before":
			d.Image.Alt = "Avant intervention : " + d.Image.Alt
		case "after":
			d.Image.Alt = "Après intervention : " + d.Image.Alt
		}
	}
}

// age reads "6–12", either bound of which may be missing. From 0 to 99 is what
// OpenAgenda writes for everybody.
func age(s string) string {
	least, most, _ := strings.Cut(s, "–")
	if len(most) > 2 || most == "99" {
		most = ""
	}
	if least == "0" {
		least = ""
	}
	switch {
	case least != "" && most != "" && least != most:
		return "de " + least + " à " + most + " ans"
	case least != "" && most == "":
		return "à partir de " + least + " ans"
	case least == "" && most != "":
		return "jusqu’à " + most + " ans"
	case least != "":
		return least + " ans"
	}
	return ""
}

// accessible reads OpenAgenda's codes
// (developers.openagenda.com/10-format-dun-evenement).
func accessible(codes string) string {
	var list []string
	for code := range strings.SplitSeq(codes, ",") {
		switch code {
		case "hi":
			list = append(list, "handicap auditif")
		case "vi":
			list = append(list, "handicap visuel")
		case "pi":
			list = append(list, "handicap psychique")
		case "mi":
			list = append(list, "handicap moteur")
		case "ii":
			list = append(list, "handicap intellectuel")
		}
	}
	return strings.Join(list, ", ")
}

// announced says in the title what became of an event.
func announced(title, status string) string {
	if strings.TrimSpace(title) == "" {
		return title
	}
	switch strings.ToLower(status) {
	case "rescheduled":
		return "Nouvelle date : " + title
	case "moved online":
		return "En ligne : " + title
	case "postponed":
		return "Reporté : " + title
	case "full":
		return "Complet : " + title
	case "tentative":
		return "À confirmer : " + title
	}
	return title
}

const (
	// together is how far apart the dates of one period may be: an exhibition
	// that closes for a long week-end goes on, a weekly class begins again.
	together = 4 * 24 * time.Hour
	// period is how many dates make one: two or three are told one by one.
	period = 4
)

// dates makes of the timings the next period, and lists the others to come.
// Something whose dates are all past keeps its last one.
func dates(d *mapping.Draft, timings []record.Timing, fetched time.Time) {
	if len(timings) < 2 {
		return
	}
	end := func(t record.Timing) time.Time {
		if t.Ends.IsZero() {
			return t.Starts
		}
		return t.Ends
	}
	next := len(timings) - 1
	for i, t := range timings {
		if end(t).After(fetched) {
			next = i
			break
		}
	}
	first, last := next, next
	for first > 0 && timings[first].Starts.Sub(end(timings[first-1])) < together {
		first--
	}
	for last+1 < len(timings) && timings[last+1].Starts.Sub(end(timings[last])) < together {
		last++
	}
	if last-first+1 < period {
		first, last = next, next
	}
	d.Onset, d.Ends = timings[first].Starts, end(timings[last])
	if d.Expires.IsZero() {
		d.Expires = end(timings[len(timings)-1])
	}
	if others := timings[last+1:]; len(others) > 0 {
		d.Dates = others
		if first == last {
			d.Dates = timings[next:]
		}
	}
}

func status(s string) events.Status {
	switch strings.ToLower(s) {
	case "exercise":
		return events.StatusExercise
	case "test":
		return events.StatusTest
	}
	return events.StatusActual
}
