package feed_test

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
)

type capDoc struct {
	Identifier string `xml:"identifier"`
	Sender     string `xml:"sender"`
	Sent       string `xml:"sent"`
	Status     string `xml:"status"`
	MsgType    string `xml:"msgType"`
	References string `xml:"references"`
	Info       []struct {
		Language string `xml:"language"`
		Event    string `xml:"event"`
		Severity string `xml:"severity"`
		Headline string `xml:"headline"`
		Text     string `xml:"description"`
		ToDo     string `xml:"instruction"`
		Area     []struct {
			Desc    string   `xml:"areaDesc"`
			Polygon []string `xml:"polygon"`
			Code    []string `xml:"geocode>value"`
		} `xml:"area"`
	} `xml:"info"`
}

// valid asks libxml2 whether a CAP message follows OASIS' schema.
func valid(t *testing.T, doc []byte) capDoc {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		missing(t, "xmllint is missing: apt-get install libxml2-utils")
	}
	cmd := exec.Command(lint, "--noout", "--nonet", "--schema", filepath.Join(eventstest.Corpus(t), "cap/google__cap-library/schema/cap12.xsd"), "-")
	cmd.Stdin = bytes.NewReader(doc)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v: %s\n%s", err, out, doc)
	}
	var d capDoc
	if err := xml.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

var capLink = regexp.MustCompile(`type="application/cap\+xml" href="[^"]*(/feeds/pessac/cap/[^"]+)"`)

// messages returns the CAP messages that the index names.
func messages(t *testing.T, tw *town, index string) []capDoc {
	t.Helper()
	var list []capDoc
	for _, m := range capLink.FindAllStringSubmatch(tw.get(index).Body.String(), -1) {
		w := tw.get(m[1])
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/cap+xml; charset=utf-8" {
			t.Fatalf("%s: %d", m[1], w.Code)
		}
		list = append(list, valid(t, w.Body.Bytes()))
	}
	return list
}

func TestAlertsInCAP(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.publish(func(p *events.Publication) { p.Message = "not an alert" })
	if list := messages(t, tw, "/feeds/pessac.cap"); len(list) != 0 {
		t.Errorf("what is no alert is in CAP: %+v", list)
	}
	p := tw.publish(func(p *events.Publication) {
		p.Message, p.Class, p.Topic, p.Severity = "flood", events.ClassAlert, "inondation", events.SeverityExtreme
		p.Areas = []events.Area{{
			Name: "Quai des Queyries", INSEE: []string{"33063", "33318"},
			Polygons: [][]events.Point{{{Lat: 44.8, Lon: -0.5}, {Lat: 44.9, Lon: -0.5}, {Lat: 44.9, Lon: -0.6}, {Lat: 44.8, Lon: -0.5}}},
		}, {Place: "Rue du Port", Point: &events.Point{Lat: 44.84, Lon: -0.56}}}
		p.Variants = []events.Content{{Language: "en", Title: "Flood & evacuation", Text: "Leave <now>."}}
	})
	first := messages(t, tw, "/feeds/pessac.cap")
	if len(first) != 1 {
		t.Fatalf("%d messages", len(first))
	}
	m := first[0]
	if m.MsgType != "Alert" || m.Status != "Actual" || m.References != "" || len(m.Info) != 2 || len(m.Info[0].Area) != 2 {
		t.Fatalf("%+v", m)
	}
	if en := m.Info[1]; en.Language != "en" || en.Event != "Floods" || en.Headline != "Flood & evacuation" || en.Severity != "Extreme" {
		t.Errorf("%+v", en)
	}
	if a := m.Info[0].Area[0]; a.Desc != "Quai des Queyries" || len(a.Code) != 2 || !strings.HasPrefix(a.Polygon[0], "44.8,-0.5 44.9,-0.5") {
		t.Errorf("%+v", a)
	}
	for index, want := range map[string]int{
		"/feeds/pessac/voirie.cap": 1, "/feeds/pessac/area/33318.cap": 1, "/feeds/pessac/area/33999.cap": 0,
		"/feeds/pessac/topic/inondation.cap": 1, "/feeds/pessac/topic/eau.cap": 0,
	} {
		if got := messages(t, tw, index); len(got) != want {
			t.Errorf("%s: %d messages, want %d", index, len(got), want)
		}
	}

	p.Revision, p.MsgType, p.At = 2, events.MsgUpdate, p.At.Add(10*time.Second)
	tw.deliver(p)
	updated := messages(t, tw, "/feeds/pessac.cap")
	if len(updated) != 1 || updated[0].MsgType != "Update" || updated[0].References != m.Sender+","+m.Identifier+","+m.Sent {
		t.Fatalf("%+v", updated)
	}
	if m.Info[0].ToDo == "" {
		t.Error("nothing is said to do")
	}
	p.Revision, p.MsgType, p.At, p.Reason = 3, events.MsgCancel, p.At.Add(10*time.Second), "la crue est passée"
	tw.deliver(p)
	over := messages(t, tw, "/feeds/pessac.cap")
	if len(over) != 1 || over[0].MsgType != "Cancel" || strings.Count(over[0].References, " ") != 1 ||
		!strings.HasSuffix(over[0].References, updated[0].Identifier+","+updated[0].Sent) {
		t.Fatalf("%+v", over)
	}
	if i := over[0].Info[0]; i.ToDo != "" || i.Headline != "Message retiré : "+m.Info[0].Headline || i.Text != "Motif : la crue est passée\nLundi 4 mai, 9 h – 17 h" {
		t.Errorf("the withdrawal says %+v", i)
	}
	if got := tw.titles("/feeds/pessac.rss", "flood", "Quai"); got != "" {
		t.Errorf("a withdrawn alert is in RSS: %s", got)
	}
}

func TestAlertOfAnUnknownKindIsValid(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.publish(func(p *events.Publication) {
		p.Class, p.Status, p.Severity, p.Urgency, p.Certainty, p.Onset, p.Ends = events.ClassAlert, events.StatusExercise, "", "", "", nil, nil
		p.Content = events.Content{Title: "Essai"}
	})
	list := messages(t, tw, "/feeds/pessac.cap")
	if len(list) != 1 || list[0].Status != "Exercise" || !strings.HasPrefix(list[0].Info[0].Headline, "EXERCICE") {
		t.Errorf("%+v", list)
	}
}

// TestAlertOfAPlace: a place that nobody drew is the area, and what a variant
// leaves out is the original's.
func TestAlertOfAPlace(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	p := tw.publish(func(p *events.Publication) {
		p.Class, p.Onset, p.Ends = events.ClassAlert, nil, nil
		p.Content = events.Content{
			Language: "fr", Title: "Évacuation", Summary: "La digue cède.", Place: "Quartier des Échoppes", Instruction: "Rejoignez le gymnase.",
		}
		p.Variants = []events.Content{{Language: "en", Title: "Evacuation", Summary: "The dyke is failing."}, {Language: "es", Summary: "El dique cede."}}
	})
	list := messages(t, tw, "/feeds/pessac.cap")
	if len(list) != 1 || len(list[0].Info) != 3 {
		t.Fatalf("%+v", list)
	}
	for i, want := range []struct{ headline, text string }{
		{"Évacuation", "La digue cède."}, {"Evacuation", "The dyke is failing."}, {"Évacuation", "El dique cede."},
	} {
		info := list[0].Info[i]
		if info.Headline != want.headline || info.Text != "Quartier des Échoppes\n\n"+want.text || info.ToDo != "Rejoignez le gymnase." ||
			len(info.Area) != 1 || info.Area[0].Desc != "Quartier des Échoppes" {
			t.Errorf("%+v", info)
		}
	}
	p.Areas = []events.Area{{Name: "Pessac", INSEE: []string{"33318"}}}
	p.Revision, p.MsgType = 2, events.MsgUpdate
	tw.deliver(p)
	if info := messages(t, tw, "/feeds/pessac.cap")[0].Info[0]; info.Area[0].Desc != "Pessac" || !strings.HasPrefix(info.Text, "Quartier des Échoppes\n") {
		t.Errorf("the place of an alert is lost: %+v", info)
	}
}
