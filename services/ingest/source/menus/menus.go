package menus

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // menus have local days; the host may lack the table

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/rows"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "menus"

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	TimeZone string `yaml:"time_zone"`
	// Canteens are the names of those to read, all when empty.
	Canteens []string `yaml:"canteens"`
	Licence  string   `yaml:"licence"`
}

// Source is a file of menus.
type Source struct {
	cfg  Config
	zone *time.Location
	deps source.Deps
}

var _ source.Source = (*Source)(nil)

// Kind describes the connector. Menus are published by the week.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: time.Hour, Usual: 6 * time.Hour, Most: 24 * time.Hour},
		Guess: func(res *fetch.Response) bool {
			line, _, _ := bytes.Cut(res.Body[:min(len(res.Body), 4096)], []byte("\n"))
			line = bytes.ToLower(bytes.ReplaceAll(line, []byte("_"), nil))
			return bytes.Contains(line, []byte("menudate")) && bytes.Contains(line, []byte("menuplatnom"))
		},
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Source, error) {
	cfg := Config{TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("menus: url", cfg.URL); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "menus: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	return &Source{cfg: cfg, zone: zone, deps: deps}, nil
}

// Fetch implements source.Source.
func (s *Source) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	next := cur
	res, err := source.Get(ctx, s.deps, fetch.Request{URL: s.cfg.URL}, &next)
	if err != nil {
		return nil, next, err
	}
	records, err := s.parse(res.Body, res.ContentType, s.deps.Now())
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	return records, next, nil
}

// A menu is one day of one canteen.
type menu struct {
	item, canteen, insee string
	day                  time.Time
	published, updated   time.Time
	note                 string
	meals                []*meal
	allergens            []string
}

type meal struct {
	name, eaters string
	dishes       []dish
}

type dish struct {
	rank       int
	kind, text string
}

// maxRefused is how many bad lines are told one by one.
const maxRefused = 100

// parse reads a file; days over at now are left out.
func (s *Source) parse(body []byte, contentType string, now time.Time) ([]source.Record, error) {
	list, err := rows.CSV(body, contentType, 0)
	if err != nil {
		return nil, fmt.Errorf("menus: %w", err)
	}
	yesterday := now.In(s.zone).AddDate(0, 0, -1)
	menus := map[string]*menu{}
	var order []*menu
	var refused []source.Record
	found, bad := false, 0
	for i, raw := range list {
		row := fold(raw)
		found = found || row["menudate"] != "" && row["menuplatnom"] != ""
		day, _, ok := dates.Read(row["menudate"], s.zone)
		if !ok || row["menuplatnom"] == "" {
			if bad++; bad <= maxRefused {
				refused = append(refused, source.Record{Refused: events.Permanentf(events.ReasonInvalidContent, "menus: line %d: menuDate and menuPlatNom: required", i+2)})
			}
			continue
		}
		canteen := rows.Line(cmp.Or(row["menurestaurantnom"], row["menuetablissementnom"], row["menucollnom"]))
		if day.Before(yesterday) || len(s.cfg.Canteens) > 0 && !slices.Contains(s.cfg.Canteens, canteen) {
			continue
		}
		item := cmp.Or(row["menurestaurantid"], canteen) + "/" + day.In(s.zone).Format(time.DateOnly)
		key := canteen + "/" + item // two canteens may share an identifier
		m := menus[key]
		if m == nil {
			m = &menu{item: item, canteen: canteen, insee: row["menurestaurantinsee"], day: day}
			menus[key], order = m, append(order, m)
		}
		s.add(m, row)
	}
	if !found && len(list) > 0 {
		return nil, fmt.Errorf("menus: columns menuDate and menuPlatNom: required")
	}
	out := make([]source.Record, 0, len(order)+len(refused))
	for i, m := range order {
		if i == rows.MaxRows {
			out = append(out, source.Record{Refused: rows.TooMany(len(order))})
			break
		}
		out = append(out, s.record(m))
	}
	if bad > maxRefused {
		refused = append(refused, source.Record{Refused: events.Permanentf(events.ReasonInvalidContent, "menus: menuDate and menuPlatNom: required: %d lines more", bad-maxRefused)})
	}
	return append(out, refused...), nil
}

// fold names columns without letter case and underscores: files differ.
func fold(row map[string]any) map[string]string {
	out := make(map[string]string, len(row))
	for name, v := range row {
		out[strings.ToLower(strings.ReplaceAll(name, "_", ""))] = rows.Text(v)
	}
	return out
}

func (s *Source) add(m *menu, row map[string]string) {
	published, _, _ := dates.Read(row["menupublicationdate"], s.zone)
	if m.published.IsZero() || !published.IsZero() && published.Before(m.published) {
		m.published = published
	}
	if updated, _, _ := dates.Read(row["menumodificationdate"], s.zone); updated.After(m.updated) {
		m.updated = updated
	}
	m.note = cmp.Or(m.note, rows.Line(row["menumodificationinfo"]))
	for allergen := range strings.FieldsFuncSeq(row["menuplatallergene"], func(r rune) bool { return r == '|' || r == ',' || r == ';' }) {
		if a := rows.Line(allergen); a != "" && !slices.Contains(m.allergens, a) && len(m.allergens) < 40 {
			m.allergens = append(m.allergens, a)
		}
	}
	name, eaters := rows.Line(row["menurepastype"]), rows.Line(row["menurestaurantconvive"])
	at := slices.IndexFunc(m.meals, func(x *meal) bool { return x.name == name && x.eaters == eaters })
	if at < 0 {
		m.meals, at = append(m.meals, &meal{name: name, eaters: eaters}), len(m.meals)
	}
	d := dish{rank: rank(row["menuplattype"]), kind: rows.Line(row["menuplattype"]), text: described(row)}
	if len(m.meals[at].dishes) < 60 && !slices.Contains(m.meals[at].dishes, d) {
		m.meals[at].dishes = append(m.meals[at].dishes, d)
	}
}

// described is a dish with what is said of its quality and diet.
func described(row map[string]string) string {
	var notes []string
	for _, name := range []string{"menuplatprecision", "menuplatsiqo", "menuplatlabel", "menuplatregime"} {
		if note := rows.Line(strings.ReplaceAll(row[name], "|", ", ")); note != "" && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	text := rows.Line(row["menuplatnom"])
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// rank orders the dishes of a meal as they are served; what is unknown keeps its
// place after the main dish.
func rank(kind string) int {
	for i, words := range [][]string{
		{"entrée", "entree", "hors d'oeuvre", "potage"},
		{"plat", "protid"},
		{"garniture", "accompagnement", "légume", "legume", "féculent"},
		{},
		{"laitage", "fromage", "produit laitier"},
		{"dessert", "fruit"},
		{"pain", "boisson", "goûter"},
	} {
		for _, word := range words {
			if strings.Contains(strings.ToLower(kind), word) {
				return i
			}
		}
	}
	return 3
}

func (s *Source) record(m *menu) source.Record {
	var body strings.Builder
	var first []string
	for _, x := range m.meals {
		if title := strings.Trim(x.name+" – "+x.eaters, " –"); title != "" && len(m.meals) > 1 {
			fmt.Fprintf(&body, "%s\n", title)
		}
		slices.SortStableFunc(x.dishes, func(a, b dish) int { return cmp.Compare(a.rank, b.rank) })
		for _, d := range x.dishes {
			if d.kind != "" {
				fmt.Fprintf(&body, "%s : ", d.kind)
			}
			fmt.Fprintf(&body, "%s\n", d.text)
			if x == m.meals[0] {
				first = append(first, d.text)
			}
		}
	}
	if len(m.allergens) > 0 {
		fmt.Fprintf(&body, "Allergènes : %s\n", strings.Join(m.allergens, ", "))
	}
	if m.note != "" {
		fmt.Fprintf(&body, "%s\n", m.note)
	}
	day := m.day.In(s.zone)
	e := record.Entry{
		Title:    "Menu du " + date(day) + ending(m.canteen),
		Summary:  strings.Join(first, ", "),
		Body:     strings.TrimSpace(body.String()),
		Language: "fr", Categories: []string{"cantine"},
		Published: m.published, Updated: m.updated,
		Starts: m.day, Ends: m.day, AllDay: true, Expires: day.AddDate(0, 0, 1).UTC(),
		Licence: s.cfg.Licence,
	}
	if m.canteen != "" {
		e.Place = &record.Place{Name: m.canteen}
		if len(m.insee) == 5 {
			e.Place.INSEE = []string{m.insee}
		}
	}
	return source.Record{Item: m.item, Value: e}
}

func ending(canteen string) string {
	if canteen == "" {
		return ""
	}
	return " – " + canteen
}

// date writes a day in French: lundi 1er septembre.
func date(t time.Time) string {
	days := [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	months := [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	n := fmt.Sprint(t.Day())
	if t.Day() == 1 {
		n = "1er"
	}
	return days[t.Weekday()] + " " + n + " " + months[t.Month()-1]
}
