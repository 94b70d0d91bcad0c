package gtfsrt

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// Limits of a feed, beyond which it is none.
const (
	maxEntities = 20_000
	maxInformed = 5_000 // of an alert
	maxPeriods  = 500
)

// The messages of gtfs-realtime.proto, with what an alert needs of them.
type (
	feed struct {
		version      string
		differential bool
		sent         time.Time
		entities     []entity
	}
	entity struct {
		id      string
		deleted bool
		alert   *alert
	}
	alert struct {
		periods                 []period
		informed                []selector
		cause, effect, severity uint64
		url, header, text       texts
	}
	period   struct{ start, end time.Time } // zero when open
	selector struct{ agency, route, stop string }
	texts    []text
	text     struct{ language, text string }
)

// each calls field for every field of a message; value is that of a varint,
// bytes that of a length-delimited field.
func each(message []byte, field func(number protowire.Number, value uint64, bytes []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errors.New("not a protobuf message")
		}
		message = message[n:]
		var value uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errors.New("a protobuf message is cut or broken")
		}
		message = message[n:]
		if kind != protowire.VarintType && kind != protowire.BytesType {
			continue
		}
		if err := field(number, value, bytes); err != nil {
			return err
		}
	}
	return nil
}

func decode(body []byte) (feed, error) {
	var f feed
	headed := false
	err := each(body, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case 1:
			headed = true
			return f.header(b)
		case 2:
			if len(f.entities) == maxEntities {
				return fmt.Errorf("more than %d entities", maxEntities)
			}
			e, err := readEntity(b)
			if err != nil {
				return fmt.Errorf("entity %d: %w", len(f.entities)+1, err)
			}
			f.entities = append(f.entities, e)
		}
		return nil
	})
	switch {
	case err != nil:
		return f, err
	case !headed || f.version == "":
		return f, errors.New("no header with a gtfs_realtime_version")
	case f.differential:
		return f, errors.New("header.incrementality: a differential feed cannot be followed")
	}
	return f, nil
}

func (f *feed) header(b []byte) error {
	return each(b, func(number protowire.Number, value uint64, bytes []byte) error {
		switch number {
		case 1:
			f.version = str(bytes)
		case 2:
			f.differential = value == 1
		case 3:
			f.sent = unix(value)
		}
		return nil
	})
}

func readEntity(b []byte) (entity, error) {
	var e entity
	err := each(b, func(number protowire.Number, value uint64, bytes []byte) error {
		switch number {
		case 1:
			e.id = str(bytes)
		case 2:
			e.deleted = value != 0
		case 5:
			a, err := readAlert(bytes)
			e.alert = &a
			return err
		}
		return nil
	})
	return e, err
}

func readAlert(b []byte) (alert, error) {
	var a alert
	err := each(b, func(number protowire.Number, value uint64, bytes []byte) (err error) {
		switch number {
		case 1:
			var p period
			if p, err = readPeriod(bytes); len(a.periods) < maxPeriods {
				a.periods = append(a.periods, p)
			}
		case 5:
			var s selector
			if s, err = readSelector(bytes); len(a.informed) < maxInformed {
				a.informed = append(a.informed, s)
			}
		case 6:
			a.cause = value
		case 7:
			a.effect = value
		case 8:
			a.url, err = readTexts(bytes)
		case 10:
			a.header, err = readTexts(bytes)
		case 11:
			a.text, err = readTexts(bytes)
		case 14:
			a.severity = value
		}
		return err
	})
	return a, err
}

func readPeriod(b []byte) (period, error) {
	var p period
	err := each(b, func(number protowire.Number, value uint64, _ []byte) error {
		switch number {
		case 1:
			p.start = unix(value)
		case 2:
			p.end = unix(value)
		}
		return nil
	})
	return p, err
}

func readSelector(b []byte) (selector, error) {
	var s selector
	err := each(b, func(number protowire.Number, _ uint64, bytes []byte) error {
		switch number {
		case 1:
			s.agency = str(bytes)
		case 2:
			s.route = str(bytes)
		case 4: // a trip names its route
			return each(bytes, func(number protowire.Number, _ uint64, bytes []byte) error {
				if number == 5 && s.route == "" {
					s.route = str(bytes)
				}
				return nil
			})
		case 5:
			s.stop = str(bytes)
		}
		return nil
	})
	return s, err
}

func readTexts(b []byte) (texts, error) {
	var list texts
	err := each(b, func(number protowire.Number, _ uint64, bytes []byte) error {
		if number != 1 {
			return nil
		}
		var t text
		err := each(bytes, func(number protowire.Number, _ uint64, bytes []byte) error {
			switch number {
			case 1:
				t.text = str(bytes)
			case 2:
				t.language = str(bytes)
			}
			return nil
		})
		list = append(list, t)
		return err
	})
	return list, err
}

// str is a text, UTF-8 whatever the network wrote.
func str(b []byte) string {
	text, _ := fetch.UTF8(b, "")
	return string(text)
}

// unix is a time in seconds, zero when absent or not one of this age: networks
// write the far future for "until further notice".
func unix(seconds uint64) time.Time {
	if seconds < 946684800 || seconds > 4102444800 { // 2000 to 2100
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
