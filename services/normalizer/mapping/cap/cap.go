package cap

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/language"
	"github.com/crieur/crieur/services/normalizer/mapping"
)

var _ mapping.Func = Map

// Map reads a record.Alert.
func Map(raw events.Raw) (mapping.Draft, error) {
	var a record.Alert
	if err := json.Unmarshal(raw.Record, &a); err != nil {
		return mapping.Draft{}, events.Permanentf(events.ReasonInvalidContent, "cap: record: %w", err)
	}
	status, msgType, err := admit(a)
	if err != nil {
		return mapping.Draft{}, err
	}
	if len(a.Infos) == 0 {
		if msgType != events.MsgCancel {
			return mapping.Draft{}, events.Permanentf(events.ReasonInvalidContent, "cap: info: none")
		}
		a.Infos = []record.Info{{Headline: cmp.Or(a.Note, "Fin d’alerte")}}
	}
	infos := make([]record.Info, len(a.Infos))
	for n, i := range a.Infos {
		infos[n] = mended(a, i)
	}
	groups := byLanguage(infos)
	for _, g := range groups {
		if !alike(g) {
			return mapping.Draft{}, events.Permanentf(events.ReasonInvalidContent, "cap: info: those of one language say different things: the alert comes in parts")
		}
	}
	d := draft(groups[0])
	for _, g := range groups[1:] {
		d.Variants = append(d.Variants, draft(g))
	}
	d.Status, d.MsgType, d.Sent = status, msgType, a.Sent
	d.Doubtful = strings.HasPrefix(a.Signature, "invalid")
	d.Link = cmp.Or(d.Link, raw.URL)
	own := events.MessageID(raw.Authority, raw.Source, raw.Item)
	for _, r := range a.References { // of a part, the same part of the alert before
		if id := events.MessageID(raw.Authority, raw.Source, record.PartOf(r.Identifier, a.Part)); id != own {
			d.Refs = append(d.Refs, id)
		}
	}
	return d, nil
}

// admit decides whether an alert is for the public.
func admit(a record.Alert) (events.Status, events.MsgType, error) {
	if s := strings.TrimSpace(a.Scope); s != "" && !strings.EqualFold(s, "Public") {
		return "", "", events.Permanentf(events.ReasonForbidden, "cap: scope: %q is not for the public", s)
	}
	var status events.Status
	switch strings.ToLower(strings.TrimSpace(a.Status)) {
	case "actual":
		status = events.StatusActual
	case "exercise":
		status = events.StatusExercise
	case "test":
		status = events.StatusTest
	default:
		return "", "", events.Permanentf(events.ReasonUnsupported, "cap: status: %q is not for people", a.Status)
	}
	switch strings.ToLower(strings.TrimSpace(a.MsgType)) {
	case "alert", "":
		return status, events.MsgAlert, nil
	case "update":
		return status, events.MsgUpdate, nil
	case "cancel":
		return status, events.MsgCancel, nil
	}
	return "", "", events.Permanentf(events.ReasonUnsupported, "cap: msgType: %q is between systems", a.MsgType)
}

// byLanguage groups infos: French first, then English, then as found.
func byLanguage(infos []record.Info) [][]record.Info {
	var groups [][]record.Info
	at := map[string]int{}
	for _, i := range infos {
		l := strings.ToLower(i.Language)
		n, ok := at[l]
		if !ok {
			n = len(groups)
			at[l] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], i)
	}
	slices.SortStableFunc(groups, func(a, b []record.Info) int { return rank(a) - rank(b) })
	return groups
}

func rank(g []record.Info) int {
	switch language.Primary(g[0].Language) {
	case "fr":
		return 0
	case "":
		return 1
	case "en":
		return 2
	}
	return 3
}

// alike reports whether infos differ by their areas alone.
func alike(infos []record.Info) bool {
	first := infos[0]
	return !slices.ContainsFunc(infos[1:], func(i record.Info) bool {
		return i.Severity != first.Severity || i.Urgency != first.Urgency || i.Headline != first.Headline ||
			i.Description != first.Description || i.Instruction != first.Instruction || !i.Expires.Equal(first.Expires)
	})
}

// draft is what the infos of one language say, to the places of all.
func draft(infos []record.Info) mapping.Draft {
	i := infos[0]
	d := mapping.Draft{
		Title: cmp.Or(i.Headline, i.Event, i.Description), Body: cmp.Or(i.Description, i.Headline),
		Instruction: i.Instruction, Language: i.Language, Link: i.Web,
		Categories: categories(i), Attribution: i.SenderName, Documents: i.Resources,
		Effective: i.Effective, Onset: i.Onset, Expires: i.Expires, Ends: i.Expires,
		Severity: severity(i), Urgency: urgency(i), Certainty: certainty(i.Certainty),
	}
	if strings.ContainsAny(i.Contact, "0123456789@") { // a name alone cannot be asked
		d.Notes = []mapping.Note{{Label: mapping.Contact, Text: i.Contact}}
	}
	for _, m := range i.Resources {
		if d.Image == nil && strings.HasPrefix(m.Type, "image/") && m.URL != "" {
			d.Image = &events.Image{URL: m.URL, Alt: m.Alt}
		}
	}
	for _, i := range infos {
		d.Areas = append(d.Areas, areas(i.Areas)...)
	}
	return d
}

// categories gives the classifier CAP's category and the event's own name.
func categories(i record.Info) []string {
	c := []string{i.Event}
	for _, x := range i.Categories {
		switch x {
		case "Met":
			c = append(c, "météo")
		case "Fire", "Safety", "Security", "Rescue", "CBRNE", "Geo":
			c = append(c, "risques")
		case "Transport":
			c = append(c, "transports")
		case "Health":
			c = append(c, "santé")
		case "Env":
			c = append(c, "environnement")
		}
	}
	return c
}

// severity is CAP's, or that of MeteoAlarm's awareness level where CAP's is
// not a term: 2 yellow Moderate, 3 orange Severe, 4 red Extreme.
func severity(i record.Info) events.Severity {
	for _, s := range events.Severities()[1:] {
		if strings.EqualFold(strings.TrimSpace(i.Severity), string(s)) {
			return s
		}
	}
	switch level := cmp.Or(i.AwarenessRaw, i.Parameters["awareness_level"]); {
	case strings.HasPrefix(level, "1"):
		return events.SeverityMinor
	case strings.HasPrefix(level, "2"):
		return events.SeverityModerate
	case strings.HasPrefix(level, "3"):
		return events.SeveritySevere
	case strings.HasPrefix(level, "4"):
		return events.SeverityExtreme
	}
	return events.SeverityUnknown
}

// urgency is CAP's; what is all clear is past, however loudly it is said.
func urgency(i record.Info) events.Urgency {
	if slices.ContainsFunc(i.Responses, func(r string) bool { return strings.EqualFold(r, "AllClear") }) {
		return events.UrgencyPast
	}
	for _, u := range []events.Urgency{events.UrgencyImmediate, events.UrgencyExpected, events.UrgencyFuture, events.UrgencyPast} {
		if strings.EqualFold(strings.TrimSpace(i.Urgency), string(u)) {
			return u
		}
	}
	return events.UrgencyUnknown
}

// certainty knows CAP 1.0's "Very Likely", which CAP 1.2 reads as Likely.
func certainty(s string) events.Certainty {
	s = strings.TrimSpace(s)
	for _, c := range []events.Certainty{events.CertaintyObserved, events.CertaintyLikely, events.CertaintyPossible, events.CertaintyUnlikely} {
		if strings.EqualFold(s, string(c)) {
			return c
		}
	}
	if strings.EqualFold(s, "Very Likely") {
		return events.CertaintyLikely
	}
	return events.CertaintyUnknown
}
