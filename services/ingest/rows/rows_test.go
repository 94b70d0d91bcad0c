package rows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestAt(t *testing.T) {
	t.Parallel()
	doc, err := JSON([]byte(`{"a":{"b":[{"c":1},{"c":"x"}]},"d.e":2,"s":"{\"f\":[3]}","t":{"fr":"Été","en":"Summer"},"n":null,"dash":" - "}`), "")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a.b[0].c": "1", "a.b[1].c": "x", "a.b[-1].c": "x", "a.b.c": "1", "d.e": "2", "s.f[0]": "3", "t": "Été", "n": "", "dash": "", "a.b[9].c": "", "a.b[x]": "", "z": "", "a.z.b": "",
	} {
		if got := Text(At(doc, path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"semicolons and quotes":   {"a;b\n1;\"x;\"\"y\"\"\"\n", `[{"a":"1","b":"x;\"y\""}]`},
		"tabs":                    {"a\tb\n1\t2, 3\n", `[{"a":"1","b":"2, 3"}]`},
		"mark and Latin-1":        {"\xef\xbb\xbfa,b\n1,\xc3\xa9t\xc3\xa9\n", `[{"a":"1","b":"été"}]`},
		"Excel":                   {"sep=;\r\na;b\r\n1;2\r\n", `[{"a":"1","b":"2"}]`},
		"old Macintosh":           {"a,b\r1,2\r", `[{"a":"1","b":"2"}]`},
		"short, long, empty line": {"a,b\n1\n\n1,2,3\n,\n", `[{"a":"1"},{"a":"1","b":"2"}]`},
		"names twice or missing":  {"a,a,\n1,2,3\n", `[{"a":"1","a_2":"2","column3":"3"}]`},
		"break in a cell":         {"a,b\n\"1\r\n2\",3\n", `[{"a":"1\n2","b":"3"}]`},
		"commas and a break":      {"a,b,c\n1,\"2, 3\n4\",5\n", `[{"a":"1","b":"2, 3\n4","c":"5"}]`},
		"quote first":             {"a;b;c\n2;\"Grand\" bal;3\n3;\"Petit\" bal;\"x\"\n", `[{"a":"2","b":"\"Grand\" bal","c":"3"},{"a":"3","b":"\"Petit\" bal","c":"x"}]`},
		"quotes written once":     {"a;b\n\"dit \"oui\" hier\";1\n\"dit \"oui\"\";2\n", `[{"a":"dit \"oui\" hier","b":"1"},{"a":"dit \"oui\"","b":"2"}]`},
		"quote never closed":      {"a;b;c\n1;\"x;y\n2;z;t\n3;u;v", `[{"a":"1","b":"x","c":"y"},{"a":"2","b":"z","c":"t"},{"a":"3","b":"u","c":"v"}]`},
		"quote closed by another": {"a;b;c\n1;\"x;y\n2;12\";t\n3;\"u\";v", `[{"a":"1","b":"x","c":"y"},{"a":"2","b":"12\"","c":"t"},{"a":"3","b":"u","c":"v"}]`},
		"spaces around quotes":    {"a;b\n \"x;y\" ;1\n", `[{"a":"x;y","b":"1"}]`},
		"title lines":             {"Travaux, voirie;;\n;;\nid;titre;date\n1;x;y\n", `[{"date":"y","id":"1","titre":"x"}]`},
		"title of two cells":      {"Travaux;2026;\nid;titre;date\n1;x;y\n", `[{"date":"y","id":"1","titre":"x"}]`},
		"lines in quotes":         {"\"id,titre\"\n\"1,\"\"Bal, place\"\"\"\n\"2,Loto\"\n", `[{"id":"1","titre":"Bal, place"},{"id":"2","titre":"Loto"}]`},
		"ticks are no header":     {"Salle;Lundi;Mardi\nRex;x;y\n", `[{"Lundi":"x","Mardi":"y","Salle":"Rex"}]`},
		"separators in quotes":    {"\"id\",\"titre\",\"a;b;c;d\"\n1,x,y\n", `[{"a;b;c;d":"y","id":"1","titre":"x"}]`},
		"a list in each row":      {"nom,tags\nx,a;b;c\ny,d;e;f\n", `[{"nom":"x","tags":"a;b;c"},{"nom":"y","tags":"d;e;f"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := CSV([]byte(c.text), "text/csv", 0)
			got, _ := json.Marshal(list)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"", "un texte", "<html>,<body>\n1,2", "\x00\x00a,b"} {
		if list, err := CSV([]byte(bad), "", 0); err == nil {
			t.Errorf("%q gave %d rows", bad, len(list))
		}
	}
}

// TestJSONAPI: the items of Drupal and Strapi are in attributes, their texts with a format.
func TestJSONAPI(t *testing.T) {
	t.Parallel()
	doc, err := JSON([]byte(`{"data":[{"type":"node--actualite","id":"a1","attributes":{"title":"Marché","body":{"value":"<p>x</p>","format":"full","processed":"<p>Place</p>"},"created":"2026-11-23T08:00:00+01:00"}}]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	list, err := Extract(doc, "")
	if err != nil {
		t.Fatal(err)
	}
	r := Records(list, Mapping{}, time.UTC, "", false)[0]
	if e, ok := r.Value.(record.Entry); !ok || r.Item != "a1" || e.Title != "Marché" || e.Body != "<p>Place</p>" || e.Published.IsZero() {
		t.Errorf("got %+v", r)
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	row := map[string]any{"type": "Bal", "nom": "Salle &amp; place", "lieu": map[string]any{"lat": json.Number("45,9"), "lon": "5.1"}, "quand": "du 01/12/26 au 03/12/26", "photo": "/a.png", "x": "-", "site": "javascript:alert(1)"}
	m := Mapping{
		Title: "{type} : {nom}", Summary: "x | absent | nom", Starts: "quand", Point: "lieu", Image: "photo", Link: "site", Body: "{x}{absent}",
		Extra: map[string]string{"genre": "type"}, Defaults: map[string]string{"topic": "culture", "insee": "01244, 1290"},
	}
	if err := m.Check("m"); err != nil {
		t.Fatal(err)
	}
	base := Records([]map[string]any{row}, m, paris(t), "https://mairie.example/b/c.json", true)
	e := base[0].Value.(record.Entry)
	if e.Title != "Bal : Salle & place" || e.Summary != "Salle & place" || e.Body != "" || e.Link != "" || e.Topic != "culture" || !e.AllDay ||
		e.Starts.Format(time.DateOnly) != "2026-11-30" || e.Ends.Format(time.DateOnly) != "2026-12-02" || *e.Place.Lat != 45.9 || !reflect.DeepEqual(e.Place.INSEE, []string{"01244", "01290"}) ||
		e.Media[0].URL != "https://mairie.example/a.png" || e.Extra["genre"] != "Bal" {
		t.Errorf("got %+v %+v", e, e.Place)
	}
	for _, bad := range []Mapping{{Title: "{a"}, {Defaults: map[string]string{"titre": "x"}}} {
		if bad.Check("m") == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"L&amp;#8217;été <br/>des <b class='x'>fermes</b>": "L’été des fermes", "a < b > c": "a < b > c", "1 <2 et 3> 2": "1 <2 et 3> 2", "<a <b> c": "<a c", "fin <p": "fin <p", " \u200bA\u00a0B ": "A B",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	sourcetest.Bounded(t, "what only opens", func() {
		if Line(strings.Repeat("<a>&lt;", 200_000)+strings.Repeat("<", 500_000)) == "" {
			t.Error("it is empty")
		}
	})
}

// TestTimes: days and hours as town halls part them among columns.
func TestTimes(t *testing.T) {
	t.Parallel()
	for table, want := range map[string]string{
		"Manifestation;Date;Heure\nLoto;Samedi 7 mars 2026;20h30":                       "2026-03-07 20:30/-",
		"Manifestation;Date;Horaires\nLoto;7/3/26;de 9h à 12h":                          "2026-03-07 09:00/2026-03-07 12:00",
		"Manifestation;Date;Horaires\nLoto;07/03/2026;9h00 - 12h00":                     "2026-03-07 09:00/2026-03-07 12:00",
		"Manifestation;Date;Heure de début;Heure de fin\nBal;07/03/2026;21:00;02:00":    "2026-03-07 21:00/2026-03-08 02:00",
		"Manifestation;Date;Heure\nLoto;07/03/2026;en journée":                          "2026-03-07 00:00/2026-03-07 00:00 day",
		"Manifestation;Dates\nSalon;du 14 au 15 mars 2026":                              "2026-03-14 00:00/2026-03-15 00:00 day",
		"Travaux;Date de début;Date de fin\nRue A;46084;46090":                          "2026-03-03 00:00/2026-03-09 00:00 day",
		"Travaux;Date de début;Date de fin\nRue A;2026-03-03 08:00;2026-03-04":          "2026-03-03 08:00/2026-03-04 23:59",
		"Travaux;date_debut;date_fin;heure_debut\nA;03/03/26;05/03/26;8h":               "2026-03-03 08:00/2026-03-05 23:59",
		"Travaux;date_debut;date_fin;heure_debut;heure_fin\nA;03/03/26;05/03/26;8h;17h": "2026-03-03 08:00/2026-03-05 17:00",
		"type_collecte;date_collecte\nVerre;2026-03-03":                                 "2026-03-03 00:00/2026-03-03 00:00 day",
	} {
		list, err := CSV([]byte(table), "text/csv", 0)
		if err != nil {
			t.Fatal(err)
		}
		r := Records(list, Mapping{}, paris(t), "", false)[0]
		e := r.Value.(record.Entry)
		got := ""
		for i, at := range []time.Time{e.Starts, e.Ends} {
			got += []string{"", "/"}[i]
			if at.IsZero() {
				got += "-"
			} else {
				got += at.In(paris(t)).Format("2006-01-02 15:04")
			}
		}
		if e.AllDay {
			got += " day"
		}
		if got != want || r.Refused != nil || e.Title == "" {
			t.Errorf("%s: %q %s, want %s, %v", table, e.Title, got, want, r.Refused)
		}
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		"En cours": "", "Annulé": "cancelled", "ANNULÉE": "cancelled", "Reporté au 3 mars": "postponed", "Complet": "full", "exercise": "exercise",
		"Terminé": "withdrawn", "Chantier en cours": "", "non terminé": "", "publish": "", `{""id"": 6, ""label"": {""fr"": ""Annulé"", ""en"": ""Cancelled""}}`: "cancelled",
	} {
		list, err := CSV([]byte("id;titre;statut\n1;Travaux;\""+status+"\""), "text/csv", 0)
		if err != nil {
			t.Fatal(err)
		}
		r := Records(list, Mapping{}, paris(t), "", false)[0]
		got := r.Value.(record.Entry).Status
		if r.Withdrawn {
			got += "withdrawn"
		}
		if got != want || r.Refused != nil {
			t.Errorf("%s: %q, %v", status, got, r.Refused)
		}
	}
}

func TestGuessesOfPortals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ row, want string }{
		"The Events Calendar": {
			`{"id":1,"title":"Loto","status":"publish","venue":{"venue":"Salle Delteil","address":"2 rue X","city":"Bègles","zip":"33130","geo_lat":44.8,"geo_lng":-0.55}}`,
			"Loto |  | Salle Delteil, 2 rue X, 33130 Bègles, 44.8",
		},
		"a location": {
			`{"title":{"fr":"Bal"},"location":{"name":"Salle des fêtes","city":"Bègles","postalCode":"33130","latitude":44.8,"longitude":-0.55}}`,
			"Bal |  | Salle des fêtes, , 33130 Bègles, 44.8",
		},
		"Nantes": {
			`{"nature":"Chantier","type":"Travaux","ligne1":"Boulevard de Doulon","ligne2":"Circulation alternée","ligne3":"","ligne4":"Jusqu’au 30 juin"}`,
			"Boulevard de Doulon | Chantier\nTravaux\nCirculation alternée\nJusqu’au 30 juin | ",
		},
		"Grand Lyon": {
			`{"identifiant":"CH1","naturetravaux":"Travaux de réseau","typeperturbation":"Circulation alternée","precisionlocalisation":"Entre la rue A et la rue B","commune":"Lyon"}`,
			"Travaux de réseau | Circulation alternée\nEntre la rue A et la rue B | , ,  Lyon",
		},
		"Bordeaux": {
			`{"gid":"1","libelle":"Réseau d'eau","localisation_emprise":"Rue Lamé","impact_circulation":"Circulation alternée"}`,
			"Réseau d'eau | Circulation alternée | Rue Lamé, ,  ",
		},
		"a word in capitals": {`{"objet":"Réseau","impact_circulation":"RESTREINTE","sigle":"RATP"}`, "Réseau | Restreinte | "},
		"Paris": {
			`{"identifiant":"1","objet":"Réseau","description":"Pose de conduites","impact_circulation":"BARRAGE_TOTAL","cp_arrondissement":75012}`,
			"Réseau | Pose de conduites\nBarrage total | , , 75012 ",
		},
	} {
		doc, err := JSON([]byte("["+c.row+"]"), "")
		if err != nil {
			t.Fatal(err)
		}
		list, err := Extract(doc, "")
		if err != nil {
			t.Fatal(err)
		}
		r := Records(list, Mapping{}, paris(t), "", false)[0]
		e := r.Value.(record.Entry)
		got := e.Title + " | " + e.Body + " | "
		if p := e.Place; p != nil {
			got += fmt.Sprintf("%s, %s, %s %s", p.Name, p.Address, p.Postcode, p.City)
			if p.Lat != nil {
				got += fmt.Sprintf(", %v", *p.Lat)
			}
		}
		if got != c.want || r.Refused != nil {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, r.Refused)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	line := `{"coordinates":[[2.14,43.93],[2.15,43.94]],"type":"LineString"}`
	for body, want := range map[string]string{
		`[{"nom":"a","coordonnees":"43.93, 2.14"}]`:                    "43.93 2.14",
		`[{"nom":"a","coordonnees":"43.93 2.14"}]`:                     "43.93 2.14",
		`[{"nom":"a","coordonnees":"2.14;43.93"}]`:                     "43.93 2.14",
		`[{"nom":"a","coordonnees":"43,93 ; 2,14"}]`:                   "43.93 2.14",
		`[{"nom":"a","coordonnees":"43.93 2.14 169"}]`:                 "43.93 2.14",
		`[{"nom":"a","coordonnees":"POINT (2.14 43.93)"}]`:             "43.93 2.14",
		`[{"nom":"a","geom":"SRID=2154;POINT(567613 6325598)"}]`:       "44.02 1.35",
		`[{"nom":"a","wkt":"point z(567613 6325598 12)"}]`:             "44.02 1.35",
		`[{"nom":"a","geom":"LINESTRING(2.14 43.93, 2.15 43.94)"}]`:    line,
		`[{"nom":"a","geom":"MULTIPOINT((2.14 43.93),(2.15 43.94))"}]`: strings.Replace(line, "LineString", "MultiPoint", 1),
		`[{"nom":"a","geom":"POLYGON((2 43,3 43,3 44,2 43))"}]`:        `{"coordinates":[[[2,43],[3,43],[3,44],[2,43]]],"type":"Polygon"}`,
		`[{"nom":"a","geom":"POLYGON((2 43,3 43"}]`:                    "",
		`[{"nom":"a","geom":"LINESTRING(a b)"}]`:                       "",
		`[{"nom":"a","x":"567613,0","y":"6325598"}]`:                   "44.02 1.35",
		`[{"nom":"a","x_cc46":1842000,"y_cc46":5175000}]`:              "45.76 4.83",
		`[{"nom":"a","latitude":55.45,"longitude":-20.9}]`:             "55.45 -20.90",
		`[{"nom":"a","coordonnees":"-20.9, 55.45"}]`:                   "-20.90 55.45",
		`[{"nom":"a","x":340000,"y":7650000}]`:                         "",
		`[{"nom":"a","coordonnees":"centre-ville"}]`:                   "",
		`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"nom":"a"},"geometry":{"type":"Point","coordinates":[567613,6325598]}}]}`:                                                                                                  "44.02 1.35",
		`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"features":[{"type":"Feature","properties":{"nom":"a"},"geometry":{"type":"Point","coordinates":[238440,5454600]}}]}`:                         "43.93 2.14",
		`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[{"type":"Feature","properties":{"nom":"a"},"geometry":{"type":"LineString","coordinates":[[2.14,43.93],[2.15,43.94]]}}]}`:      line,
		`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2975"}},"features":[{"type":"Feature","properties":{"nom":"a"},"geometry":{"type":"LineString","coordinates":[[340000,7650000],[340001,7650000]]}}]}`: "",
		`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:2154"}},"features":[{"type":"Feature","properties":{"nom":"a"},"geometry":{"type":"LineString","coordinates":[[700000,6600000],[700000,6600000]]}}]}`:                  `{"coordinates":[[3,46.5],[3,46.5]],"type":"LineString"}`,
	} {
		doc, err := JSON([]byte(body), "")
		if err != nil {
			t.Fatal(err)
		}
		list, err := Extract(doc, "")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p := Records(list, Mapping{}, time.UTC, "", false)[0].Value.(record.Entry).Place; p != nil {
			if got = p.GeoJSON; p.Lat != nil {
				got = fmt.Sprintf("%.2f %.2f", *p.Lat, *p.Lon)
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

func TestLicence(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"Licence Ouverte v2.0 (Etalab)": "etalab-2.0", "lov2": "etalab-2.0", "fr-lo": "etalab-2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence": "etalab-2.0",
		"Licence Ouverte v1.0": "Licence Ouverte v1.0", "Open Database License (ODbL)": "ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/": "ODbL-1.0",
		"CC BY 4.0": "CC-BY-4.0", "CC-BY-SA": "CC-BY-SA-4.0", "https://creativecommons.org/licenses/by/3.0/": "CC-BY-3.0", "CC BY-NC 4.0": "CC BY-NC 4.0", "cc-zero": "CC0-1.0",
		"Licence engagée": "Licence engagée", "notspecified": "", "": "", "Autre|odc-odbl": "ODbL-1.0", "notspecified|Conditions de la ville": "Conditions de la ville",
	} {
		if got := Licence(strings.Split(names, "|")...); got != want {
			t.Errorf("%s: got %q, want %q", names, got, want)
		}
	}
}

// TestALicenceIsAskedForOnceADay: its failure costs no record, and what was known stays.
func TestALicenceIsAskedForOnceADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var cur source.Cursor
	asked, fails := 0, error(nil)
	read := func(own string) string {
		records := []source.Record{{Item: "1", Value: record.Entry{Title: "x", Licence: own}}}
		Licensed(t.Context(), now, &cur, records, func(context.Context) ([]string, error) { asked++; return []string{"ODbL"}, fails })
		return records[0].Value.(record.Entry).Licence
	}
	for i, c := range []struct {
		after time.Duration
		fails error
		own   string
		asked int
		want  string
	}{
		{0, errors.New("away"), "", 1, ""}, {time.Hour, nil, "", 1, ""}, {24 * time.Hour, nil, "", 2, "ODbL-1.0"}, {time.Hour, nil, "CC0-1.0", 2, "CC0-1.0"}, {24 * time.Hour, errors.New("away"), "", 3, "ODbL-1.0"},
	} {
		now, fails = now.Add(c.after), c.fails
		if got := read(c.own); got != c.want || asked != c.asked {
			t.Errorf("%d: got %q after %d questions", i, got, asked)
		}
	}
}

func TestTooManyRowsAreSaid(t *testing.T) {
	t.Parallel()
	list := make([]map[string]any, MaxRows+5)
	for i := range list {
		list[i] = map[string]any{"titre": fmt.Sprint("n", i)}
	}
	records := Records(list, Mapping{}, time.UTC, "", false)
	if last := records[len(records)-1]; len(records) != MaxRows+1 || last.Refused == nil || !strings.Contains(last.Refused.Error(), fmt.Sprint(len(list))) {
		t.Errorf("%d records, %v", len(records), last.Refused)
	}
}

// TestPages: a change on the second page is seen though the first is the same, and
// a next page elsewhere is refused.
func TestPages(t *testing.T) {
	t.Parallel()
	second := `{"values":[2]}`
	next := "/p2"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"same"`)
		switch {
		case r.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotModified)
		case r.URL.Path == "/p2":
			fmt.Fprint(w, second)
		default:
			fmt.Fprintf(w, `{"values":[1],"next":%q}`, next)
		}
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	read := func(cur source.Cursor) (string, source.Cursor, error) {
		var got strings.Builder
		err := Pages(t.Context(), source.Deps{HTTP: client}, fetch.Request{URL: server.URL + "/p1"}, &cur, func(res *fetch.Response) (string, error) {
			doc, err := JSON(res.Body, "")
			got.WriteString(Text(At(doc, "values")))
			return Text(At(doc, "next")), err
		})
		return got.String(), cur, err
	}
	got, cur, err := read(source.Cursor{})
	if got != "12" || err != nil {
		t.Fatalf("%s, %v", got, err)
	}
	if _, cur, err = read(cur); !errors.Is(err, source.ErrUnchanged) {
		t.Fatalf("the same again: %v", err)
	}
	second = `{"values":[3]}`
	if got, cur, err = read(cur); got != "13" || err != nil {
		t.Fatalf("%s, %v", got, err)
	}
	for _, bad := range []string{"https://elsewhere.example/p2", "/p1", "http://[::1"} {
		next = bad
		if _, _, err := read(cur); err == nil || errors.Is(err, source.ErrUnchanged) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestCorpus maps every recorded data set by guess alone: every row gives a
// record with a title, none is on the Gulf of Guinea.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "opendata")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var list []map[string]any
		var records []source.Record
		sourcetest.Bounded(t, d.Name(), func() {
			var doc any
			if doc, err = JSON(body, ""); err != nil {
				return
			}
			list, err = Extract(doc, "")
			records = Records(list, Mapping{}, paris(t), "https://portail.example/", false)
		})
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %d rows, %v", d.Name(), len(list), err)
		}
		starts, placed := 0, 0
		for _, r := range records {
			e := r.Value.(record.Entry)
			if r.Refused != nil || e.Title == "" || r.Item == "" || strings.Contains(e.Title, "&#") {
				t.Errorf("%s: %+v", d.Name(), r)
			}
			if !e.Starts.IsZero() {
				starts++
			}
			if e.Place != nil && e.Place.Lat != nil {
				placed++
				if *e.Place.Lat < 41 || *e.Place.Lat > 52 {
					t.Errorf("%s: %s is at %f", d.Name(), r.Item, *e.Place.Lat)
				}
			}
		}
		t.Logf("%-48s %4d rows, %4d dated, %4d placed", d.Name(), len(list), starts, placed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"records":[{"recordid":"1","fields":{"titre":"a","timings":"[{\"begin\":\"2026-01-01\"}]","geo_point_2d":[1,2]}}]}`))
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[]},"properties":{"nom":"x","date_debut":"du 01/01/20 au 01/01/32"}}]}`))
	f.Add([]byte("a;titre;date\n1;\xe9t\xe9;31/12/26\n"))
	f.Add([]byte("{\"titre\":\"a\"}\n{\"titre\":\"b\"}"))
	zone := paris(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var list []map[string]any
		if doc, err := JSON(body, ""); err == nil {
			list, _ = Extract(doc, "")
		} else if list, err = Lines(body, ""); err != nil {
			list, _ = CSV(body, "", 0)
		}
		for _, r := range Records(list, Mapping{}, zone, "https://a.example/", false) {
			if text := fmt.Sprintf("%s %+v", r.Item, r.Value); !utf8.ValidString(text) {
				t.Error("a text is not UTF-8")
			}
			if _, err := json.Marshal(r.Value); err != nil {
				t.Error(err)
			}
		}
	})
}
