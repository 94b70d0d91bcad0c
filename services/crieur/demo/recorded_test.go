package demo

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/crieur/config"
)

func start() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

func TestAgendaGrowsAndKeepsItsDates(t *testing.T) {
	t.Parallel()
	list, err := load[event]("agenda-albi.json")
	if err != nil {
		t.Fatal(err)
	}
	answer := func(since, now time.Time) []event {
		body, err := agenda(list, start(), since, now)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Events []event }
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Events
	}
	first, later := answer(time.Time{}, start()), answer(time.Time{}, start().Add(time.Minute))
	if len(first) != readyItems || len(later) <= len(first) {
		t.Fatalf("%d events at the start, %d a minute later", len(first), len(later))
	}
	for i, e := range first {
		if e.UID != later[i].UID || !e.UpdatedAt.Equal(later[i].UpdatedAt) || !e.Timings[0].Begin.Equal(later[i].Timings[0].Begin) {
			t.Errorf("event %d changed: %+v, %+v", i, e, later[i])
		}
		if !e.Timings[0].Begin.After(start()) {
			t.Errorf("event %d is past: %s", i, e.Timings[0].Begin)
		}
		for k, at := range e.Timings { // "La brocante du samedi" is one
			was := list[i].Timings[k]
			if at.Begin.Weekday() != was.Begin.Weekday() || at.Begin.Hour() != was.Begin.Hour() {
				t.Errorf("event %d: %s was %s", i, at.Begin, was.Begin)
			}
		}
	}
	if since := answer(start(), start().Add(time.Minute)); len(since) != len(later)-len(first) {
		t.Errorf("%d events since the start", len(since))
	}
}

// What the State publishes is of these days and of here.
func TestStateIsOfTodayAndOfHere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		serve    func(time.Time) ([]byte, error)
		want     []string
		wantNone string
	}{
		"CAP":   {alert, []string{"<sent>2026-11-23T07:59:00+00:00</sent>", "<expires>2026-11-24T10:00:00+00:00</expires>", "FR627", "Vigilance jaune orages"}, "2022"},
		"map":   {vigilance, []string{`"begin_validity_time":"2026-11-23T08:00:00Z"`, `"domain_id":"81"`}, "2026-08"},
		"order": {order, []string{"2026-11-25T00:00:00Z", ">Albi<", "d&#039;ALBI", "[2.1", ",43.92"}, "48.39"},
	} {
		body, err := tc.serve(start())
		if err != nil {
			t.Fatal(err)
		}
		if name != "map" && xml.Unmarshal(body, new(struct{})) != nil || name == "map" && !json.Valid(body) {
			t.Errorf("%s: cannot be read", name)
		}
		for _, want := range tc.want {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(string(body), tc.wantNone) {
			t.Errorf("%s keeps %q of the recording", name, tc.wantNone)
		}
	}
}

func TestHolidaysAreThoseToCome(t *testing.T) {
	t.Parallel()
	body, err := holidays(start())
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	if strings.Count(text, "BEGIN:VEVENT") != 2 || !strings.Contains(text, "DATE:20261225") || !strings.Contains(text, "DATE:20270101") || !strings.HasSuffix(strings.TrimSpace(text), "END:VCALENDAR") {
		t.Errorf("%s", text)
	}
}

// The demonstration's own configuration is as right as a file's must be.
func TestEveryEntityIsValid(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{}
	cfg.SetDefaults()
	for _, s := range sources("http://127.0.0.1:1") {
		s.SetDefaults()
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, s := range streams() {
		s.SetDefaults()
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, ch := range channels(cfg, addresses{smpp: "127.0.0.1:1", smtp: "127.0.0.1:2", web: "http://127.0.0.1:3"}) {
		ch.SetDefaults()
		if err := ch.Validate(); err != nil {
			t.Error(err)
		}
	}
}
