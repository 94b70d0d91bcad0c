package demo

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// What the State's services publish is served as recorded, with its dates moved
// around the first start and its place to Albi and the Tarn.

var (
	areas      = regexp.MustCompile(`(?s)<area>.*</area>`)
	identifier = regexp.MustCompile(`<identifier>[^<]*</identifier>`)
)

// alert is the vigilance as MeteoAlarm relays it, in CAP.
func alert(started time.Time) ([]byte, error) {
	body, err := read("vigilance-orages.xml")
	if err != nil {
		return nil, err
	}
	at := func(d time.Duration) string { return started.Add(d).Format("2006-01-02T15:04:05-07:00") }
	for name, value := range map[string]string{"sent": at(-time.Minute), "effective": at(-time.Minute), "onset": at(onset), "expires": at(ends)} {
		body = regexp.MustCompile("<"+name+">[^<]*</"+name+">").ReplaceAll(body, []byte("<"+name+">"+value+"</"+name+">"))
	}
	body = identifier.ReplaceAll(body, []byte("<identifier>2.49.0.0.250.0.FR."+started.UTC().Format("20060102150405")+".1</identifier>"))
	area := `<area><areaDesc>Tarn</areaDesc><geocode><valueName>NUTS3</valueName><value>FR627</value></geocode></area>`
	return areas.ReplaceAll(body, []byte(area)), nil
}

// When the thunderstorms come and go, after the first start.
const (
	onset = 2 * time.Hour
	ends  = 26 * time.Hour
)

const (
	recordedDepartement = "14" // in yellow for thunderstorms on both days
	tarn                = "81"
	// The recorded day begins at this time.
	recordedDay = "2026-08-26T04:00:00Z"
)

// vigilance is the map of Météo-France, with every date moved as much as the
// beginning of its day.
func vigilance(started time.Time) ([]byte, error) {
	body, err := read("vigilance-carte.json")
	if err != nil {
		return nil, err
	}
	was, err := time.Parse(time.RFC3339, recordedDay)
	if err != nil {
		return nil, fmt.Errorf("demo: vigilance: %w", err)
	}
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("demo: vigilance: %w", err)
	}
	doc = rewritten(doc, func(s string) string {
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			return at.Add(started.Truncate(time.Hour).Sub(was)).Format(time.RFC3339)
		}
		if s == recordedDepartement {
			return tarn
		}
		return s
	})
	if body, err = json.Marshal(doc); err != nil {
		return nil, fmt.Errorf("demo: vigilance: %w", err)
	}
	return body, nil
}

// rewritten is a JSON value with each of its texts changed.
func rewritten(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case []any:
		for i := range v {
			v[i] = rewritten(v[i], change)
		}
	case map[string]any:
		for k := range v {
			v[k] = rewritten(v[k], change)
		}
	}
	return v
}

var (
	startTime = regexp.MustCompile(`overallStartTime>[^<]*<`)
	townName  = regexp.MustCompile(`de MAISSE`)
	issuer    = regexp.MustCompile(`>Maisse<`)
	position  = regexp.MustCompile(`\[(\d+\.\d+),(\d+\.\d+)\]`)
)

// How far Albi is from where the order was made, in degrees.
const (
	eastward  = 2.1437 - 2.3864
	northward = 43.9277 - 48.3935
)

// order is a traffic order of DiaLog, in DATEX II.
func order(started time.Time) ([]byte, error) {
	body, err := read("dialog.xml")
	if err != nil {
		return nil, err
	}
	from := started.Truncate(24*time.Hour).AddDate(0, 0, 2).Format(time.RFC3339)
	body = startTime.ReplaceAll(body, []byte("overallStartTime>"+from+"<"))
	body = townName.ReplaceAll(body, []byte("d&#039;ALBI"))
	body = issuer.ReplaceAll(body, []byte(">Albi<"))
	return position.ReplaceAllFunc(body, func(pair []byte) []byte {
		m := position.FindSubmatch(pair)
		return fmt.Appendf(nil, "[%s,%s]", shifted(m[1], eastward), shifted(m[2], northward))
	}), nil
}

func shifted(degrees []byte, by float64) string {
	// The pattern matched a number.
	f, _ := strconv.ParseFloat(string(degrees), 64)
	return strconv.FormatFloat(f+by, 'f', 6, 64)
}

var vevent = regexp.MustCompile(`(?s)BEGIN:VEVENT\r?\nDTSTART;VALUE=DATE:(\d{8}).*?END:VEVENT\r?\n`)

// holidaysAhead is how far ahead the calendar of public holidays tells them.
const holidaysAhead = 60 * 24 * time.Hour

// holidays is the calendar with the public holidays to come.
func holidays(now time.Time) ([]byte, error) {
	body, err := read("jours-feries.ics")
	if err != nil {
		return nil, err
	}
	first, last := now.Format("20060102"), now.Add(holidaysAhead).Format("20060102")
	return vevent.ReplaceAllFunc(body, func(event []byte) []byte {
		if day := string(vevent.FindSubmatch(event)[1]); day < first || day > last {
			return nil
		}
		return event
	}), nil
}
