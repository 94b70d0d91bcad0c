package ical

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crieur/crieur/services/ingest/xmltext"
)

// calendarQuery asks for the events between two instants (RFC 4791 §7.8).
func calendarQuery(from, to time.Time) []byte {
	const layout = "20060102T150405Z"
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="%s" end="%s"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
		from.UTC().Format(layout), to.UTC().Format(layout))
}

// calendarData gives the documents of a multistatus answer.
func calendarData(body []byte) ([][]byte, error) {
	text, err := xmltext.Clean(body, "")
	if err != nil {
		return nil, fmt.Errorf("ical: caldav: %w", err)
	}
	var answer struct {
		XMLName   xml.Name `xml:"DAV: multistatus"`
		Responses []struct {
			PropStats []struct {
				Data string `xml:"prop>calendar-data"`
			} `xml:"propstat"`
		} `xml:"response"`
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return nil, errors.New("ical: caldav: not a multistatus answer")
	}
	var bodies [][]byte
	for _, r := range answer.Responses {
		for _, p := range r.PropStats {
			if strings.TrimSpace(p.Data) != "" {
				bodies = append(bodies, []byte(p.Data))
			}
		}
	}
	return bodies, nil
}
