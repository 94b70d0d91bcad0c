package ical

import (
	"mime"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// emit adds the record of one occurrence.
func (b *builder) emit(e *event, item string, wall time.Time) {
	if len(b.out.Records) >= maxRecords {
		return
	}
	if e.gone {
		b.out.Records = append(b.out.Records, source.Record{Item: item, Withdrawn: true})
		return
	}
	entry := e.entry()
	if entry.Title == "" && entry.Body == "" {
		e.problem = events.Permanentf(events.ReasonInvalidContent, "ical: SUMMARY: required")
		b.refuse(e)
		return
	}
	start, end := e.at(wall)
	entry.Starts = start.UTC()
	switch {
	case e.start.day:
		// The last day, as people count it; what it tells expires when that is over.
		entry.AllDay = true
		entry.Ends, _ = e.at(wall.Add(e.length - 24*time.Hour))
		entry.Ends, entry.Expires = entry.Ends.UTC(), end.UTC()
	case e.ends && e.length > 0:
		entry.Ends = end.UTC()
	}
	b.out.Records = append(b.out.Records, source.Record{Item: item, URL: entry.Link, Value: entry})
}

func (b *builder) refuse(e *event) {
	if len(b.out.Records) < maxRecords && !e.gone {
		b.out.Records = append(b.out.Records, source.Record{Item: e.uid, Refused: e.problem})
	}
}

func (e *event) entry() record.Entry {
	c := e.c
	entry := record.Entry{
		Title:     strings.Join(strings.Fields(c.prop("SUMMARY").text()), " "),
		Body:      c.prop("DESCRIPTION").text(),
		Language:  c.prop("SUMMARY").param("LANGUAGE"),
		Link:      webAddress(c.prop("URL").text()),
		Published: stampOf(c.prop("CREATED")),
		Updated:   stampOf(c.prop("LAST-MODIFIED")),
		Place:     place(c),
		Media:     media(c),
		Status:    c.prop("STATUS").text(),
	}
	if entry.Body == "" {
		entry.Body = c.prop("X-ALT-DESC").text()
	}
	for _, p := range c.all("CATEGORIES") {
		for _, v := range list(p.value) {
			if v = strings.TrimSpace(unescape(v)); v != "" && len(entry.Categories) < 50 {
				entry.Categories = append(entry.Categories, v)
			}
		}
	}
	if name := unescape(c.prop("ORGANIZER").param("CN")); name != "" && !strings.Contains(name, "@") {
		entry.Authors = []string{name}
	}
	if z, ok := e.z.(iana); ok {
		if name := z.String(); strings.Contains(name, "/") {
			entry.Extra = map[string]string{"tzid": name}
		}
	}
	return entry
}

// stampOf reads CREATED and LAST-MODIFIED, zero where they are absurd.
func stampOf(p *property) time.Time {
	if p == nil {
		return time.Time{}
	}
	w, ok := moment(p.value)
	if !ok || w.wall.Year() < 1990 || w.wall.Year() > 2100 {
		return time.Time{}
	}
	return w.wall
}

func webAddress(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// place reads LOCATION, and GEO or what Apple writes beside it.
func place(c *component) *record.Place {
	p := record.Place{Name: strings.Join(strings.Fields(strings.ReplaceAll(c.prop("LOCATION").text(), "\n", ", ")), " ")}
	geo := strings.ReplaceAll(c.prop("GEO").text(), ";", ",")
	if apple := c.prop("X-APPLE-STRUCTURED-LOCATION"); geo == "" && apple != nil {
		geo = strings.TrimPrefix(apple.value, "geo:")
	}
	if lat, lon, found := strings.Cut(geo, ","); found {
		y, errY := strconv.ParseFloat(strings.TrimSpace(lat), 64)
		x, errX := strconv.ParseFloat(strings.TrimSpace(lon), 64)
		// (0, 0) is a field left empty.
		if errY == nil && errX == nil && y >= -90 && y <= 90 && x >= -180 && x <= 180 && (x != 0 || y != 0) {
			p.Lat, p.Lon = &y, &x
		}
	}
	if p.Name == "" && p.Lat == nil {
		return nil
	}
	return &p
}

// media reads ATTACH and IMAGE (RFC 7986) that are addresses.
func media(c *component) []record.Media {
	var out []record.Media
	for _, name := range []string{"IMAGE", "ATTACH"} {
		for _, p := range c.all(name) {
			address := webAddress(p.value)
			if address == "" || len(out) >= 20 {
				continue
			}
			m := record.Media{URL: address, Type: p.param("FMTTYPE")}
			if m.Type == "" {
				u, _ := url.Parse(address) // read above
				m.Type = mime.TypeByExtension(path.Ext(u.Path))
			}
			out = append(out, m)
		}
	}
	return out
}
