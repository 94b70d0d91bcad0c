package cap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

func info(lang, event, severity, instruction string, insee ...string) string {
	var areas strings.Builder
	for _, code := range insee {
		areas.WriteString(`<area><areaDesc>` + code + `</areaDesc><geocode><valueName>INSEE</valueName><value>` + code + `</value></geocode></area>`)
	}
	return `<info><language>` + lang + `</language><category>Fire</category><event>` + event + `</event><urgency>Immediate</urgency><severity>` + severity + `</severity><certainty>Observed</certainty><headline>` + event + `</headline><instruction>` + instruction + `</instruction>` + areas.String() + `</info>`
}

func fire(id string, infos ...string) []source.Record {
	doc, err := Parse([]byte(`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>`+id+`</identifier><sender>s@sdis.example</sender><sent>2026-11-23T10:00:00+01:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>`+strings.Join(infos, "")+`</alert>`), Options{})
	if err != nil {
		panic(err) // of the test's own text
	}
	return doc.Records
}

// told gives, by commune, what its people are asked to do, in every language.
func told(records []source.Record) map[string][]string {
	said := map[string][]string{}
	for _, r := range records {
		for _, i := range r.Value.(record.Alert).Infos {
			for _, a := range i.Areas {
				code := a.Geocodes["INSEE"][0]
				said[code] = append(said[code], i.Language+" "+i.Severity+" "+i.Instruction)
			}
		}
	}
	return said
}

func TestEachPlaceIsToldItsOwn(t *testing.T) {
	t.Parallel()
	leave, leaveEn := info("fr-FR", "Feu de forêt", "Extreme", "Évacuez vers La Teste", "33529"), info("en-GB", "Wildfire", "Extreme", "Leave for La Teste", "33529")
	stay, stayEn := info("fr-FR", "Fumées", "Moderate", "N'évacuez pas", "33009"), info("en-GB", "Smoke", "Moderate", "Do not leave", "33009")
	want := map[string][]string{
		"33529": {"fr-FR Extreme Évacuez vers La Teste", "en-GB Extreme Leave for La Teste"},
		"33009": {"fr-FR Moderate N'évacuez pas", "en-GB Moderate Do not leave"},
	}
	var items []string
	for name, infos := range map[string][]string{
		"by place":         {leave, leaveEn, stay, stayEn},
		"by language":      {leave, stay, leaveEn, stayEn},
		"in another order": {leave, stay, stayEn, leaveEn},
	} {
		records := fire("7", infos...)
		if len(records) != 2 {
			t.Errorf("%s: %d records", name, len(records))
			continue
		}
		got := told(records)
		for code, words := range want {
			if !slices.Equal(got[code], words) {
				t.Errorf("%s: %s is told %q", name, code, got[code])
			}
		}
		for _, r := range records {
			if !strings.HasPrefix(r.Item, "7/") || r.Item == "7/" {
				t.Errorf("%s: item %q", name, r.Item)
			}
			if !slices.Contains(items, r.Item) {
				items = append(items, r.Item)
			}
		}
	}
	if len(items) != 2 {
		t.Errorf("a part has one name in whatever order it comes: %q", items)
	}
	worse := fire("8", strings.Replace(stay, "Moderate", "Severe", 1), leave)
	if parts := []string{worse[0].Value.(record.Alert).Part, worse[1].Value.(record.Alert).Part}; !slices.Contains(items, "7/"+parts[0]) || !slices.Contains(items, "7/"+parts[1]) {
		t.Errorf("an update names its parts otherwise: %q, %q", items, parts)
	}
}

func TestAlertWithOneThingToSayStaysWhole(t *testing.T) {
	t.Parallel()
	for name, infos := range map[string][]string{
		"one info":                     {info("fr-FR", "Crue", "Severe", "Montez", "33529")},
		"two languages":                {info("fr-FR", "Crue", "Severe", "Montez", "33529"), info("en-GB", "Flood", "Unknown", "Climb")},
		"the same words to two places": {info("fr-FR", "Crue", "Severe", "Montez", "33529"), info("fr-FR", "Crue", "Severe", "Montez", "33009")},
		"the same, in each of two languages": {
			info("fr-FR", "Crue", "Severe", "Montez", "33529"), info("en-GB", "Flood", "Severe", "Climb", "33529"),
			info("fr-FR", "Crue", "Severe", "Montez", "33009"), info("en-GB", "Flood", "Severe", "Climb", "33009"),
		},
		"no info": nil,
	} {
		records := fire("7", infos...)
		if len(records) != 1 || records[0].Item != "7" || records[0].Value.(record.Alert).Part != "" {
			t.Errorf("%s: %+v", name, records)
		}
	}
}

// TestRecordedAlertsInParts: no recorded alert tells two things to one place in
// one part, nor loses an area by being told in parts.
func TestRecordedAlertsInParts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(eventstest.Corpus(t), "cap", "*", "*.*ml"))
	more, _ := filepath.Glob(filepath.Join(eventstest.Corpus(t), "cap", "*", "*", "*.*"))
	if files = append(files, more...); err != nil || len(files) < 50 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Parse(body, Options{URL: "https://cap.example/"})
		if err != nil {
			continue
		}
		names := map[string]bool{}
		for _, r := range doc.Records {
			a := r.Value.(record.Alert)
			if a.Part == "" {
				continue
			}
			t.Logf("%s: part %s: %d infos, %q", filepath.Base(path), a.Part, len(a.Infos), a.Infos[0].Headline)
			if names[a.Item()] {
				t.Errorf("%s: two parts are named %s", path, a.Item())
			}
			names[a.Item()] = true
			langs := map[string]bool{}
			for _, i := range a.Infos {
				if langs[i.Language] {
					t.Errorf("%s: part %s says two things in %s", path, a.Part, i.Language)
				}
				langs[i.Language] = true
			}
		}
	}
}
