package datex2

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/xmltext"
)

// maxRecords bounds what one source follows: beyond, its area is too wide.
const maxRecords = 4000

// Options say what of a publication is wanted.
type Options struct {
	ContentType string
	Area        Area
	Zone        *time.Location // of times without one, UTC when nil
	Now         time.Time      // when the publication does not say its own time
}

// A Publication is what a document says of the area.
type Publication struct {
	Records []source.Record
	// Whole says that what it does not list no longer stands.
	Whole bool
}

// reader follows a document.
type reader struct {
	opt      Options
	dec      *xml.Decoder
	out      Publication
	near     *around
	root     string
	kind     string // the publication's
	language string
	supplier string
	time     time.Time
}

// Looks reports whether a body is a publication that is read here.
func Looks(body []byte, contentType string) bool {
	text, err := xmltext.Clean(body, contentType)
	if err != nil || text[0] != '<' {
		return false
	}
	head := text[:min(len(text), 4096)]
	return bytes.Contains(head, []byte("SituationPublication")) || bytes.Contains(head, []byte("TrafficRegulationPublication")) ||
		bytes.HasPrefix(head, []byte("<incidents"))
}

// Parse reads a publication. Its errors hold no part of the body.
func Parse(body []byte, opt Options) (*Publication, error) {
	text, err := xmltext.Clean(body, opt.ContentType)
	if err != nil {
		return nil, fmt.Errorf("datex2: %w", err)
	}
	if text[0] != '<' {
		return nil, errors.New("datex2: not XML")
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	r := &reader{opt: opt, dec: xml.NewDecoder(bytes.NewReader(text)), out: Publication{Whole: true}, near: opt.Area.around(), time: opt.Now}
	r.dec.Strict = false
	r.dec.Entity = xml.HTMLEntity
	if err := r.run(); err != nil {
		return nil, fmt.Errorf("datex2: %w", xmltext.Broken(err, body, text))
	}
	return &r.out, nil
}

func (r *reader) run() error {
	depth, closed := 0, false
	for {
		token, err := r.dec.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 && closed {
			return r.done()
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			depth--
			closed = depth == 0
		case xml.StartElement:
			taken, err := r.element(t)
			if err != nil {
				return err
			}
			if !taken {
				depth++
			}
		}
	}
}

// element looks at an element outside situations; taken says that it was read to
// its end.
func (r *reader) element(el xml.StartElement) (taken bool, _ error) {
	name := el.Name.Local
	if r.root == "" {
		r.root = name
		if name == "incidents" {
			r.kind = "CIFS"
		}
	}
	switch name {
	case "payloadPublication", "payload":
		n := newNode(el)
		r.kind = n.kind
		for _, a := range el.Attr {
			if a.Name.Local == "lang" {
				r.language = strings.ToLower(a.Value)
			}
		}
	case "publicationTime", "updateMethod", "nationalIdentifier":
		n, err := read(r.dec, el)
		if err != nil {
			return true, err
		}
		r.note(name, n.text)
		return true, nil
	case "situation", "trafficRegulationOrder", "incident":
		if r.kind == "" {
			return false, nil
		}
		n, err := read(r.dec, el)
		if errors.Is(err, errTooLarge) {
			r.out.Records = append(r.out.Records, source.Record{Item: n.id, Refused: events.Permanentf(events.ReasonTooLarge, "datex2: %s %s: %w", name, n.id, err)})
			return true, nil
		}
		if err != nil {
			return true, err
		}
		return true, r.thing(n)
	}
	return false, nil
}

func (r *reader) note(name, text string) {
	switch name {
	case "publicationTime":
		if t := when(text, r.opt.Zone); !t.IsZero() {
			r.time = t
		}
	case "updateMethod":
		r.out.Whole = text == "snapshot"
	case "nationalIdentifier":
		if r.supplier == "" {
			r.supplier = line(text)
		}
	}
}

// thing adds a situation, an order or an incident that is of the area.
func (r *reader) thing(n *node) error {
	var record source.Record
	wanted := false
	switch n.name {
	case "situation":
		record, wanted = r.situation(n)
	case "trafficRegulationOrder":
		record, wanted = r.order(n)
	case "incident":
		record, wanted = r.incident(n)
	}
	if !wanted {
		return nil
	}
	if len(r.out.Records) == maxRecords {
		return fmt.Errorf("more than %d records: narrow the area", maxRecords)
	}
	r.out.Records = append(r.out.Records, record)
	return nil
}

func (r *reader) done() error {
	if slices.Contains([]string{"SituationPublication", "TrafficRegulationPublication", "CIFS"}, r.kind) {
		return nil
	}
	if r.kind != "" {
		return errors.New("a publication of neither situations nor traffic regulations")
	}
	return errors.New("no publication in it")
}

// when reads a time; one without zone is local. Zero when it cannot be read.
func when(s string, zone *time.Location) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() >= 1990 && t.Year() <= 2200 {
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}
