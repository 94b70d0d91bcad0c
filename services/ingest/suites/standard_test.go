package suites

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// A standardCase is a document with what its standard says it means, written by
// hand: one line a record, its fields as [fieldsOf] names them.
type standardCase struct {
	name, input, want string
}

// fieldsOf writes what a record says in one line.
func fieldsOf(r source.Record) string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	add("id", r.Item)
	switch {
	case r.Refused != nil:
		add("refused", r.Refused.Error())
	case r.Withdrawn:
		add("withdrawn", "yes")
	}
	add("url", r.URL)
	e, ok := r.Value.(record.Entry)
	if !ok {
		return strings.TrimSpace(b.String())
	}
	add("title", e.Title)
	add("summary", e.Summary)
	add("body", e.Body)
	add("lang", e.Language)
	add("cat", strings.Join(e.Categories, ","))
	add("by", strings.Join(e.Authors, ","))
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"published", e.Published}, {"updated", e.Updated}, {"starts", e.Starts}, {"ends", e.Ends}, {"expires", e.Expires}} {
		if !t.at.IsZero() {
			add(t.name, t.at.UTC().Format(time.RFC3339))
		}
	}
	if e.AllDay {
		add("allday", "yes")
	}
	if p := e.Place; p != nil {
		add("place", p.Name)
		add("address", p.Address)
		add("city", p.City)
		if p.Lat != nil && p.Lon != nil {
			add("at", fmt.Sprintf("%g,%g", *p.Lat, *p.Lon))
		}
		add("geojson", p.GeoJSON)
	}
	for _, m := range e.Media {
		add("media", m.URL)
		add("type", m.Type)
		add("alt", m.Alt)
	}
	return strings.TrimSpace(b.String())
}

// holdTo compares what a parser reads with what the standard says.
func holdTo(t *testing.T, cases []standardCase, parse func(body []byte) ([]source.Record, error)) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			records, err := parse([]byte(c.input))
			var got []string
			for _, r := range records {
				got = append(got, fieldsOf(r))
			}
			if err != nil {
				got = append(got, "error: "+err.Error())
			}
			want := strings.TrimSpace(c.want)
			if text := strings.Join(got, "\n"); text != want {
				t.Errorf("got\n%s\nwant\n%s", text, want)
			}
		})
	}
}
