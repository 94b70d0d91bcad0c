package panel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"time"
)

// ErrProfile is wrapped by the errors that name a profile's wrong field.
var ErrProfile = errors.New("sign profile")

// Align is where lines sit on the panel.
type Align string

// Alignments; the zero value is Centre, in both directions.
const (
	Centre Align = "centre"
	Left   Align = "left" // from the top left corner
)

// RoadMode is what to do with a text too long to be read from a car.
type RoadMode string

// Road modes.
const (
	NotRoad    RoadMode = ""
	RoadWarn   RoadMode = "warn"
	RoadRefuse RoadMode = "refuse"
)

// Profile is what a sign can show. A sign is described by Rows and Columns, or
// by WidthPx, HeightPx and Font, from which rows and columns follow.
type Profile struct {
	Rows    int `json:"rows,omitempty" yaml:"rows"`
	Columns int `json:"columns,omitempty" yaml:"columns"`

	WidthPx  int    `json:"widthPx,omitempty" yaml:"widthPx"` // LEDs
	HeightPx int    `json:"heightPx,omitempty" yaml:"heightPx"`
	Font     string `json:"font,omitempty" yaml:"font"` // "crieur-6x8" or "inconsolata-8x16"; by size when empty

	Charset  Charset `json:"charset,omitempty" yaml:"charset"`
	Capitals bool    `json:"capitals,omitempty" yaml:"capitals"`
	Align    Align   `json:"align,omitempty" yaml:"align"`

	// Colours are "#rrggbb": the text's, then the title's on signs that have
	// several. Amber when empty.
	Colours []string `json:"colours,omitempty" yaml:"colours"`

	PageSeconds int     `json:"pageSeconds,omitempty" yaml:"pageSeconds"` // 11 when 0
	MaxPages    int     `json:"maxPages,omitempty" yaml:"maxPages"`       // 5 when 0
	QuietHours  []Quiet `json:"quietHours,omitempty" yaml:"quietHours"`   // the panel is dark

	// Abbreviations replace the built-in table; an empty list allows none.
	Abbreviations []Abbreviation `json:"abbreviations,omitzero" yaml:"abbreviations"`
	RoadMode      RoadMode       `json:"roadMode,omitempty" yaml:"roadMode"`

	// Kiosk is a screen whose browser lays its pages out as Said: rows and
	// columns, 6 and 20 at least, are the text that people read at once, and
	// nothing is abbreviated.
	Kiosk bool `json:"kiosk,omitempty" yaml:"kiosk"`
}

// Quiet is a daily interval in the sign's local time, "HH:MM"; it may pass midnight.
type Quiet struct {
	From string `json:"from" yaml:"from"`
	To   string `json:"to" yaml:"to"`
}

const (
	defaultPageSeconds = 11
	defaultMaxPages    = 5
	maxSide            = 4096 // LEDs, rows or columns: bounds the memory of an image
)

// Validate returns an error that wraps ErrProfile and names the first wrong field.
func (p Profile) Validate() error {
	_, err := p.resolve()
	return err
}

// Mark is the same for profiles that are the same, 16 hexadecimal digits.
func (p Profile) Mark() string {
	body, _ := json.Marshal(p) // plain data
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// screen is a profile with its defaults applied and its names looked up.
type screen struct {
	rows, columns  int
	widthPx        int
	heightPx       int
	pixels         bool // the sign takes images, not text
	font           *Font
	charset        func(rune) bool
	capitals       bool
	align          Align
	colours        []color.RGBA
	seconds, pages int
	abbreviations  []Abbreviation
	road           RoadMode
	kiosk          bool
}

func wrong(field string, why any) error {
	return fmt.Errorf("panel: %w: %s: %v", ErrProfile, field, why)
}

func (p Profile) resolve() (screen, error) {
	s := screen{
		rows: p.Rows, columns: p.Columns, widthPx: p.WidthPx, heightPx: p.HeightPx, capitals: p.Capitals,
		align: p.Align, seconds: p.PageSeconds, pages: p.MaxPages, abbreviations: p.Abbreviations, road: p.RoadMode, kiosk: p.Kiosk,
	}
	for _, check := range []func(Profile, *screen) error{sizes, charsets, colours, durations, kiosks} {
		if err := check(p, &s); err != nil {
			return screen{}, err
		}
	}
	return s, nil
}

func sizes(p Profile, s *screen) error {
	for field, v := range map[string]int{"rows": p.Rows, "columns": p.Columns, "widthPx": p.WidthPx, "heightPx": p.HeightPx} {
		if v < 0 || v > maxSide {
			return wrong(field, fmt.Sprintf("%d is not between 0 and %d", v, maxSide))
		}
	}
	font, err := p.font()
	if err != nil {
		return wrong("font", err)
	}
	s.font = font
	if p.WidthPx > 0 || p.HeightPx > 0 {
		rows, columns := p.HeightPx/font.height, (p.WidthPx+font.gap)/font.width
		if rows == 0 || columns == 0 {
			return wrong("widthPx, heightPx", fmt.Sprintf("%d × %d holds no character of %s", p.WidthPx, p.HeightPx, font.name))
		}
		s.pixels = true
		if s.rows == 0 || s.rows > rows {
			s.rows = rows
		}
		if s.columns == 0 || s.columns > columns {
			s.columns = columns
		}
	}
	if s.rows == 0 || s.columns == 0 {
		return wrong("rows, columns", "a sign needs rows and columns, or widthPx and heightPx")
	}
	if s.widthPx == 0 || s.heightPx == 0 {
		s.widthPx, s.heightPx = s.columns*font.width-font.gap, s.rows*font.height
	}
	return nil
}

func (p Profile) font() (*Font, error) {
	if p.Font != "" {
		return LookupFont(p.Font)
	}
	if p.HeightPx > 0 && p.HeightPx < 64 {
		return LookupFont(SmallFont)
	}
	return LookupFont(LargeFont)
}

func charsets(p Profile, s *screen) error {
	in, err := p.Charset.lookup()
	if err != nil {
		return wrong("charset", err)
	}
	font := s.font
	s.charset = func(r rune) bool { return in(r) && font.Has(r) }
	if p.Align == "" {
		s.align = Centre
	}
	if s.align != Centre && s.align != Left {
		return wrong("align", fmt.Sprintf("%q is neither centre nor left", p.Align))
	}
	switch p.RoadMode {
	case NotRoad, RoadWarn, RoadRefuse:
		return nil
	}
	return wrong("roadMode", fmt.Sprintf("%q is neither warn nor refuse", p.RoadMode))
}

// amber is the 590 nm of the usual monochrome panels.
var amber = color.RGBA{R: 0xFF, G: 0xA8, B: 0x00, A: 0xFF}

func colours(p Profile, s *screen) error {
	for i, c := range p.Colours {
		v, err := strconv.ParseUint(strings.TrimPrefix(c, "#"), 16, 32)
		if err != nil || len(c) != 7 || c[0] != '#' {
			return wrong(fmt.Sprintf("colours[%d]", i), fmt.Sprintf("%q is not #rrggbb", c))
		}
		s.colours = append(s.colours, color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF})
	}
	if len(s.colours) == 0 {
		s.colours = []color.RGBA{amber}
	}
	return nil
}

func kiosks(p Profile, s *screen) error {
	switch {
	case p.Kiosk && p.RoadMode != NotRoad:
		return wrong("kiosk", "nobody reads one from a car")
	case p.Kiosk && (s.rows < minKioskRows || s.columns < minKioskColumns):
		return wrong("kiosk", fmt.Sprintf("a kiosk has %d rows of %d columns at least", minKioskRows, minKioskColumns))
	}
	return nil
}

func durations(p Profile, s *screen) error {
	if p.PageSeconds < 0 {
		return wrong("pageSeconds", "negative")
	}
	if p.MaxPages < 0 {
		return wrong("maxPages", "negative")
	}
	if s.seconds == 0 {
		s.seconds = defaultPageSeconds
	}
	if s.pages == 0 {
		s.pages = defaultMaxPages
	}
	if p.Abbreviations == nil {
		table, err := DefaultAbbreviations()
		if err != nil {
			return err
		}
		s.abbreviations = table
	}
	for i, q := range p.QuietHours {
		if _, _, err := q.minutes(); err != nil {
			return wrong(fmt.Sprintf("quietHours[%d]", i), err)
		}
	}
	return nil
}

func (q Quiet) minutes() (from, to int, err error) {
	a, err := time.Parse("15:04", q.From)
	if err != nil {
		return 0, 0, fmt.Errorf("from: %q is not HH:MM", q.From)
	}
	b, err := time.Parse("15:04", q.To)
	if err != nil {
		return 0, 0, fmt.Errorf("to: %q is not HH:MM", q.To)
	}
	return a.Hour()*60 + a.Minute(), b.Hour()*60 + b.Minute(), nil
}

// Dark reports whether the panel is off at t, read in t's own time zone: pass
// the sign's local time. From is inside the interval, To is not.
func (p Profile) Dark(t time.Time) bool {
	now := t.Hour()*60 + t.Minute()
	for _, q := range p.QuietHours {
		from, to, err := q.minutes()
		if err != nil {
			continue
		}
		if from <= to && now >= from && now < to || from > to && (now >= from || now < to) {
			return true
		}
	}
	return false
}

// NextQuiet returns the first moment after t when Dark may change, read in t's
// own time zone; zero without quiet hours. The clock's own changes count.
func (p Profile) NextQuiet(t time.Time) time.Time {
	var next time.Time
	soonest := func(at time.Time) {
		if at.After(t) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, q := range p.QuietHours {
		from, to, err := q.minutes()
		if err != nil {
			continue
		}
		for day := range 2 {
			y, m, d := t.AddDate(0, 0, day).Date()
			soonest(time.Date(y, m, d, 0, from, 0, 0, t.Location()))
			soonest(time.Date(y, m, d, 0, to, 0, 0, t.Location()))
		}
	}
	if _, change := t.ZoneBounds(); !next.IsZero() && !change.IsZero() {
		soonest(change)
	}
	return next
}

// Grid returns the rows and columns of characters the sign shows.
func (p Profile) Grid() (rows, columns int, err error) {
	s, err := p.resolve()
	return s.rows, s.columns, err
}
