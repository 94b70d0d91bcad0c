package vigicrues

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

const (
	yellow = 2
	red    = 4
	// sampled is how many vertices of a line are looked at to tell where it passes.
	sampled = 24
)

func colours() []string { return []string{"", "vert", "jaune", "orange", "rouge"} }

// Options say what of a document is wanted.
type Options struct {
	Reaches, Territories, Areas []string // codes; see Config
	// Least is the least colour wanted, 2 (yellow) when zero.
	Least int
	// Zone is that in which days end, UTC when nil.
	Zone *time.Location
}

// A Bulletin is what a document says.
type Bulletin struct {
	Sent    time.Time // zero when it does not say
	Reaches []Reach
}

// A Reach is a part of a river at the colour wanted or above.
type Reach struct {
	Code, Name string
	Level      int // 2 yellow to 4 red
	Areas      []string
	Stations   []Station
}

// loose is a text that may be written as a number.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	*l = ""
	if b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(strings.Join(strings.Fields(s), " "))
	} else if b[0] != '{' && b[0] != '[' && string(b) != "null" {
		*l = loose(b)
	}
	return nil
}

// collection is InfoVigiCru.geojson; names match whatever their capitals.
type collection struct {
	Type     string `json:"type"`
	Sent     string `json:"DtHrInfoVigiCru"`
	Features []struct {
		Properties struct {
			Code      loose `json:"CdEntCru"`
			CodeV1    loose `json:"CdEntVigiCru"`
			ID        loose `json:"id"`
			Name      loose `json:"lbentcru"`
			NameV1    loose `json:"LbEntVigiCru"`
			Territory loose `json:"cdensup_1"`
			Level     loose `json:"NivInfViCr"`
			LevelV1   loose `json:"NivSituVigiCruEnt"`
		} `json:"properties"`
		Geometry struct {
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"geometry"`
	} `json:"features"`
}

// Looks reports whether a body is a collection of reaches.
func Looks(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && bytes.Contains(body, []byte(`"FeatureCollection"`)) &&
		(bytes.Contains(body, []byte("NivInfViCr")) || bytes.Contains(body, []byte("NivSituVigiCruEnt")))
}

// Parse reads a collection. Its errors hold no part of the body.
func Parse(body []byte, contentType string, opt Options) (*Bulletin, error) {
	if opt.Least == 0 {
		opt.Least = yellow
	}
	text, _ := fetch.UTF8(body, contentType)
	var doc collection
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("vigicrues: %w", readable(err))
	}
	if doc.Type != "FeatureCollection" {
		return nil, errors.New("vigicrues: not a GeoJSON collection")
	}
	b := &Bulletin{Sent: when(doc.Sent)}
	known, levels := map[string]bool{}, 0
	for _, f := range doc.Features {
		p := f.Properties
		code, name := string(first(p.Code, p.CodeV1, p.ID)), string(first(p.Name, p.NameV1))
		level, err := strconv.Atoi(string(first(p.Level, p.LevelV1)))
		if code == "" || name == "" || err != nil || level < 1 || level > red {
			continue
		}
		levels++
		known[code] = true
		if level < opt.Least || !opt.named(code, string(p.Territory)) {
			continue
		}
		areas := opt.Areas
		if opt.byLine() || len(areas) == 0 {
			if areas = passes(f.Geometry.Coordinates, opt.Areas); len(areas) == 0 && len(opt.Areas) > 0 {
				continue
			}
		}
		b.Reaches = append(b.Reaches, Reach{Code: code, Name: name, Level: level, Areas: areas})
	}
	if levels == 0 {
		return nil, errors.New("vigicrues: no reach with a level in it")
	}
	for _, code := range opt.Reaches {
		if !known[code] {
			return nil, fmt.Errorf("vigicrues: reach %s is not in it", code)
		}
	}
	return b, nil
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
	return errors.New("not JSON")
}

func first(list ...loose) loose {
	for _, l := range list {
		if l != "" {
			return l
		}
	}
	return ""
}

// byLine says that reaches are chosen by where they pass.
func (o Options) byLine() bool { return len(o.Reaches) == 0 && len(o.Territories) == 0 }

func (o Options) named(code, territory string) bool {
	return o.byLine() || slices.Contains(o.Reaches, code) || slices.Contains(o.Territories, territory)
}

// passes returns those of areas that a line passes through, by the commune of its
// vertices; without areas, its départements.
func passes(raw json.RawMessage, areas []string) []string {
	points := vertices(raw)
	step := max(1, len(points)/sampled)
	var found []string
	for i := 0; i < len(points); i += step {
		c, ok := territory.France().At(points[i][1], points[i][0], areas...)
		if !ok {
			continue
		}
		for _, code := range []string{c.Code, c.Departement} {
			wanted := slices.Contains(areas, code) || len(areas) == 0 && code == c.Departement
			if wanted && !slices.Contains(found, code) {
				found = append(found, code)
			}
		}
	}
	slices.Sort(found)
	return found
}

// vertices reads the positions of a line or of several, longitude first.
func vertices(raw json.RawMessage) [][2]float64 {
	parts := [][][]float64{nil}
	var err error
	if compact := bytes.Join(bytes.Fields(raw[:min(len(raw), 64)]), nil); bytes.HasPrefix(compact, []byte("[[[")) {
		err = json.Unmarshal(raw, &parts)
	} else {
		err = json.Unmarshal(raw, &parts[0])
	}
	if err != nil {
		return nil
	}
	var out [][2]float64
	for _, part := range parts {
		for _, p := range part {
			if len(p) >= 2 {
				out = append(out, [2]float64{p[0], p[1]})
			}
		}
	}
	return out
}

// when reads the bulletin's time, zero when it cannot be.
func when(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05.000Z0700"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Year() >= 2000 && t.Year() <= 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}
