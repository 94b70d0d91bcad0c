package vigieau

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// page is where a person reads the restrictions.
const page = "https://vigieau.gouv.fr/"

// Options say where and for whom, and how dates without hours are read.
type Options struct {
	Commune, Name string // INSEE code, name
	Lat, Lon      *float64
	Profile       string
	Zone          *time.Location
	Now           time.Time // to leave out orders that have ended; zero keeps them
}

// zone is one of the service's answer.
type zone struct {
	Type  string `json:"type"`
	Name  string `json:"nom"`
	Level string `json:"niveauGravite"`
	Order *struct {
		Begins     string `json:"dateDebutValidite"`
		Ends       string `json:"dateFinValidite"`
		File       string `json:"cheminFichier"`
		FrameOrder string `json:"cheminFichierArreteCadre"`
	} `json:"arrete"`
	Uses []struct {
		Theme       string `json:"thematique"`
		Name        string `json:"nom"`
		Text        string `json:"description"`
		Individual  *bool  `json:"concerneParticulier"`
		Company     *bool  `json:"concerneEntreprise"`
		Authority   *bool  `json:"concerneCollectivite"`
		Agriculture *bool  `json:"concerneExploitation"`
	} `json:"usages"`
}

// Looks reports whether a body is a list of zones.
func Looks(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) && bytes.Contains(body, []byte(`"niveauGravite"`)) && bytes.Contains(body, []byte(`"usages"`))
}

// departments reports whether a body is the service's list of départements.
func departments(body []byte) bool {
	var list []struct {
		Code string `json:"code"`
	}
	return json.Unmarshal(body, &list) == nil && len(list) > 0 && list[0].Code != ""
}

// Parse reads the zones of a place. One of an unknown level or type is refused
// alone. Its errors hold no part of the body.
func Parse(body []byte, contentType string, opt Options) ([]source.Record, error) {
	text, _ := fetch.UTF8(body, contentType)
	var zones []zone
	if err := json.Unmarshal(text, &zones); err != nil {
		return nil, fmt.Errorf("vigieau: %w", readable(err))
	}
	if zones == nil {
		return nil, errors.New("vigieau: not a list of zones")
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	var records []source.Record
	for i, z := range zones {
		if z.Level == "" || z.Level == "pas_restriction" {
			continue // a zone without restriction
		}
		if what := z.unknown(); what != "" {
			err := events.Permanentf(events.ReasonInvalidContent, "vigieau: [%d].%s", i, what)
			records = append(records, source.Record{Item: z.Type, URL: page, Refused: err})
			continue
		}
		if entry, inForce := z.entry(opt); inForce {
			records = append(records, source.Record{Item: z.Type, URL: page, Value: entry})
		}
	}
	return records, nil
}

// unknown says what of a zone cannot be told: an order of another kind must not
// hide the others.
func (z zone) unknown() string {
	switch {
	case resource(z.Type) == "":
		return "type: not SUP, SOU or AEP"
	case levelName(z.Level) == "":
		return "niveauGravite: not a known level"
	}
	return ""
}

func readable(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON, byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: not the expected form", cmp.Or(kind.Field, "list"))
	}
	return errors.New("not JSON")
}

func resource(kind string) string {
	switch kind {
	case "SUP":
		return "eaux superficielles"
	case "SOU":
		return "eaux souterraines"
	case "AEP":
		return "eau potable"
	}
	return ""
}

func levelName(level string) string {
	switch level {
	case "vigilance":
		return "vigilance"
	case "alerte":
		return "alerte"
	case "alerte_renforcee":
		return "alerte renforcée"
	case "crise":
		return "crise"
	}
	return ""
}

// entry tells a zone; false when its order has ended.
func (z zone) entry(opt Options) (record.Entry, bool) {
	e := record.Entry{
		Title:      fmt.Sprintf("Sécheresse : %s sur les ressources en %s à %s", levelName(z.Level), resource(z.Type), opt.Name),
		Body:       z.body(opt),
		Link:       page,
		Language:   "fr",
		Categories: []string{"sécheresse", "restriction d’eau"},
		Place:      &record.Place{City: opt.Name, INSEE: []string{opt.Commune}, Lat: opt.Lat, Lon: opt.Lon},
		AllDay:     true,
		Extra:      map[string]string{"niveauGravite": z.Level, "type": z.Type, "zone": line(z.Name)},
	}
	if z.Order == nil {
		return e, true
	}
	e.Starts, e.Ends = date(z.Order.Begins, opt.Zone), date(z.Order.Ends, opt.Zone)
	e.Published = e.Starts
	for _, m := range []record.Media{
		{URL: z.Order.File, Type: "application/pdf", Alt: "Arrêté de restriction"},
		{URL: z.Order.FrameOrder, Type: "application/pdf", Alt: "Arrêté cadre"},
	} {
		if strings.HasPrefix(m.URL, "https://") || strings.HasPrefix(m.URL, "http://") {
			e.Media = append(e.Media, m)
		}
	}
	if len(e.Media) > 0 {
		e.Link = e.Media[0].URL
	}
	return e, e.Ends.IsZero() || opt.Now.IsZero() || !opt.Now.After(e.Ends.Add(24*time.Hour))
}

// body lists the uses as HTML.
func (z zone) body(opt Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<p>Niveau : %s (%s).</p>", levelName(z.Level), resource(z.Type))
	var items strings.Builder
	for _, u := range z.Uses {
		concerned := map[string]*bool{"particulier": u.Individual, "entreprise": u.Company, "collectivite": u.Authority, "exploitation": u.Agriculture}[opt.Profile]
		if concerned != nil && !*concerned {
			continue
		}
		name := line(cmp.Or(u.Name, u.Theme))
		text := line(u.Text)
		if name == "" && text == "" {
			continue
		}
		fmt.Fprintf(&items, "<li><strong>%s</strong> : %s</li>", html.EscapeString(name), html.EscapeString(cmp.Or(text, "restriction")))
	}
	if items.Len() > 0 {
		b.WriteString("<p>Usages concernés :</p><ul>" + items.String() + "</ul>")
	}
	return b.String()
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// date reads a day, at its midnight; zero when it cannot be.
func date(s string, zone *time.Location) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2006-01-02", time.RFC3339, "02/01/2006"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() >= 2000 && t.Year() <= 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}
