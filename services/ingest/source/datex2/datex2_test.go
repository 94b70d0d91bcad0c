package datex2

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

// part1 is a situationRecord of a kind, at a place, with more in it.
func part1(kind, where, more string) string {
	return `<ns2:situationRecord xsi:type="ns2:` + kind + `" id="r"><ns2:validity><ns2:validityTimeSpecification><ns2:overallStartTime>2026-11-23T08:00:00+01:00</ns2:overallStartTime></ns2:validityTimeSpecification></ns2:validity>` + more + where + `</ns2:situationRecord>`
}

func town(name string, lat, lon float64) string {
	return fmt.Sprintf(`<ns2:groupOfLocations><ns2:point><ns2:pointCoordinates><ns2:latitude>%f</ns2:latitude><ns2:longitude>%f</ns2:longitude></ns2:pointCoordinates><ns2:name><ns2:descriptor><ns2:values><ns2:value lang="fr">%s</ns2:value></ns2:values></ns2:descriptor><ns2:tpegOtherPointDescriptorType>townName</ns2:tpegOtherPointDescriptorType></ns2:name></ns2:point><ns2:roadNumber>N0230</ns2:roadNumber></ns2:groupOfLocations>`, lat, lon, name)
}

func situation(id string, parts ...string) string {
	return `<ns2:situation id="` + id + `"><ns2:overallSeverity>high</ns2:overallSeverity><ns2:headerInformation><ns2:confidentiality>noRestriction</ns2:confidentiality><ns2:informationStatus>real</ns2:informationStatus></ns2:headerInformation>` + strings.Join(parts, "") + `</ns2:situation>`
}

func publication(method string, situations ...string) string {
	return `<?xml version="1.0"?><soap:Envelope xmlns:soap="x"><soap:Body><d2LogicalModel xmlns:ns2="http://datex2.eu/schema/2/2_0"><ns2:exchange><ns2:subscription><ns2:updateMethod>` + method + `</ns2:updateMethod></ns2:subscription></ns2:exchange><ns2:payloadPublication xmlns:xsi="y" xsi:type="ns2:SituationPublication" lang="fr"><ns2:publicationTime>2026-11-23T09:00:00+01:00</ns2:publicationTime>` + strings.Join(situations, "") + `</ns2:payloadPublication></d2LogicalModel></soap:Body></soap:Envelope>`
}

var (
	begles  = town("Bègles", 44.81, -0.55)
	comment = `<ns2:generalPublicComment><ns2:comment><ns2:values><ns2:value lang="fr">%s</ns2:value></ns2:values></ns2:comment></ns2:generalPublicComment>`
)

func TestContract(t *testing.T) {
	summer := strings.Replace(publication("snapshot", situation("1", part1("Accident", begles, fmt.Sprintf(comment, "Fermeture d'ETE")))), "Bègles", "Begles", 1)
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "text/plain",
		Document: []byte(publication("snapshot", situation("1", part1("Accident", begles, "")), situation("2", part1("MaintenanceWorks", begles, "")))),
		Latin1:   []byte(strings.ReplaceAll(summer, "ETE", "\xe9t\xe9")),
		Twice:    []byte(publication("snapshot", situation("1", part1("Accident", begles, "")), situation("1", part1("MaintenanceWorks", begles, "")))),
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		p, err := Parse(input, Options{Zone: zone, Now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		return p.Records, nil
	})
}

// items are the records of a body by item, the withdrawn with a minus.
func items(t *testing.T, body string, area Area) []string {
	t.Helper()
	p, err := Parse([]byte(body), Options{Area: area})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range p.Records {
		if r.Withdrawn {
			r.Item = "-" + r.Item
		}
		out = append(out, r.Item)
	}
	return out
}

func TestCommuneGetsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	body := publication("snapshot",
		situation("begles", part1("Accident", begles, "")),
		situation("bordeaux", part1("Accident", town("Bordeaux", 44.85, -0.57), "")),
		situation("lyon", part1("Accident", town("Lyon", 45.75, 4.85), "")),
		situation("marker", part1("Accident", `<ns2:referentIdentifier>33PR24U</ns2:referentIdentifier>`, "")),
		situation("nowhere", part1("Accident", "", "")),
		situation("nameless", part1("Accident", strings.Replace(begles, "Bègles", "Échangeur 20", 1), "")),
	)
	for name, c := range map[string]struct {
		area Area
		want string
	}{
		"everywhere":  {Area{}, "begles bordeaux lyon marker nowhere nameless"},
		"commune":     {Area{INSEE: []string{"33039"}}, "begles nameless"},
		"département": {Area{Departements: []string{"33"}}, "begles bordeaux marker nameless"},
		"box":         {Area{Box: []float64{45, 4, 46, 5}}, "lyon"},
		"radius":      {Area{INSEE: []string{"33039"}, RadiusKm: 8}, "begles bordeaux nameless"},
		"elsewhere":   {Area{INSEE: []string{"29019"}}, ""},
	} {
		if got := strings.Join(items(t, body, c.area), " "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWhatHasEndedIsWithdrawn(t *testing.T) {
	t.Parallel()
	ended := `<ns2:management><ns2:lifeCycleManagement><ns2:end>true</ns2:end></ns2:lifeCycleManagement></ns2:management>`
	past := strings.NewReplacer("</ns2:overallStartTime>", "</ns2:overallStartTime><ns2:overallEndTime>2026-11-23T08:59:00+01:00</ns2:overallEndTime>")
	measure := part1("RoadOrCarriagewayOrLaneManagement", begles, "")
	body := publication("snapshot",
		situation("cause-ended", part1("Accident", begles, ended), measure),
		situation("measure-ended", part1("MaintenanceWorks", begles, ""), part1("ReroutingManagement", begles, ended)),
		situation("time-over", past.Replace(part1("MaintenanceWorks", begles, ""))),
		situation("only-measures", measure),
		situation("one-of-two", part1("Accident", begles, ended), part1("MaintenanceWorks", begles, "")),
		strings.Replace(situation("secret", measure), "noRestriction", "restrictedToAuthorities", 1),
	)
	if got := strings.Join(items(t, body, Area{}), " "); got != "-cause-ended measure-ended -time-over only-measures one-of-two" {
		t.Errorf("got %s", got)
	}
}

func TestOneRoadworkIsOneRecord(t *testing.T) {
	t.Parallel()
	body := publication("snapshot", situation("1",
		part1("ReroutingManagement", begles, `<ns2:reroutingManagementType>followDiversionSigns</ns2:reroutingManagementType>`),
		part1("MaintenanceWorks", begles, `<ns2:roadMaintenanceType>resurfacingWork</ns2:roadMaintenanceType>`+fmt.Sprintf(comment, "Pont de la Maye")),
		part1("RoadOrCarriagewayOrLaneManagement", begles, `<ns2:roadOrCarriagewayOrLaneManagementType>roadClosed</ns2:roadOrCarriagewayOrLaneManagementType>`),
	))
	p, err := Parse([]byte(body), Options{})
	if err != nil || len(p.Records) != 1 {
		t.Fatalf("%v, %v", p, err)
	}
	e := p.Records[0].Value.(record.Entry)
	if e.Title != "N230, Bègles : réfection de la chaussée, déviation, route fermée" || !strings.Contains(e.Body, "Pont de la Maye") || !slices.Equal(e.Place.INSEE, []string{"33039"}) || e.Extra["type"] != "MaintenanceWorks" {
		t.Errorf("got %+v, %+v", e, e.Place)
	}
}

func TestPiecesOfALineInAnyOrder(t *testing.T) {
	t.Parallel()
	order := `<d2:payload xsi:type="TrafficRegulationPublication"><trafficRegulationOrder id="1"><description><value>Travaux</value></description><dx:geoJsonGeometry>{"type":"MultiLineString","coordinates":[%s]}</dx:geoJsonGeometry></trafficRegulationOrder></d2:payload>`
	var said []string
	for _, line := range []string{"[[-0.55,44.81],[-0.54,44.82]],[[-0.53,44.83]]", "[[-0.53,44.83]],[[-0.54,44.82],[-0.55,44.81]]"} {
		p, err := Parse([]byte(fmt.Sprintf(order, line)), Options{})
		if err != nil || len(p.Records) != 1 {
			t.Fatalf("%v, %v", p, err)
		}
		said = append(said, source.Meaning(p.Records[0].Value))
	}
	if said[0] != said[1] {
		t.Error("the same line, written otherwise, is news")
	}
}

func TestRestrictionSaysToWhomItApplies(t *testing.T) {
	t.Parallel()
	order := `<d2:payload xsi:type="TrafficRegulationPublication"><trafficRegulationOrder id="1"><description><value>Pont</value></description><trafficRegulation><typeOfRegulation xsi:type="AccessRestriction"><accessRestrictionType>noEntry</accessRestrictionType></typeOfRegulation><condition>%s</condition></trafficRegulation></trafficRegulationOrder></d2:payload>`
	condition := `<conditions xsi:type="VehicleCondition"><negate>%s</negate><vehicleCharacteristics><vehicleType>%s</vehicleType></vehicleCharacteristics></conditions>`
	for conditions, want := range map[string]string{
		"": "<li>Circulation interdite</li>",
		fmt.Sprintf(condition, "false", "heavyGoodsVehicle"): "<li>Circulation interdite pour les poids lourds</li>",
		fmt.Sprintf(condition, "false", "tracked"):           "<li>Circulation interdite pour certains véhicules</li>",
		fmt.Sprintf(condition, "true", "bus"):                "<li>Circulation interdite, sauf exceptions de l’arrêté</li>",
	} {
		p, err := Parse([]byte(fmt.Sprintf(order, conditions)), Options{})
		if err != nil || !strings.Contains(p.Records[0].Value.(record.Entry).Body, want) {
			t.Errorf("%s: %+v, %v", want, p, err)
		}
	}
}

func TestExerciseIsMarked(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{"real": "", "test": "test", "securityExercise": "exercise"} {
		body := strings.Replace(publication("snapshot", situation("1", part1("Accident", begles, ""))), ">real<", ">"+status+"<", 1)
		p, err := Parse([]byte(body), Options{})
		if err != nil || p.Records[0].Value.(record.Entry).Status != want {
			t.Errorf("%s: %+v, %v", status, p.Records[0], err)
		}
	}
}

// TestVanished serves one publication after another.
func TestVanished(t *testing.T) {
	t.Parallel()
	var body atomic.Value
	one, two, three := situation("1", part1("Accident", begles, "")), situation("2", part1("Accident", begles, "")), situation("3", part1("Accident", begles, ""))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body.Load()) }))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r, err := New(source.Deps{HTTP: client, Now: time.Now}, source.Spec{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var cur source.Cursor
	for _, step := range []struct{ body, want, shown string }{
		{publication("snapshot", one, two), "1 2", `["1","2"]`},
		{publication("allElementUpdate", three), "3", `["1","2","3"]`},
		{publication("snapshot", two), "2 -1 -3", `["2"]`},
		{publication("snapshot"), "-2", `[]`},
	} {
		body.Store(step.body)
		var records []source.Record
		if records, cur, err = r.Fetch(t.Context(), cur); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rec := range records {
			if rec.Withdrawn {
				rec.Item = "-" + rec.Item
			}
			got = append(got, rec.Item)
		}
		if strings.Join(got, " ") != step.want || string(cur.State) != step.shown {
			t.Errorf("got %v and %s, want %s and %s", got, cur.State, step.want, step.shown)
		}
	}
}

func TestTooLargeIsRefusedAlone(t *testing.T) {
	t.Parallel()
	huge := situation("huge", part1("Accident", begles, "<ns2:x>"+strings.Repeat("y", maxNodeBytes)+"</ns2:x>"))
	p, err := Parse([]byte(publication("snapshot", huge, situation("1", part1("Accident", begles, "")))), Options{})
	if err != nil || len(p.Records) != 2 || events.OutcomeOf(p.Records[0].Refused).Reason != events.ReasonTooLarge || p.Records[1].Item != "1" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestDocumentsThatAreNotRead(t *testing.T) {
	t.Parallel()
	good := publication("snapshot", situation("1", part1("Accident", begles, "")))
	for name, c := range map[string]struct{ body, want string }{
		"json":     {`{"a":1}`, "datex2: not XML"},
		"another":  {strings.Replace(good, "SituationPublication", "MeasuredDataPublication", 1), "datex2: a publication of neither situations nor traffic regulations"},
		"a page":   {"<html><body>x</body></html>", "datex2: no publication in it"},
		"cut":      {good[:len(good)-200], "datex2: cut before its end"},
		"misnamed": {strings.Replace(good, "</ns2:validity>", "</ns2:valid>", 1), "datex2: not well-formed"},
	} {
		if _, err := Parse([]byte(c.body), Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                       "datex2: url: required",
		"url: https://a.example\ntime_zone: Ici": `datex2: time_zone: "Ici" is not a time zone`,
		"url: https://a.example\narea: {insee: ['1']}":       `datex2: area.insee[0]: "1" is not the INSEE code of a commune`,
		"url: https://a.example\narea: {departements: [xx]}": `datex2: area.departements[0]: "xx" is not a département`,
		"url: https://a.example\narea: {box: [3, 2, 1, 0]}":  `datex2: area.box: not south, west, north, east`,
		"url: https://a.example\narea: {radius_km: 1000}":    `datex2: area.radius_km: not between 0 and 100`,
		"url: https://a.example\nmax_megabytes: 1000":        `datex2: max_megabytes: 1000 is not between 0 and 64`,
	} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || err.Error() != want || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%q: got %v", settings, err)
		}
	}
}

// TestCorpus reads the recorded publications: as many records as their READMEs
// count situations or orders; what is neither is refused.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "datex2")
	got := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".md" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var p *Publication
		sourcetest.Bounded(t, path, func() { p, err = Parse(body, Options{}) })
		if err != nil {
			got[filepath.Base(path)] = err.Error()
			return nil
		}
		stands, withdrawn := 0, 0
		for _, r := range p.Records {
			if r.Withdrawn {
				withdrawn++
			} else {
				stands++
			}
		}
		got[filepath.Base(path)] = fmt.Sprintf("%d, %d withdrawn", stands, withdrawn)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	neither := "datex2: a publication of neither situations nor traffic regulations"
	want := map[string]string{
		"bison-fute-evenementiel-3-situations.xml": "2, 1 withdrawn",
		"events.xml":                      "1, 0 withdrawn",
		"dialog-regulations.xml":          "2, 0 withdrawn",
		"situations.xml":                  "2, 0 withdrawn",
		"srti.xml":                        "1, 0 withdrawn",
		"emission-zones.xml":              neither,
		"truckparking-status.xml":         neither,
		"afir-messagecontainer.v3_6.json": "datex2: not XML",
	}
	if !reflect.DeepEqual(got, want) {
		out, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("got %s", out)
	}
}

// TestTenMegabytes reads a publication of DiaLog's size for one commune.
func TestTenMegabytes(t *testing.T) {
	one := `<trafficRegulationOrder id="o%d"><description><com:values><com:value>Travaux</com:value></com:values></description><issuingAuthority><com:values><com:value>Lyon</com:value></com:values></issuingAuthority><regulationId>1#a</regulationId><status>madeAndImplemented</status><trafficRegulation><typeOfRegulation xsi:type="AccessRestriction"><accessRestrictionType>noEntry</accessRestrictionType></typeOfRegulation><loc:roadName>Rue de la République</loc:roadName><dx:geoJsonGeometry>{&quot;type&quot;:&quot;LineString&quot;,&quot;coordinates&quot;:[` + strings.TrimSuffix(strings.Repeat("[4.83,45.76],", 150), ",") + `]}</dx:geoJsonGeometry></trafficRegulation></trafficRegulationOrder>`
	var b strings.Builder
	b.WriteString(`<d2:payload xsi:type="TrafficRegulationPublication"><publicationTime>2026-11-23T09:00:00Z</publicationTime>`)
	for i := 0; b.Len() < 10<<20; i++ {
		fmt.Fprintf(&b, one, i)
	}
	b.WriteString(strings.NewReplacer("%d", "mine", "Lyon", "Bègles", "4.83,45.76", "-0.55,44.81").Replace(one) + `</d2:payload>`)
	body := []byte(b.String())
	began := sourcetest.ProcessorTime()
	for dec := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := dec.RawToken(); err != nil {
			break
		}
	}
	bare := sourcetest.ProcessorTime() - began
	began = sourcetest.ProcessorTime()
	p, err := Parse(body, Options{Area: Area{INSEE: []string{"33039"}}})
	took := sourcetest.ProcessorTime() - began
	if err != nil || len(p.Records) != 1 || p.Records[0].Item != "omine" {
		t.Fatalf("%v, %v", p, err)
	}
	t.Logf("%d MB in %s, %s for the bare reader of XML", len(body)>>20, took, bare)
	if took > 8*bare+time.Second {
		t.Errorf("took %s, %s for the bare reader of XML", took, bare)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(publication("snapshot", situation("1", part1("Accident", begles, "")))))
	f.Add([]byte(`<incidents><incident id="1"><type>ROAD_CLOSED</type><polyline>44.8 -0.5 44.9 -0.5</polyline></incident></incidents>`))
	f.Add([]byte(`<d2:payload xsi:type="TrafficRegulationPublication"><trafficRegulationOrder id="1"><geoJsonGeometry>{"type":"LineString","coordinates":[[1,45],[2,46]]}</geoJsonGeometry></trafficRegulationOrder></d2:payload>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Parse(body, Options{})
		if err != nil {
			return
		}
		again, err := Parse(body, Options{})
		if err != nil || len(again.Records) != len(p.Records) {
			t.Fatalf("read again: %v", err)
		}
		for i, r := range p.Records {
			if r.Refused == nil && !utf8.ValidString(fmt.Sprintf("%+v", r.Value)) {
				t.Error("not UTF-8")
			}
			if source.Meaning(r.Value) != source.Meaning(again.Records[i].Value) {
				t.Error("the same publication says otherwise")
			}
		}
	})
}

// told is the entry of a publication's only situation; nothing when withdrawn.
func told(t *testing.T, zone *time.Location, body string) record.Entry {
	t.Helper()
	p, err := Parse([]byte(body), Options{Zone: zone})
	if err != nil || len(p.Records) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	e, _ := p.Records[0].Value.(record.Entry)
	return e
}

func TestVehiclesAndHoursAreTold(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	closed := `<ns2:roadOrCarriagewayOrLaneManagementType>roadClosed</ns2:roadOrCarriagewayOrLaneManagementType>`
	for want, vehicles := range map[string]string{
		"route fermée": "",
		"route fermée pour les poids lourds de plus de 7,5 t":     `<ns2:vehicleType>heavyGoodsVehicle</ns2:vehicleType><ns2:grossWeightCharacteristic><ns2:comparisonOperator>greaterThan</ns2:comparisonOperator><ns2:grossVehicleWeight>7.5</ns2:grossVehicleWeight></ns2:grossWeightCharacteristic>`,
		"route fermée pour les véhicules de plus de 4 m de haut":  `<ns2:heightCharacteristic><ns2:comparisonOperator>greaterThan</ns2:comparisonOperator><ns2:vehicleHeight>4</ns2:vehicleHeight></ns2:heightCharacteristic>`,
		"route fermée pour certains véhicules":                    `<ns2:grossWeightCharacteristic><ns2:comparisonOperator>lessThan</ns2:comparisonOperator><ns2:grossVehicleWeight>3.5</ns2:grossVehicleWeight></ns2:grossWeightCharacteristic>`,
		"route fermée, route bloquée":                             `<ns2:vehicleType>anyVehicle</ns2:vehicleType>`,
		"route fermée pour les caravanes et remorques, les motos": `<ns2:vehicleType>carWithCaravan</ns2:vehicleType><ns2:vehicleType>motorcycle</ns2:vehicleType>`,
	} {
		more := closed
		if vehicles != "" {
			more += `<ns2:impact><ns2:trafficConstrictionType>roadBlocked</ns2:trafficConstrictionType></ns2:impact><ns2:forVehiclesWithCharacteristicsOf>` + vehicles + `</ns2:forVehiclesWithCharacteristicsOf>`
		}
		e := told(t, paris, publication("snapshot", situation("1", part1("RoadOrCarriagewayOrLaneManagement", begles, more))))
		if e.Title != "N230, Bègles : "+want {
			t.Errorf("got %q, want %q", e.Title, want)
		}
	}
	night := `<ns2:validPeriod><ns2:recurringTimePeriodOfDay><ns2:startTimeOfPeriod>%s</ns2:startTimeOfPeriod><ns2:endTimeOfPeriod>%s</ns2:endTimeOfPeriod></ns2:recurringTimePeriodOfDay></ns2:validPeriod></ns2:validityTimeSpecification>`
	for want, clock := range map[string][2]string{
		"travaux, de 21 h à 6 h":      {"21:00:00", "06:00:00"},
		"travaux, de 21 h 30 à 6 h":   {"21:30:00+01:00", "06:00:00+01:00"},
		"travaux, à certaines heures": {"20:00:00Z", "05:00:00Z"},
	} {
		works := strings.Replace(part1("MaintenanceWorks", begles, ""), "</ns2:validityTimeSpecification>", fmt.Sprintf(night, clock[0], clock[1]), 1)
		if e := told(t, paris, publication("snapshot", situation("1", works))); e.Title != "N230, Bègles : "+want || !strings.HasPrefix(e.Body, "<p>"+capital(want)+".</p>") {
			t.Errorf("got %q and %s, want %q", e.Title, e.Body, want)
		}
	}
}

func TestWhatStillStandsIsTold(t *testing.T) {
	t.Parallel()
	until := strings.NewReplacer("</ns2:overallStartTime>", "</ns2:overallStartTime><ns2:overallEndTime>2026-11-30T18:00:00+01:00</ns2:overallEndTime>")
	ended := strings.NewReplacer("</ns2:overallStartTime>", "</ns2:overallStartTime><ns2:overallEndTime>2026-11-23T08:30:00+01:00</ns2:overallEndTime>")
	suspended := strings.NewReplacer("<ns2:validityTimeSpecification>", "<ns2:validityStatus>suspended</ns2:validityStatus><ns2:validityTimeSpecification>")
	closed := part1("RoadOrCarriagewayOrLaneManagement", begles, `<ns2:roadOrCarriagewayOrLaneManagementType>roadClosed</ns2:roadOrCarriagewayOrLaneManagementType>`)
	rocks := ended.Replace(part1("EnvironmentalObstruction", begles, ""))
	if e := told(t, time.UTC, publication("snapshot", situation("1", rocks, until.Replace(closed)))); e.Title != "N230, Bègles : route fermée" || e.Ends.IsZero() {
		t.Errorf("a road that stays closed: %+v", e)
	}
	if e := told(t, time.UTC, publication("snapshot", situation("1", rocks, closed))); e.Title != "" {
		t.Errorf("a measure that goes with its cause: %+v", e)
	}
	if e := told(t, time.UTC, publication("snapshot", situation("1", until.Replace(suspended.Replace(part1("MaintenanceWorks", begles, "")))))); e.Title != "" {
		t.Errorf("suspended works: %+v", e)
	}
}

func TestWhoseASinglePositionIsIsLeftToTheNormalizer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		area  Area
		place string
		want  []string
	}{
		"near a limit": {Area{}, strings.Replace(begles, "Bègles", "Échangeur 20", 1), nil},
		"at home":      {Area{INSEE: []string{"33039"}}, strings.Replace(begles, "Bègles", "Échangeur 20", 1), []string{"33039"}},
		"named":        {Area{}, begles, []string{"33039"}},
	} {
		p, err := Parse([]byte(publication("snapshot", situation("1", part1("Accident", c.place, "")))), Options{Area: c.area})
		if err != nil || len(p.Records) != 1 {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		if got := p.Records[0].Value.(record.Entry).Place; !slices.Equal(got.INSEE, c.want) || got.Lat == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestIncidentsOfCIFS(t *testing.T) {
	t.Parallel()
	incident := `<incidents><incident id="1"><type>%s</type><subtype>%s</subtype><street>Quai de Paludate</street><polyline>44.8259 -0.5567</polyline><starttime>2026-11-23T08:00:00+01:00</starttime><schedule>%s</schedule><source><reference>%s</reference><name>Ville</name></source></incident></incidents>`
	for name, c := range map[string]struct{ kind, subtype, schedule, source, title, body string }{
		"flood":     {"HAZARD", "HAZARD_WEATHER_FLOOD", "", "ville", "Quai de Paludate : chaussée inondée", "<p>Source : Ville.</p>"},
		"by night":  {"ROAD_CLOSED", "", "<everyday>21:00-06:00</everyday>", "dialog.beta.gouv.fr", "Quai de Paludate : route fermée, de 21 h à 6 h", "<p>De 21 h à 6 h.</p><p>" + mention + "</p><p>Source : Ville.</p>"},
		"two hours": {"ROAD_CLOSED", "", "<monday>21:00-23:59</monday><tuesday>00:00-06:00,21:00-23:59</tuesday>", "ville", "Quai de Paludate : route fermée, à certaines heures", "<p>De 21 h à 23 h 59 (lundi), de 0 h à 6 h et de 21 h à 23 h 59 (mardi).</p><p>Source : Ville.</p>"},
		"from to":   {"ROAD_CLOSED", "", "<tuesday>08:00-09:00</tuesday><monday>08:00-09:00</monday><wednesday>08:00-09:00</wednesday>", "ville", "Quai de Paludate : route fermée, de 8 h à 9 h (du lundi au mercredi)", "<p>De 8 h à 9 h (du lundi au mercredi).</p><p>Source : Ville.</p>"},
		"weekdays":  {"ROAD_CLOSED", "", "<monday>8:00-9:00</monday><friday>08:00-09:00</friday><sunday>never</sunday>", "ville", "Quai de Paludate : route fermée, de 8 h à 9 h (lundi, vendredi)", "<p>De 8 h à 9 h (lundi, vendredi).</p><p>Source : Ville.</p>"},
	} {
		e := told(t, time.UTC, fmt.Sprintf(incident, c.kind, c.subtype, c.schedule, c.source))
		if e.Title != c.title || e.Body != c.body {
			t.Errorf("%s: got %q and %s", name, e.Title, e.Body)
		}
	}
}
