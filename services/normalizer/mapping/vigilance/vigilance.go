package vigilance

import (
	"regexp"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/mapping/cap"
)

var (
	_ mapping.Func = Weather
	_ mapping.Func = Floods
)

// licence is that of Météo-France's and Vigicrues' data.
const licence = "etalab-2.0"

// floodHeadline is how the title of a flood warning of the map names it.
const floodHeadline = " crues "

// Weather reads a warning of Météo-France.
func Weather(raw events.Raw) (mapping.Draft, error) {
	d, err := colour(raw)
	d.Topic = "meteo"
	if strings.Contains(d.Title, floodHeadline) {
		d.Topic = "inondation"
	}
	return d, err
}

// Floods reads a reach of Vigicrues, whose colour is that of the next 24 hours.
func Floods(raw events.Raw) (mapping.Draft, error) {
	d, err := colour(raw)
	d.Topic = "inondation"
	return d, err
}

func colour(raw events.Raw) (mapping.Draft, error) {
	d, err := cap.Map(raw)
	if err != nil {
		return d, err
	}
	d.Body = sameDay(d.Body)
	d.Licence = licence
	d.Certainty = events.CertaintyLikely
	d.Urgency = urgency(d.Severity, d.Onset, sent(d, raw))
	if d.Instruction == "" {
		d.Instruction = cap.Advice(d.Severity)
	}
	return d, nil
}

var period = regexp.MustCompile(`\bdu (\p{L}+ \d+(?:er)? \p{L}+) à ([^.\n]+?) au (\p{L}+ \d+(?:er)? \p{L}+) à ([^.\n]+)`)

// sameDay says the day of a period once: "le lundi 23 novembre de 14 h à 20 h"
// for "du lundi 23 novembre à 14 h au lundi 23 novembre à 20 h".
func sameDay(text string) string {
	return period.ReplaceAllStringFunc(text, func(s string) string {
		m := period.FindStringSubmatch(s)
		if m[1] != m[3] {
			return s
		}
		return "le " + m[1] + " de " + m[2] + " à " + m[4]
	})
}

func sent(d mapping.Draft, raw events.Raw) time.Time {
	if d.Sent.IsZero() {
		return raw.FetchedAt
	}
	return d.Sent
}

// urgency follows CAP 1.2: Immediate, Expected within the hour, Future later.
func urgency(s events.Severity, onset, sent time.Time) events.Urgency {
	switch {
	case onset.After(sent.Add(time.Hour)):
		return events.UrgencyFuture
	case onset.After(sent), s.Rank() <= events.SeverityModerate.Rank():
		return events.UrgencyExpected
	}
	return events.UrgencyImmediate
}
