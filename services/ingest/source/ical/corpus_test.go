package ical

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/teambition/rrule-go"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// refused are the recorded files that begin with no component a calendar has.
var refused = map[string]bool{
	"fuzz_testcase_0_char_in_component_name.ics": true, "Type_Error.ics": true, "fuzz_testcase_invalid_month.ics": true,
	"issue_178_component_with_invalid_name_represented.ics": true, "issue_178_custom_component_contains_other.ics": true,
}

// dated matches an event with a summary and a date.
var dated = regexp.MustCompile(`(?s)BEGIN:VEVENT.*\nDTSTART[^\n]*:\d{8}.*\nSUMMARY:\w|BEGIN:VEVENT.*\nSUMMARY:\w.*\nDTSTART[^\n]*:\d{8}`)

// TestCorpus reads every recorded calendar: none panics, takes more than a second
// or allocates more than 64 MB; every text is UTF-8; what holds a dated event
// with a summary gives a record.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "ics")
	type count struct{ files, read, refused, records, problems int }
	suites := map[string]*count{}
	opt := options(t, "1990-01-01")
	opt.Horizon = 80 * 366 * 24 * time.Hour
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		suite, _, _ := strings.Cut(rel, string(filepath.Separator))
		c := suites[suite]
		if c == nil {
			c = &count{}
			suites[suite] = c
		}
		c.files++
		var cal Calendar
		sourcetest.Bounded(t, rel, func() { cal, err = Parse(body, opt) })
		if err != nil {
			c.refused++
			if !refused[filepath.Base(path)] {
				t.Errorf("%s: %v", rel, err)
			}
			return nil
		}
		c.read++
		if !Kind().Guess(&fetch.Response{Body: body}) {
			t.Errorf("%s: is read, and not recognised", rel)
		}
		for _, r := range cal.Records {
			if r.Refused != nil {
				c.problems++
				continue
			}
			c.records++
		}
		checkUTF8(t, rel, cal.Records)
		if len(cal.Records) == 0 && dated.Match(body) && filepath.Base(path) != "test_with_tz_list.ics" { // its only date is an EXDATE
			t.Errorf("%s: nothing", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for suite, c := range suites {
		t.Logf("%-36s %4d files %4d read %3d refused %6d records %3d events refused", suite, c.files, c.read, c.refused, c.records, c.problems)
	}
}

func checkUTF8(t *testing.T, name string, records []source.Record) {
	t.Helper()
	for _, r := range records {
		if text := fmt.Sprintf("%s %+v", r.Item, r.Value); !utf8.ValidString(text) {
			t.Errorf("%s: a text is not UTF-8", name)
		}
		source.Meaning(r.Value)
	}
}

// TestHolidays: the official calendar gives every public holiday, one day long.
func TestHolidays(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join(eventstest.Corpus(t), "ics/etalab__jours-feries-france-data/ics/jours_feries_metropole.ics"))
	if err != nil {
		t.Fatal(err)
	}
	cal, err := Parse(body, options(t, "1990-01-01"))
	if want := strings.Count(string(body), "BEGIN:VEVENT"); err != nil || len(cal.Records) != want {
		t.Fatalf("%d records, want %d, %v", len(cal.Records), want, err)
	}
	for _, r := range cal.Records {
		if e := r.Value.(record.Entry); !e.AllDay || !e.Starts.Equal(e.Ends) || e.Expires.Sub(e.Starts) < 23*time.Hour {
			t.Errorf("%s: %+v", r.Item, e)
		}
	}
}

// TestRulesAsOthersReadThem compares random rules with another implementation.
func TestRulesAsOthersReadThem(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	start := time.Date(2024, 2, 29, 9, 30, 0, 0, time.UTC)
	from, to := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2029, 6, 1, 0, 0, 0, 0, time.UTC)
	compared, dates := 0, 0
	for range 400 {
		parts := []string{"FREQ=" + pick("YEARLY", "MONTHLY", "WEEKLY", "DAILY"), "INTERVAL=" + pick("1", "1", "2", "3")}
		monthly := strings.Contains(parts[0], "LY") && !strings.Contains(parts[0], "WEEKLY") && !strings.Contains(parts[0], "DAILY")
		if random.IntN(2) == 0 {
			days := pick("MO", "TU,TH", "SA,SU", "MO,TU,WE,TH,FR")
			if monthly {
				days = pick(days, "1MO", "-1FR", "2TU,4TU")
			}
			parts = append(parts, "BYDAY="+days)
			if monthly && random.IntN(3) == 0 {
				parts = append(parts, "BYSETPOS="+pick("1", "-1", "2,-2"))
			}
		}
		for _, extra := range []string{"BYMONTH=" + pick("1", "3,6", "12"), "BYMONTHDAY=" + pick("1", "-1", "13,31"), "BYHOUR=" + pick("8", "8,14"), "WKST=" + pick("SU", "MO"), "COUNT=" + pick("3", "500")} {
			if random.IntN(4) == 0 {
				parts = append(parts, extra)
			}
		}
		text := strings.Join(parts, ";")
		other, err := rrule.StrToRRule("DTSTART:20240229T093000Z\nRRULE:" + text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		r, err := parseRule(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var got []time.Time
		budget := maxWork
		r.between(start, from, to, &budget, func(at time.Time) bool {
			got = append(got, at)
			return true
		})
		want := other.Between(from, to, true)
		compared, dates = compared+1, dates+len(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s:\ngot  %v\nwant %v", text, got[:min(len(got), 6)], want[:min(len(want), 6)])
		}
	}
	t.Logf("%d rules, %d dates", compared, dates)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(calendar(vevent("UID:m", "SUMMARY:Marché", "DTSTART;TZID=Europe/Paris:20260101T080000", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=9", "EXDATE:20260108T070000Z"))))
	f.Add([]byte("BEGIN:VEVENT\nDTSTART:2026-01-01 10:00\nRRULE:FREQ=SECONDLY;BYSETPOS=-1;BYHOUR=1\nRDATE:20260101/P1D\nEND:VEVENT"))
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:00010101T000000\nTZOFFSETTO:-0000\nRRULE:FREQ=YEARLY;BYWEEKNO=-1;BYDAY=2MO\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:a\nDTSTART;TZID=x:99991231T235959\nRRULE:FREQ=DAILY\nEND:VEVENT"))
	opt := options(f, "2026-02-20")
	f.Fuzz(func(t *testing.T, body []byte) {
		cal, err := Parse(body, opt)
		if err != nil {
			return
		}
		checkUTF8(t, "fuzz", cal.Records)
		again, _ := Parse(body, opt)
		if fmt.Sprintf("%+v", show(cal.Records)) != fmt.Sprintf("%+v", show(again.Records)) {
			t.Error("the same body gives other records")
		}
	})
}
