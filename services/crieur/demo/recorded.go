package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"time"
)

//go:embed recorded
var recorded embed.FS

// event is one recorded event of the town's agenda.
type event struct {
	UID             int      `json:"uid"`
	Title           string   `json:"title"`
	Description     string   `json:"description"`
	LongDescription string   `json:"longDescription"`
	Keywords        []string `json:"keywords"`
	Conditions      string   `json:"conditions"`
	Location        struct {
		Name       string  `json:"name"`
		Address    string  `json:"address"`
		City       string  `json:"city"`
		PostalCode string  `json:"postalCode"`
		Latitude   float64 `json:"latitude"`
		Longitude  float64 `json:"longitude"`
	} `json:"location"`
	Begin time.Time `json:"begin"`
	End   time.Time `json:"end"`
}

// notice is one notice of the technical services.
type notice struct {
	ID            string          `json:"id"`
	Title         string          `json:"title"`
	Body          string          `json:"body"`
	Place         json.RawMessage `json:"place"`
	StartsInHours int             `json:"startsInHours"` // after the first start
	LastsHours    int             `json:"lastsHours"`
	AfterSeconds  int             `json:"afterSeconds"` // when it is posted
}

func load[T any](name string) ([]T, error) {
	body, err := recorded.ReadFile("recorded/" + name)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var list []T
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("demo: %s: %w", name, err)
	}
	return list, nil
}

// What is there at the start, and the pace of what comes then.
const (
	readyItems = 6
	firstPace  = 12 * time.Second
	quickItems = 14
	laterPace  = 10 * time.Minute
)

// releasedAt is when the i-th item appears, given the first start. The first
// ones appeared in the hours before it.
func releasedAt(i int, started time.Time) time.Time {
	switch {
	case i < readyItems:
		return started.Add(-time.Duration(readyItems-i) * 35 * time.Minute)
	case i < quickItems:
		return started.Add(time.Duration(i-readyItems+1) * firstPace)
	}
	return started.Add(time.Duration(quickItems-readyItems)*firstPace + time.Duration(i-quickItems+1)*laterPace)
}

// moved gives the i-th event the hours it had, on a day after the first start.
func (e event) moved(i int, started time.Time) (begin, end time.Time) {
	day := started.In(e.Begin.Location()).AddDate(0, 0, 1+i)
	begin = time.Date(day.Year(), day.Month(), day.Day(), e.Begin.Hour(), e.Begin.Minute(), 0, 0, e.Begin.Location())
	return begin, begin.Add(e.End.Sub(e.Begin))
}

// rss writes the agenda as a town site's feed, with what is released by now.
func rss(list []event, base string, started, now time.Time) ([]byte, error) {
	type guid struct {
		Permanent bool   `xml:"isPermaLink,attr"`
		Text      string `xml:",chardata"`
	}
	type item struct {
		Title       string   `xml:"title"`
		Link        string   `xml:"link"`
		GUID        guid     `xml:"guid"`
		PubDate     string   `xml:"pubDate"`
		Categories  []string `xml:"category"`
		Description string   `xml:"description"`
	}
	type channel struct {
		Title       string `xml:"title"`
		Link        string `xml:"link"`
		Description string `xml:"description"`
		Language    string `xml:"language"`
		Items       []item `xml:"item"`
	}
	type document struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Channel channel  `xml:"channel"`
	}
	doc := document{Version: "2.0", Channel: channel{Title: "Albi, l’agenda", Link: base, Description: "Sorties et rendez-vous", Language: "fr"}}
	for i := len(list) - 1; i >= 0; i-- {
		e, at := list[i], releasedAt(i, started)
		if at.After(now) {
			continue
		}
		begin, end := e.moved(i, started)
		link := fmt.Sprintf("%s/agenda/%d", base, e.UID)
		doc.Channel.Items = append(doc.Channel.Items, item{
			Title: e.Title, Link: link, GUID: guid{true, link}, PubDate: at.Format(time.RFC1123Z), Categories: e.Keywords,
			Description: fmt.Sprintf("<p>%s</p><p>%s, %s. Le %s, de %s à %s.</p>", text(e.Description), text(e.Location.Name), text(e.Location.Address), frenchDay(begin), begin.Format("15h04"), end.Format("15h04")),
		})
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("demo: feed: %w", err)
	}
	return append([]byte(xml.Header), body...), nil
}

// text escapes for HTML.
func text(s string) string {
	var b bytes.Buffer
	// A buffer does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func frenchDay(t time.Time) string {
	months := [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	days := [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	return fmt.Sprintf("%s %d %s %d", days[t.Weekday()], t.Day(), months[t.Month()-1], t.Year())
}

var (
	areas      = regexp.MustCompile(`(?s)<area>.*</area>`)
	identifier = regexp.MustCompile(`<identifier>[^<]*</identifier>`)
)

// vigilance gives the recorded alert its dates around the first start and the
// Tarn as its area.
func vigilance(started time.Time) ([]byte, error) {
	body, err := recorded.ReadFile("recorded/vigilance-orages.xml")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	at := func(d time.Duration) string { return started.Add(d).Format("2006-01-02T15:04:05-07:00") }
	for name, value := range map[string]string{"sent": at(-time.Minute), "effective": at(-time.Minute), "onset": at(2 * time.Hour), "expires": at(26 * time.Hour)} {
		body = regexp.MustCompile("<"+name+">[^<]*</"+name+">").ReplaceAll(body, []byte("<"+name+">"+value+"</"+name+">"))
	}
	body = identifier.ReplaceAll(body, []byte("<identifier>2.49.0.0.250.0.FR."+started.UTC().Format("20060102150405")+".1</identifier>"))
	area := `<area><areaDesc>Tarn</areaDesc><geocode><valueName>NUTS3</valueName><value>FR627</value></geocode></area>`
	return areas.ReplaceAll(body, []byte(area)), nil
}
