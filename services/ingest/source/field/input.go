package field

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
)

const (
	maxTitle = 160 // characters
	maxText  = 5000
	maxPlace = 200
	// waited is how long an entry may have waited in a telephone.
	waited = 30 * 24 * time.Hour
)

var goodID = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// urgencies are CAP's words, in the order of the form.
var urgencies = [...]string{"Immediate", "Expected", "Future"}

// moments tell what a photo shows.
var moments = [...]string{"before", "after"}

// input is what an agent wrote.
type input struct{ ID, Title, Text, Place, Lat, Lon, Urgency, Moment, At string }

func read(r *http.Request) input {
	get := func(name string) string {
		text := strings.ReplaceAll(strings.ToValidUTF8(r.PostFormValue(name), "\uFFFD"), "\r\n", "\n")
		return strings.TrimSpace(strings.Map(func(c rune) rune {
			if c < ' ' && c != '\n' || c == 0x7f {
				return -1
			}
			return c
		}, text))
	}
	in := input{
		ID: get("id"), Title: strings.Join(strings.Fields(get("title")), " "), Text: get("text"), Place: strings.Join(strings.Fields(get("place")), " "),
		Lat: get("lat"), Lon: get("lon"), Urgency: get("urgency"), Moment: get("moment"), At: get("at"),
	}
	if in.ID == "" {
		in.ID = newID()
	}
	return in
}

func (in input) values() map[string]string {
	return map[string]string{
		"id": in.ID, "title": in.Title, "text": in.Text, "place": in.Place, "lat": in.Lat, "lon": in.Lon,
		"urgency": in.Urgency, "moment": in.Moment,
	}
}

// check notes what is to be mended, in the order of the form.
func (in input) check(v *view) {
	switch {
	case !goodID.MatchString(in.ID):
		v.reject("title", "id.bad")
	case in.Title == "":
		v.reject("title", "title.empty")
	case long(in.Title, maxTitle):
		v.reject("title", "title.long")
	}
	if long(in.Text, maxText) {
		v.reject("text", "text.long")
	}
	if long(in.Place, maxPlace) {
		v.reject("place", "place.long")
	}
	if _, _, ok := in.position(); !ok {
		v.reject("place", "place.bad")
	}
	if !slices.Contains(urgencies[:], in.Urgency) {
		v.reject("urgency", "urgency.empty")
	}
	if in.Moment != "" && !slices.Contains(moments[:], in.Moment) {
		v.reject("photo", "moment.bad")
	}
}

// position is where the telephone was, nil where it did not say; ok is false for
// what is nowhere.
func (in input) position() (lat, lon *float64, ok bool) {
	if in.Lat == "" && in.Lon == "" {
		return nil, nil, true
	}
	a, errA := strconv.ParseFloat(in.Lat, 64)
	o, errO := strconv.ParseFloat(in.Lon, 64)
	if errA != nil || errO != nil || !(a >= -90 && a <= 90 && o >= -180 && o <= 180) || a == 0 && o == 0 {
		return nil, nil, false
	}
	return &a, &o, true
}

// entry is what the agent saw, at the time the telephone says, when it can be.
func (in input) entry(now time.Time) record.Entry {
	e := record.Entry{
		Title: in.Title, Body: in.Text, Published: now.UTC(), Class: "service", Urgency: in.Urgency, Certainty: "Observed",
		Extra: map[string]string{},
	}
	if at, err := time.Parse(time.RFC3339, in.At); err == nil && at.After(now.Add(-waited)) && at.Before(now.Add(time.Minute)) {
		e.Published = at.UTC()
	}
	lat, lon, _ := in.position()
	if in.Place != "" || lat != nil {
		e.Place = &record.Place{Name: in.Place, Lat: lat, Lon: lon}
	}
	if in.Moment != "" {
		e.Extra["photo"] = in.Moment
	}
	return e
}
