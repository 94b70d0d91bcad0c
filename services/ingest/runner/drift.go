package runner

import (
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// fields is a set of what the records of a source usually have.
type fields uint8

const (
	hasItems fields = 1 << iota
	hasTitle
	hasText
	hasLink
	hasDate
)

const (
	// leastSample is how many records say something about all of them.
	leastSample = 3
	// keptSample is how many are remembered of a source that shows fewer at once.
	keptSample = 10
)

// shape is what the records of a source look like, to see when a page or a portal
// was made anew. A field lost stays expected until it comes back.
type shape struct {
	Fields fields `json:"fields,omitempty"`
	// Sample has the fields of the last records, the newest last.
	Sample []fields `json:"sample,omitempty"`
	// Lost says that the last document lacked what was expected.
	Lost bool `json:"lost,omitempty"`
}

// after is the shape once a document is read: most of its records, or of the last
// ones where it has few, lack what most had before. neverEmpty says of the kind
// that a document without records is a defect too.
func (s shape) after(records []source.Record, neverEmpty bool) shape {
	if len(records) == 0 {
		s.Lost = neverEmpty && s.Fields&hasItems != 0
		return s
	}
	document := make([]fields, len(records))
	for i, r := range records {
		document[i] = fieldsOf(r)
	}
	known := document
	switch whole := s.Fields&^most(document) == 0; {
	case whole && s.Lost: // mended: what was seen while it was broken says no more
		s.Lost = false
	case whole || len(document) < leastSample:
		known = append(s.Sample[:len(s.Sample):len(s.Sample)], document...)
		s.Lost = !whole && len(known) >= leastSample && s.Fields&^most(known[max(len(known)-keptSample, 0):]) != 0
	default:
		s.Lost = true
	}
	s.Sample = known[max(len(known)-keptSample, 0):]
	if len(document) >= leastSample {
		s.Fields |= most(document)
	} else if len(s.Sample) >= leastSample {
		s.Fields |= most(s.Sample)
	}
	return s
}

func fieldsOf(r source.Record) fields {
	has := hasItems
	e, ok := r.Value.(record.Entry)
	if !ok {
		return has
	}
	note := func(field fields, there bool) {
		if there {
			has |= field
		}
	}
	note(hasTitle, e.Title != "")
	note(hasText, e.Summary != "" || e.Body != "")
	note(hasLink, r.URL != "")
	note(hasDate, !source.Date(e).IsZero())
	return has
}

// most are the fields of more than half of the records.
func most(list []fields) fields {
	var counts [8]int
	for _, has := range list {
		for bit := range counts {
			counts[bit] += int(has >> bit & 1)
		}
	}
	var all fields
	for bit, n := range counts {
		if n*2 > len(list) {
			all |= 1 << bit
		}
	}
	return all
}
