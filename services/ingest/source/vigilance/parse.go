package vigilance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/fetch"
)

// Options say what of a map is wanted.
type Options struct {
	// Departements are INSEE codes; all when empty.
	Departements []string
	// Least is the least colour wanted, 2 (yellow) when zero.
	Least level
	// Zone is that in which days end and hours are said, UTC when nil.
	Zone *time.Location
}

// A Bulletin is what a map says.
type Bulletin struct {
	Sent     time.Time
	Begin    time.Time // from when the map is valid
	Warnings []Warning
	Texts    Texts
	zone     *time.Location
}

// A Warning is one phenomenon in one place, at the colour wanted or above.
type Warning struct {
	Domain      string // département, or its coast: "33", "3310"
	Departement string
	Phenomenon  int // 1 to 9
	Steps       []Step
}

// A Step is a colour from Begin to End.
type Step struct {
	Begin time.Time `json:"b"`
	End   time.Time `json:"e"`
	Level level     `json:"l"`
}

// whole is a number that may be written as a string.
type whole int

func (n *whole) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(strings.Trim(string(b), `"`))
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		return errors.New("not a whole number")
	}
	*n = whole(v)
	return nil
}

// code is a text that may be written as a number.
type code string

func (c *code) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(strings.Trim(string(b), `"`))
	if text == "null" {
		text = ""
	}
	*c = code(text)
	return nil
}

// document is both forms: v1's product, v3's phenomena at the root.
type document struct {
	Product *struct {
		Updated string `json:"update_time"`
		Periods []struct {
			Begin    string `json:"begin_validity_time"`
			End      string `json:"end_validity_time"`
			Timelaps struct {
				Domains []domain `json:"domain_ids"`
			} `json:"timelaps"`
		} `json:"periods"`
	} `json:"product"`
	current
}

type domain struct {
	ID         code `json:"domain_id"`
	Phenomenon []struct {
		ID    whole `json:"phenomenon_id"`
		Max   whole `json:"phenomenon_max_color_id"`
		Steps []struct {
			Begin string `json:"begin_time"`
			End   string `json:"end_time"`
			Color whole  `json:"color_id"`
		} `json:"timelaps_items"`
	} `json:"phenomenon_items"`
}

// current is v3's answer for one domain; its times are Unix seconds.
type current struct {
	Updated whole `json:"update_time"`
	End     whole `json:"end_validity_time"`
	Domain  code  `json:"domain_id"`
	Max     []struct {
		ID  whole `json:"phenomenon_id"`
		Max whole `json:"phenomenon_max_color_id"`
	} `json:"phenomenons_max_colors"`
}

// Looks reports whether a body is a map or current phenomena.
func Looks(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) &&
		(bytes.Contains(body, []byte(`"phenomenon_items"`)) || bytes.Contains(body, []byte(`"phenomenons_max_colors"`)))
}

// Parse reads a map or current phenomena. Its errors hold no part of the body.
func Parse(body []byte, contentType string, opt Options) (*Bulletin, error) {
	if opt.Least == 0 {
		opt.Least = yellow
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	text, _ := fetch.UTF8(body, contentType)
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("vigilance: %w", readable(err))
	}
	r := reader{opt: opt, seen: map[string]bool{}}
	r.out.zone = opt.Zone
	switch {
	case doc.Product != nil && len(doc.Product.Periods) > 0:
		r.out.Sent = when(doc.Product.Updated)
		for i, p := range doc.Product.Periods {
			begin, end := when(p.Begin), when(p.End)
			if begin.IsZero() || !end.After(begin) {
				return nil, fmt.Errorf("vigilance: product.periods[%d]: no time of validity", i)
			}
			if r.out.Begin.IsZero() || begin.Before(r.out.Begin) {
				r.out.Begin = begin
			}
			r.period(p.Timelaps.Domains, begin, end)
		}
	case len(doc.Max) > 0 && doc.Domain != "":
		if err := r.current(doc.current); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("vigilance: neither a map nor current phenomenons")
	}
	return r.done()
}

func readable(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON, byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: not the expected form", kind.Field)
	}
	return errors.New("a number cannot be read")
}

type reader struct {
	opt  Options
	out  Bulletin
	seen map[string]bool // domains
}

// period adds the phenomena of a period to those of the periods before. A place
// or phenomenon said twice in one period is two warnings.
func (r *reader) period(domains []domain, begin, end time.Time) {
	known := map[string][]int{}
	for i, w := range r.out.Warnings {
		known[w.item()] = append(known[w.item()], i)
	}
	for _, d := range domains {
		departement, wanted := r.place(string(d.ID))
		if !wanted {
			continue
		}
		for _, p := range d.Phenomenon {
			if p.ID < 1 || int(p.ID) >= len(phenomena()) {
				continue
			}
			w := Warning{Domain: string(d.ID), Departement: departement, Phenomenon: int(p.ID)}
			for _, s := range p.Steps {
				w.add(Step{Begin: when(s.Begin), End: when(s.End), Level: level(s.Color)}, r.opt.Least)
			}
			if len(p.Steps) == 0 { // floods have no hours
				w.add(Step{Begin: begin, End: end, Level: level(p.Max)}, r.opt.Least)
			}
			before := known[w.item()]
			if len(before) > 0 {
				known[w.item()] = before[1:]
				for _, s := range w.Steps {
					r.out.Warnings[before[0]].add(s, r.opt.Least)
				}
			} else if len(w.Steps) > 0 {
				r.out.Warnings = append(r.out.Warnings, w)
			}
		}
	}
}

// current reads v3, which says until when but not from when: a day is announced
// whole, so that an issue an hour later says the same.
func (r *reader) current(c current) error {
	sent, end := time.Unix(int64(c.Updated), 0).UTC(), time.Unix(int64(c.End), 0)
	if c.Updated <= 0 || c.End <= c.Updated {
		return errors.New("vigilance: update_time, end_validity_time: no time of validity")
	}
	departement, wanted := r.place(string(c.Domain))
	r.out.Sent, r.out.Begin = sent, sent
	day := end.In(r.opt.Zone)
	midnight := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, r.opt.Zone).UTC()
	for _, p := range c.Max {
		if !wanted || p.ID < 1 || int(p.ID) >= len(phenomena()) {
			continue
		}
		w := Warning{Domain: string(c.Domain), Departement: departement, Phenomenon: int(p.ID)}
		w.add(Step{Begin: sent, End: midnight, Level: level(p.Max)}, r.opt.Least)
		if len(w.Steps) > 0 {
			r.out.Warnings = append(r.out.Warnings, w)
		}
	}
	return nil
}

// place returns the département of a domain, and whether it is wanted.
func (r *reader) place(id string) (string, bool) {
	departement := id
	if len(id) == 4 && strings.HasSuffix(id, "10") {
		departement = id[:2] // the coast of a département of mainland France
	}
	if _, ok := territory.France().Departement(departement); !ok {
		return "", false // FRA, Andorra
	}
	r.seen[departement] = true
	return departement, len(r.opt.Departements) == 0 || slices.Contains(r.opt.Departements, departement)
}

// done refuses a map that lacks a place: silence is not green.
func (r *reader) done() (*Bulletin, error) {
	if len(r.seen) == 0 {
		return nil, errors.New("vigilance: no département in it")
	}
	for _, d := range r.opt.Departements {
		if !r.seen[d] {
			return nil, fmt.Errorf("vigilance: département %s is not in it", d)
		}
	}
	return &r.out, nil
}

// when reads a time of the interface, zero when it cannot be.
func when(s string) time.Time {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}
