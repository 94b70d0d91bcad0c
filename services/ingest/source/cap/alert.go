package cap

import (
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
)

// alertXML is an alert of any version; element names without namespace match all.
type alertXML struct {
	Identifier  string     `xml:"identifier"`
	Sender      string     `xml:"sender"`
	Sent        string     `xml:"sent"`
	Status      string     `xml:"status"`
	MsgType     string     `xml:"msgType"`
	Source      string     `xml:"source"`
	Scope       string     `xml:"scope"`
	Restriction string     `xml:"restriction"`
	Note        string     `xml:"note"`
	Codes       []string   `xml:"code"`
	References  string     `xml:"references"`
	Incidents   string     `xml:"incidents"`
	Infos       []infoXML  `xml:"info"`
	Signature   []struct{} `xml:"Signature"`
}

type infoXML struct {
	Language     string   `xml:"language"`
	Categories   []string `xml:"category"`
	Event        string   `xml:"event"`
	Responses    []string `xml:"responseType"`
	Urgency      string   `xml:"urgency"`
	Severity     string   `xml:"severity"`
	Certainty    string   `xml:"certainty"`
	Audience     string   `xml:"audience"`
	EventCodes   []pair   `xml:"eventCode"`
	Effective    string   `xml:"effective"`
	Onset        string   `xml:"onset"`
	Expires      string   `xml:"expires"`
	SenderName   string   `xml:"senderName"`
	Headline     string   `xml:"headline"`
	Description  string   `xml:"description"`
	Instruction  string   `xml:"instruction"`
	Web          string   `xml:"web"`
	Contact      string   `xml:"contact"`
	Parameters   []pair   `xml:"parameter"`
	ResourcesXML []struct {
		Desc string `xml:"resourceDesc"`
		Type string `xml:"mimeType"`
		Size string `xml:"size"`
		URI  string `xml:"uri"`
	} `xml:"resource"`
	Areas []areaXML `xml:"area"`
}

type areaXML struct {
	Desc     string   `xml:"areaDesc"`
	Polygons []string `xml:"polygon"`
	Circles  []string `xml:"circle"`
	Geocodes []pair   `xml:"geocode"`
	Altitude string   `xml:"altitude"`
	Ceiling  string   `xml:"ceiling"`
}

// pair is valueName and value, or, in CAP 1.0, name=value.
type pair struct {
	Name  string `xml:"valueName"`
	Value string `xml:"value"`
	Text  string `xml:",chardata"`
}

func (p pair) split() (name, value string) {
	if p.Name != "" || p.Value != "" {
		return strings.TrimSpace(p.Name), strings.TrimSpace(p.Value)
	}
	name, value, _ = strings.Cut(strings.TrimSpace(p.Text), "=")
	return strings.TrimSpace(name), strings.TrimSpace(value)
}

func (a alertXML) record(zone *time.Location) record.Alert {
	alert := record.Alert{
		Identifier: line(a.Identifier), Sender: line(a.Sender), Sent: when(a.Sent, zone),
		Status: line(a.Status), MsgType: line(a.MsgType), Source: text(a.Source), Scope: line(a.Scope),
		Restriction: text(a.Restriction), Note: text(a.Note), Codes: lines(a.Codes),
		References: references(a.References, zone), Incidents: quoted(a.Incidents),
		Infos: make([]record.Info, 0, len(a.Infos)), Signature: signatureAbsent,
	}
	if len(a.Signature) > 0 {
		alert.Signature = signatureNoKey
	}
	for _, i := range a.Infos {
		alert.Infos = append(alert.Infos, i.record(zone))
	}
	return alert
}

func (i infoXML) record(zone *time.Location) record.Info {
	info := record.Info{
		Language: line(i.Language), Categories: lines(i.Categories), Event: line(i.Event), Responses: lines(i.Responses),
		Urgency: line(i.Urgency), Severity: line(i.Severity), Certainty: line(i.Certainty), Audience: text(i.Audience),
		EventCodes: pairs(i.EventCodes), Effective: when(i.Effective, zone), Onset: when(i.Onset, zone), Expires: when(i.Expires, zone),
		SenderName: line(i.SenderName), Headline: line(i.Headline), Description: text(i.Description), Instruction: text(i.Instruction),
		Web: line(i.Web), Contact: text(i.Contact), Parameters: pairs(i.Parameters),
	}
	for name, value := range info.Parameters {
		if strings.EqualFold(name, "awareness_level") {
			info.AwarenessRaw = value
		}
	}
	for _, r := range i.ResourcesXML {
		if uri := line(r.URI); strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://") {
			size, err := strconv.ParseInt(line(r.Size), 10, 64)
			if err != nil || size < 0 {
				size = 0
			}
			info.Resources = append(info.Resources, record.Media{URL: uri, Type: line(r.Type), Alt: line(r.Desc), Bytes: size})
		}
	}
	for _, a := range i.Areas {
		area := record.AlertArea{Description: line(a.Desc), Polygons: lines(a.Polygons), Circles: lines(a.Circles), Altitude: line(a.Altitude), Ceiling: line(a.Ceiling)}
		for _, g := range a.Geocodes {
			name, value := g.split()
			if name == "" || value == "" {
				continue
			}
			if area.Geocodes == nil {
				area.Geocodes = map[string][]string{}
			}
			area.Geocodes[name] = append(area.Geocodes[name], value)
		}
		info.Areas = append(info.Areas, area)
	}
	return info
}

// pairs keeps a name said twice with both values, as weather services do.
func pairs(list []pair) map[string]string {
	var m map[string]string
	for _, p := range list {
		name, value := p.split()
		if name == "" {
			continue
		}
		if m == nil {
			m = map[string]string{}
		}
		if before, twice := m[name]; twice && before != value {
			value = before + "; " + value
		}
		m[name] = value
	}
	return m
}

// references reads "sender,identifier,sent" groups, CAP 1.2 §3.2.1. An
// identifier with a comma, against the standard, is kept whole.
func references(s string, zone *time.Location) []record.Ref {
	var refs []record.Ref
	for _, group := range strings.Fields(s) {
		parts := strings.Split(group, ",")
		switch n := len(parts); {
		case n == 1:
			refs = append(refs, record.Ref{Identifier: parts[0]})
		case n == 2:
			refs = append(refs, record.Ref{Sender: parts[0], Identifier: parts[1]})
		default:
			refs = append(refs, record.Ref{Sender: parts[0], Identifier: strings.Join(parts[1:n-1], ","), Sent: when(parts[n-1], zone)})
		}
	}
	return refs
}

// quoted splits at spaces; "double quotes" keep a name together.
func quoted(s string) []string {
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

// when reads a dateTime. -00:00 is UTC; a time without zone is local; zero when
// it cannot be read.
func when(s string, zone *time.Location) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() >= 1990 && t.Year() <= 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}

func line(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

func lines(list []string) []string {
	var out []string
	for _, s := range list {
		if s = line(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// text keeps paragraphs: tabs and runs of spaces inside a line are one space.
func text(s string) string {
	var out []string
	for l := range strings.Lines(printable(s)) {
		out = append(out, strings.Join(strings.Fields(l), " "))
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
