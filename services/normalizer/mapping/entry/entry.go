package entry

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
)

var _ mapping.Func = Map

// Map reads a record.Entry. An entry with neither title, summary nor body is
// refused.
func Map(raw events.Raw) (mapping.Draft, error) {
	var e record.Entry
	if err := json.Unmarshal(raw.Record, &e); err != nil {
		return mapping.Draft{}, events.Permanentf(events.ReasonInvalidContent, "entry: record: %w", err)
	}
	if strings.TrimSpace(e.Title) == "" && strings.TrimSpace(e.Summary) == "" && strings.TrimSpace(e.Body) == "" {
		return mapping.Draft{}, events.Permanentf(events.ReasonInvalidContent, "entry: title, summary and body are all empty")
	}
	d := mapping.Draft{
		Title: announced(e.Title, e.Status), Summary: e.Summary, Body: cmp.Or(e.Body, e.Summary), Instruction: e.Instruction,
		Language: e.Language, Link: cmp.Or(e.Link, raw.URL), Categories: e.Categories,
		Sent: later(e.Published, e.Updated), Written: e.Published, Onset: e.Starts, Ends: e.Ends, Expires: e.Expires, AllDay: e.AllDay,
		Prose: e.Starts.IsZero(),
		Class: events.Class(e.Class), Topic: e.Topic, Licence: e.Licence,
		Severity: events.Severity(e.Severity), Urgency: events.Urgency(e.Urgency), Certainty: events.Certainty(e.Certainty),
		Status: status(e.Status), MsgType: events.MsgAlert,
	}
	if strings.EqualFold(e.Status, "cancelled") || strings.EqualFold(e.Status, "canceled") {
		d.MsgType = events.MsgCancel
	}
	if e.Place != nil {
		d.Places = []record.Place{*e.Place}
	}
	for _, m := range e.Media {
		if d.Image == nil && strings.HasPrefix(m.Type, "image/") {
			d.Image = &events.Image{URL: m.URL, Alt: m.Alt}
		}
		if !strings.HasPrefix(m.Type, "image/") {
			d.Documents = append(d.Documents, m)
		}
	}
	for _, v := range e.Variants {
		d.Variants = append(d.Variants, mapping.Draft{Title: v.Title, Summary: v.Summary, Body: cmp.Or(v.Body, v.Summary), Language: v.Language})
	}
	dates(&d, e.Timings, raw.FetchedAt)
	extra(&d, e)
	return d, nil
}

// later is when the entry took its present form.
func later(published, updated time.Time) time.Time {
	if updated.After(published) {
		return updated
	}
	return published
}
