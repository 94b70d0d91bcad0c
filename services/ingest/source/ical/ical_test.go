package ical

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func calendar(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n"
}

func vevent(lines ...string) string {
	return "BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT"
}

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "text/calendar", Settings: "user: lecture\npassword: ${X}",
		Document: []byte(calendar(vevent("UID:1", "SUMMARY:Conseil municipal", "DTSTART:20990105T190000"), vevent("UID:2", "SUMMARY:Fête", "DTSTART;VALUE=DATE:20990714"))),
		Latin1:   []byte(calendar(vevent("UID:1", "SUMMARY:Horaires d'\xe9t\xe9", "DTSTART:20990705T190000"))),
		Twice:    []byte(calendar(vevent("UID:1", "SUMMARY:Un", "DTSTART:20990105T190000"), vevent("UID:1", "SUMMARY:Deux", "DTSTART:20990106T190000"))),
	})
}

// show writes records as short lines: item, start, end.
func show(records []source.Record) []string {
	var out []string
	for _, r := range records {
		e, _ := r.Value.(record.Entry)
		switch {
		case r.Withdrawn:
			out = append(out, r.Item+" withdrawn")
		case r.Refused != nil:
			out = append(out, r.Item+" refused")
		default:
			out = append(out, fmt.Sprintf("%s %s %s", r.Item, e.Starts.Format("0102T1504"), e.Ends.Format("0102T1504")))
		}
	}
	return out
}

func TestOccurrences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now   string
		lines []string
		want  []string
	}{
		"wall time over a change of clocks": {
			"2026-03-22",
			[]string{vevent("UID:m", "SUMMARY:Marché", "DTSTART;TZID=Europe/Paris:20260101T080000", "DTEND;TZID=Europe/Paris:20260101T120000", "RRULE:FREQ=WEEKLY;UNTIL=20260403T000000Z")},
			[]string{"m/20260326T070000Z 0326T0700 0326T1100", "m/20260402T060000Z 0402T0600 0402T1000"},
		},
		"Windows zone, EXDATE in UTC": {
			"2026-03-20",
			[]string{vevent("UID:m", "SUMMARY:Marché", `DTSTART;TZID="Romance Standard Time":20260321T080000`, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260322T070000Z")},
			[]string{"m/20260321T070000Z 0321T0700 0321T0800", "m/20260323T070000Z 0323T0700 0323T0800"},
		},
		"occurrence moved and another cancelled": {
			"2026-03-01",
			[]string{
				vevent("UID:m", "SUMMARY:Marché", "DTSTART:20260302T090000Z", "DTEND:20260302T100000Z", "RRULE:FREQ=DAILY;COUNT=3"),
				vevent("UID:m", "SUMMARY:Marché", "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T140000Z", "DTEND:20260303T150000Z"),
				vevent("UID:m", "SUMMARY:Marché", "RECURRENCE-ID:20260304T090000Z", "DTSTART:20260304T090000Z", "STATUS:CANCELLED"),
			},
			[]string{"m/20260302T090000Z 0302T0900 0302T1000", "m/20260303T090000Z 0303T1400 0303T1500", "m/20260304T090000Z withdrawn"},
		},
		"this and all that follow": {
			"2026-03-01",
			[]string{
				vevent("UID:m", "SUMMARY:a", "DTSTART:20260302T090000Z", "RRULE:FREQ=DAILY;COUNT=3"),
				vevent("UID:m", "SUMMARY:b", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z", "DTSTART:20260303T100000Z"),
			},
			[]string{"m/20260302T090000Z 0302T0900 0101T0000", "m/20260303T090000Z 0303T1000 0101T0000", "m/20260304T090000Z 0304T1000 0101T0000"},
		},
		"RDATE beside no rule, PERIOD read": {
			"2026-03-01",
			[]string{vevent("UID:m", "SUMMARY:a", "DTSTART:20260302T090000Z", "RDATE;VALUE=PERIOD:20260305T090000Z/PT1H,20260306T090000Z/PT1H")},
			[]string{"m/20260302T090000Z 0302T0900 0101T0000", "m/20260305T090000Z 0305T0900 0101T0000", "m/20260306T090000Z 0306T0900 0101T0000"},
		},
		"day without length": {
			"2026-05-01",
			[]string{vevent("UID:f", "SUMMARY:Ascension", "DTSTART;VALUE=DATE:20260514", "DTEND;VALUE=DATE:20260514")},
			[]string{"f 0513T2200 0513T2200"},
		},
		"three days, shown on the last": {
			"2026-05-16",
			[]string{vevent("UID:f", "SUMMARY:Fête", "DTSTART;VALUE=DATE:20260514", "DTEND;VALUE=DATE:20260517")},
			[]string{"f 0513T2200 0515T2200"},
		},
		"cancelled event":         {"2026-05-01", []string{vevent("UID:f", "SUMMARY:Fête", "DTSTART:20260514T100000Z", "STATUS:CANCELLED")}, []string{"f withdrawn"}},
		"cancelling calendar":     {"2026-05-01", []string{"METHOD:CANCEL", vevent("UID:f", "SUMMARY:Fête", "DTSTART:20260514T100000Z")}, []string{"f withdrawn"}},
		"private event":           {"2026-05-01", []string{vevent("UID:f", "CLASS:PRIVATE", "SUMMARY:Fête", "DTSTART:20260514T100000Z")}, []string{"f withdrawn"}},
		"older version":           {"2026-05-01", []string{vevent("UID:f", "SEQUENCE:2", "SUMMARY:Fête", "DTSTART:20260514T100000Z"), vevent("UID:f", "SEQUENCE:1", "SUMMARY:Fête", "DTSTART:20260515T100000Z")}, []string{"f 0514T1000 0101T0000"}},
		"over":                    {"2026-05-20", []string{vevent("UID:f", "SUMMARY:Fête", "DTSTART:20260514T100000Z")}, nil},
		"rule that says nonsense": {"2026-05-01", []string{vevent("UID:f", "SUMMARY:Fête", "DTSTART:20260514T100000Z", "RRULE:FREQ=SOMETIMES")}, []string{"f/20260514T100000Z 0514T1000 0101T0000", "f refused"}},
		"rule that matches never": {"2026-05-01", []string{vevent("UID:f", "SUMMARY:Fête", "DTSTART:20260514T100000Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2")}, []string{"f/20260514T100000Z 0514T1000 0101T0000", "f refused"}},
		"no start":                {"2026-05-01", []string{vevent("UID:f", "SUMMARY:Fête")}, []string{"f refused"}},
		"unknown zone is home":    {"2026-05-01", []string{vevent("UID:f", "SUMMARY:x", "DTSTART;TZID=Customized Time Zone 1:20260514T100000")}, []string{"f 0514T0800 0101T0000"}},
		"Outlook's cities":        {"2026-05-01", []string{vevent("UID:f", "SUMMARY:x", `DTSTART;TZID="(UTC+01:00) Brussels, Copenhagen, Madrid, Paris":20260514T100000`)}, []string{"f 0514T0800 0101T0000"}},
		"zone of the document": {
			"2026-05-01",
			[]string{
				"BEGIN:VTIMEZONE", "TZID:Ici", "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0500", "TZOFFSETTO:+0400", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
				"BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0400", "TZOFFSETTO:+0500", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
				vevent("UID:f", "SUMMARY:x", "DTSTART;TZID=Ici:20260514T100000"), vevent("UID:w", "SUMMARY:x", "DTSTART;TZID=Ici:20261214T100000"),
			},
			[]string{"f 0514T0500 0101T0000", "w 1214T0600 0101T0000"},
		},
		"skipped hour": {"2026-03-20", []string{vevent("UID:f", "SUMMARY:x", "DTSTART;TZID=Europe/Paris:20260329T023000")}, []string{"f 0329T0130 0101T0000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cal, err := Parse([]byte(calendar(c.lines...)), options(t, c.now))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(cal.Records); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestEntry(t *testing.T) {
	t.Parallel()
	cal, err := Parse([]byte(calendar(vevent("UID:f", "DTSTART:20260514T100000Z", "SUMMARY;LANGUAGE=fr:Bal\\, place du march", " \xc3", " \xa9", `DESCRIPTION:Un\nDeux\; trois`, "quatre",
		"LOCATION:Place", "GEO:45.75;4.85", "URL:https://mairie.example/bal", "CATEGORIES:Fêtes,Sport", "ATTACH;FMTTYPE=image/png:https://mairie.example/a.png", "ATTACH;VALUE=BINARY:AAAA",
		`ORGANIZER;CN="Comité; fêtes":mailto:a@b.example`, "ATTENDEE:mailto:c@d.example"))), options(t, "2026-05-01"))
	if err != nil || len(cal.Records) != 1 {
		t.Fatalf("%d records, %v", len(cal.Records), err)
	}
	e := cal.Records[0].Value.(record.Entry)
	if e.Title != "Bal, place du marché" || e.Body != "Un\nDeux; trois\nquatre" || e.Language != "fr" || e.Place.Name != "Place" || *e.Place.Lat != 45.75 ||
		e.Link != "https://mairie.example/bal" || len(e.Categories) != 2 || len(e.Media) != 1 || e.Media[0].Type != "image/png" || e.Authors[0] != "Comité; fêtes" {
		t.Errorf("got %+v", e)
	}
	if strings.Contains(fmt.Sprintf("%+v", e), "@") {
		t.Error("an e-mail address is kept")
	}
}

// connect makes a source at a server, with a clock that the test holds.
func connect(t *testing.T, now *time.Time, settings string, h http.HandlerFunc) *Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	src, err := New(source.Deps{HTTP: client, Now: func() time.Time { return *now }, Secret: func(string) (string, error) { return "mot", nil }},
		source.Spec{URL: server.URL + "/a.ics", Settings: []byte(settings)})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestTimeBringsOccurrencesAndWhatVanishesIsWithdrawn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	series := vevent("UID:m", "SUMMARY:Marché", "DTSTART:20260101T090000Z", "RRULE:FREQ=DAILY")
	body := calendar(series, vevent("UID:bal", "SUMMARY:Bal", "DTSTART:20260714T190000Z"))
	src := connect(t, &now, "horizon: 48h", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	records, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 4 {
		t.Fatalf("%v, %v", show(records), err)
	}
	if _, _, err := src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Fatalf("the same day: %v", err)
	}
	now = now.Add(24 * time.Hour)
	records, cur, err = src.Fetch(t.Context(), cur)
	if err != nil || len(records) != 4 || !strings.HasPrefix(records[2].Item, "m/20260503") {
		t.Fatalf("the next day: %v, %v", show(records), err)
	}
	body = strings.TrimSuffix(calendar(series), "END:VCALENDAR\r\n")
	records, cur, err = src.Fetch(t.Context(), cur)
	if err != nil || len(records) != 3 {
		t.Fatalf("a cut document: %v, %v", show(records), err)
	}
	body = calendar(series)
	records, _, err = src.Fetch(t.Context(), cur)
	if err != nil || len(records) != 4 || records[3].Item != "bal" || !records[3].Withdrawn {
		t.Errorf("vanished: %v, %v", show(records), err)
	}
}

func TestCalDAV(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	src := connect(t, &now, "caldav: true\nuser: lecture\npassword: ${X}", func(w http.ResponseWriter, r *http.Request) {
		query, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		if r.Method != "REPORT" || r.Header.Get("Depth") != "1" || user != "lecture" || password != "mot" || !strings.Contains(string(query), `start="20260430T000000Z" end="20260701T000000Z"`) {
			t.Errorf("%s, depth %q, user %q: %s", r.Method, r.Header.Get("Depth"), user, query)
		}
		w.WriteHeader(http.StatusMultiStatus)
		fmt.Fprint(w, `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav">`)
		for _, uid := range []string{"a", "b"} {
			fmt.Fprintf(w, `<d:response><d:href>/%s.ics</d:href><d:propstat><d:prop><cal:calendar-data>%s</cal:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`,
				uid, calendar(vevent("UID:"+uid, "SUMMARY:Bal", "DTSTART:20260514T100000Z")))
		}
		fmt.Fprint(w, `</d:multistatus>`)
	})
	records, _, err := src.Fetch(t.Context(), source.Cursor{})
	if got := strings.Join(show(records), "|"); err != nil || got != "a 0514T1000 0101T0000|b 0514T1000 0101T0000" {
		t.Errorf("%s, %v", got, err)
	}
}
