package feed

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/publisher/channel"
)

// cancelled is the shelf of alerts that were withdrawn and are not yet over.
const cancelled = "cancelled"

// Alert is what an alert says in CAP besides what an entry holds.
type Alert struct {
	Status    events.Status    `json:"status"`
	MsgType   events.MsgType   `json:"msgType"`
	Severity  events.Severity  `json:"severity"`
	Urgency   events.Urgency   `json:"urgency"`
	Certainty events.Certainty `json:"certainty"`
	Topic     string           `json:"topic"`
	Effective time.Time        `json:"effective"`
	Expires   time.Time        `json:"expires"`
	Texts     []AlertText      `json:"texts"` // one a language
	Areas     []events.Area    `json:"areas,omitempty"`
}

// AlertText is an alert in one language.
type AlertText struct {
	Language    string `json:"language"`
	Headline    string `json:"headline"`
	Description string `json:"description,omitempty"`
	Place       string `json:"place,omitempty"`
	Instruction string `json:"instruction,omitempty"`
}

func alertOf(p events.Publication) *Alert {
	a := &Alert{
		Status: p.Status, MsgType: p.MsgType, Severity: p.Severity, Urgency: p.Urgency, Certainty: p.Certainty, Topic: p.Topic,
		Effective: p.NotBefore.UTC().Truncate(time.Second), Expires: p.Expires.UTC().Truncate(time.Second), Areas: p.Areas,
	}
	if a.Status == "" {
		a.Status = events.StatusActual
	}
	return a
}

// alertText is p in its content's language. CAP has no element for the end of
// what is announced, and its area may be wider than the place: both are in the
// description.
func (c *Channel) alertText(p events.Publication, profile channel.Profile) AlertText {
	return AlertText{
		Language: cmp.Or(p.Content.Language, profile.Language), Headline: channel.Headline(p),
		Description: strings.TrimSpace(strings.Join(profile.Circumstances(p), "\n") + "\n\n" + c.text(p)),
		Place:       oneLine(p.Content.Place), Instruction: p.Content.Instruction,
	}
}

// capIdentifier names one revision of an alert.
func capIdentifier(d events.Delivery) string { return d.Publication + "." + strconv.Itoa(d.Revision) }

// capTime is a time as CAP 1.2 asks: with an offset, never Z.
func capTime(t time.Time, loc *time.Location) string {
	return t.In(loc).Format("2006-01-02T15:04:05-07:00")
}

type capAlert struct {
	XMLName    xml.Name  `xml:"urn:oasis:names:tc:emergency:cap:1.2 alert"`
	Identifier string    `xml:"identifier"`
	Sender     string    `xml:"sender"`
	Sent       string    `xml:"sent"`
	Status     string    `xml:"status"`
	MsgType    string    `xml:"msgType"`
	Scope      string    `xml:"scope"`
	References string    `xml:"references,omitempty"`
	Infos      []capInfo `xml:"info"`
}

type capInfo struct {
	Language    string    `xml:"language"`
	Category    string    `xml:"category"`
	Event       string    `xml:"event"`
	Urgency     string    `xml:"urgency"`
	Severity    string    `xml:"severity"`
	Certainty   string    `xml:"certainty"`
	Effective   string    `xml:"effective"`
	Onset       string    `xml:"onset,omitempty"`
	Expires     string    `xml:"expires"`
	SenderName  string    `xml:"senderName"`
	Headline    string    `xml:"headline"`
	Description string    `xml:"description,omitempty"`
	Instruction string    `xml:"instruction,omitempty"`
	Web         string    `xml:"web,omitempty"`
	Areas       []capArea `xml:"area"`
}

type capArea struct {
	Desc     string       `xml:"areaDesc"`
	Polygons []string     `xml:"polygon"`
	Circle   string       `xml:"circle,omitempty"`
	Geocodes []capGeocode `xml:"geocode"`
}

type capGeocode struct {
	Name  string `xml:"valueName"`
	Value string `xml:"value"`
}

// writeCAP writes the CAP message of one revision; earlier are the revisions
// that it supersedes, oldest first.
func writeCAP(sender string, e Entry, d events.Delivery, earlier []capMessage) ([]byte, error) {
	loc := location(e.TimeZone)
	a := e.Alert
	doc := capAlert{
		Identifier: capIdentifier(d), Sender: sender, Sent: capTime(e.Updated, loc),
		Status: string(a.Status), MsgType: string(a.MsgType), Scope: "Public",
	}
	var refs []string
	for _, m := range earlier {
		refs = append(refs, strings.Join([]string{sender, capIdentifier(m.delivery), capTime(m.entry.Updated, location(m.entry.TimeZone))}, ","))
	}
	doc.References = strings.Join(refs, " ")
	onset := ""
	if e.Start != nil {
		onset = capTime(*e.Start, loc)
	}
	for _, t := range a.Texts {
		doc.Infos = append(doc.Infos, capInfo{
			Language: t.Language, Category: category(a.Topic), Event: topic.Name(a.Topic, t.Language),
			Urgency: known(a.Urgency), Severity: known(a.Severity), Certainty: known(a.Certainty),
			Effective: capTime(a.Effective, loc), Onset: onset, Expires: capTime(a.Expires, loc),
			SenderName: e.Author, Headline: t.Headline, Description: t.Description, Instruction: t.Instruction, Web: e.URL,
			Areas: capAreas(e, t),
		})
	}
	return writeXML(doc)
}

// known is CAP's Unknown for what nobody said.
func known[T ~string](v T) string {
	if v == "" {
		return "Unknown"
	}
	return string(v)
}

// capAreas are those of the source, which drew them; else the place in words.
func capAreas(e Entry, t AlertText) []capArea {
	if len(e.Alert.Areas) == 0 {
		return []capArea{{Desc: firstOf(t.Place, e.Author)}}
	}
	list := make([]capArea, 0, len(e.Alert.Areas))
	for _, from := range e.Alert.Areas {
		area := capArea{Desc: firstOf(from.Name, from.Place, strings.Join(from.INSEE, ", "), e.Author)}
		for _, ring := range from.Polygons {
			var points []string
			for _, p := range ring {
				points = append(points, fmt.Sprintf("%g,%g", p.Lat, p.Lon))
			}
			if len(points) >= 4 && points[0] == points[len(points)-1] {
				area.Polygons = append(area.Polygons, strings.Join(points, " "))
			}
		}
		if from.Point != nil {
			area.Circle = fmt.Sprintf("%g,%g 0", from.Point.Lat, from.Point.Lon)
		}
		for _, code := range from.INSEE {
			area.Geocodes = append(area.Geocodes, capGeocode{"INSEE", code})
		}
		list = append(list, area)
	}
	return list
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s = oneLine(s); s != "" {
			return s
		}
	}
	return ""
}

// category is CAP's for a topic (CAP 1.2, 3.2.2).
func category(slug string) string {
	for name, slugs := range map[string][]string{
		"Met": {"meteo", "inondation"}, "Infra": {"eau", "energie", "numerique"}, "Transport": {"travaux-circulation", "transports"},
		"Health": {"sante"}, "Env": {"environnement", "dechets"}, "Safety": {"risques"},
	} {
		if slices.Contains(slugs, slug) {
			return name
		}
	}
	return "Other"
}
