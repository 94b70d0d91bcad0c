package openagenda

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// record maps one event.
func (c Config) record(e map[string]any) source.Record {
	item := cmp.Or(rows.Text(e["uid"]), rows.Text(e["slug"]))
	if withdrawn(e) {
		return source.Record{Item: item, Withdrawn: true}
	}
	title, language := rows.Translated(e["title"], c.Language)
	text := func(name string) string {
		s, _ := rows.Translated(e[name], cmp.Or(language, c.Language))
		return rows.Prose(s)
	}
	entry := record.Entry{
		Title: rows.Line(title), Language: language, Summary: text("description"), Body: text("longDescription"),
		Link: c.link(e), Published: date(e["createdAt"]), Updated: date(e["updatedAt"]),
		Place: place(e), Media: image(e), Status: status(e),
		Timings: rows.Timings(e["timings"], zone(e)),
		Extra:   extra(e, text),
	}
	if len(entry.Timings) == 0 { // a list without details says the next date only
		entry.Timings = rows.Timings([]any{cmp.Or(e["nextTiming"], e["firstTiming"]), e["lastTiming"]}, zone(e))
	}
	if n := len(entry.Timings); n > 0 {
		entry.Starts, entry.Ends = entry.Timings[0].Starts, entry.Timings[n-1].Ends
	}
	for _, word := range keywords(e["keywords"], cmp.Or(language, c.Language)) {
		if word = rows.Line(word); word != "" && !slices.Contains(entry.Categories, word) {
			entry.Categories = append(entry.Categories, word)
		}
	}
	out := source.Record{Item: item, URL: entry.Link, Value: entry}
	if entry.Title == "" && entry.Summary == "" {
		out.Refused = events.Permanentf(events.ReasonInvalidContent, "openagenda: title: required")
	}
	return out
}

// withdrawn reports whether an event must no longer be shown: removed, a draft,
// private, not published (state other than 2), or cancelled (status 6).
func withdrawn(e map[string]any) bool {
	state := rows.Text(e["state"])
	return rows.Truth(e["removed"]) || rows.Truth(e["deleted"]) || rows.Truth(e["draft"]) || rows.Truth(e["private"]) ||
		state != "" && state != "2" || statusID(e) == "6"
}

// statusID reads status, a number or {id, label}.
func statusID(e map[string]any) string {
	return cmp.Or(rows.Text(rows.At(e["status"], "id")), rows.Text(e["status"]))
}

func status(e map[string]any) string {
	switch statusID(e) {
	case "2":
		return "rescheduled"
	case "3":
		return "moved online"
	case "4":
		return "postponed"
	case "5":
		return "full"
	}
	return ""
}

func date(v any) time.Time {
	t, _, _ := dates.Read(rows.Text(v), time.UTC)
	return t
}

func zone(e map[string]any) *time.Location {
	name := cmp.Or(rows.Text(e["timezone"]), rows.Text(rows.At(e, "location.timezone")), "Europe/Paris")
	if l, err := time.LoadLocation(name); err == nil && name != "Local" && len(name) < 64 {
		return l
	}
	return time.UTC
}

func (c Config) link(e map[string]any) string {
	if link := rows.Text(e["canonicalUrl"]); strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		return link
	}
	if slug := rows.Text(e["slug"]); c.Slug != "" && slugForm.MatchString(slug) {
		return "https://openagenda.com/" + c.Slug + "/events/" + slug
	}
	return ""
}

func place(e map[string]any) *record.Place {
	at := func(names ...string) string {
		for _, name := range names {
			if s := rows.Line(rows.Text(rows.At(e, name))); s != "" {
				return s
			}
		}
		return ""
	}
	p := record.Place{
		Name: at("location.name", "locationName"), Address: at("location.address", "address"),
		City: at("location.city", "city"), Postcode: at("location.postalCode", "postalCode"),
	}
	if code := at("location.insee"); len(code) == 5 {
		p.INSEE = []string{code}
	}
	lat, okLat := rows.Number(cmp.Or(rows.At(e, "location.latitude"), e["latitude"]))
	lon, okLon := rows.Number(cmp.Or(rows.At(e, "location.longitude"), e["longitude"]))
	if okLat && okLon {
		p.Lat, p.Lon = rows.Point(lat, lon)
	}
	if p.Name == "" && p.Address == "" && p.City == "" && p.Lat == nil {
		return nil
	}
	return &p
}

// image reads {base, filename} and, in v1, an address.
func image(e map[string]any) []record.Media {
	address := rows.Text(e["image"])
	if file := rows.Text(rows.At(e["image"], "filename")); file != "" {
		address = rows.Text(rows.At(e["image"], "base")) + file
	}
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return nil
	}
	return []record.Media{{URL: address, Type: cmp.Or(rows.MediaType(address), "image/jpeg")}}
}

// keywords reads {fr: [a, b]}, {fr: "a, b"} and lists.
func keywords(v any, language string) []string {
	if m, ok := v.(map[string]any); ok {
		v = cmp.Or(m[language], m["fr"], m["en"])
	}
	var out []string
	for _, k := range rows.List(v) {
		if s, ok := k.(string); ok && len(out) < 50 {
			out = append(out, strings.Split(s, ",")...)
		}
	}
	return out
}

// extra keeps what helps people to come: conditions, age, accessibility, where to
// book. Numbers and addresses of people are left out.
func extra(e map[string]any, text func(string) string) map[string]string {
	out := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	put("conditions", text("conditions"))
	put("accessibility", strings.Join(accessible(e["accessibility"]), ","))
	if least, most := rows.Text(rows.At(e, "age.min")), rows.Text(rows.At(e, "age.max")); least+most != "" {
		put("age", least+"–"+most)
	}
	if mode := cmp.Or(rows.Text(rows.At(e["attendanceMode"], "id")), rows.Text(e["attendanceMode"])); mode == "2" || mode == "3" {
		put("online", rows.Text(e["onlineAccessLink"]))
	}
	for _, r := range rows.List(e["registration"]) {
		if link := rows.Text(rows.At(r, "value")); rows.Text(rows.At(r, "type")) == "link" && out["registration"] == "" {
			put("registration", link)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// accessible gives the codes of OpenAgenda that hold: hi hearing, vi sight, pi
// mental, mi motor, ii intellectual impairment.
func accessible(v any) []string {
	var codes []string
	if m, ok := v.(map[string]any); ok {
		for code, holds := range m {
			if rows.Truth(holds) && len(code) == 2 {
				codes = append(codes, code)
			}
		}
	} else {
		for _, code := range rows.List(v) {
			if s := rows.Text(code); len(s) == 2 {
				codes = append(codes, s)
			}
		}
	}
	slices.Sort(codes)
	return codes
}
