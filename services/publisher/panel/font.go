package panel

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// Built-in fonts.
const (
	SmallFont = "crieur-6x8"       // for panels of less than 64 LEDs in height
	LargeFont = "inconsolata-8x16" // golang.org/x/image/font/inconsolata, Regular8x16
)

// Font is a fixed-width bitmap font.
type Font struct {
	name          string
	width, height int // LEDs of a cell
	gap           int // empty columns at the right of every cell
	glyphs        map[rune][]bool
}

// Name returns the name profiles use.
func (f *Font) Name() string { return f.name }

// Cell returns the size of a character in LEDs.
func (f *Font) Cell() (width, height int) { return f.width, f.height }

// Has reports whether r has a glyph.
func (f *Font) Has(r rune) bool { return f.glyphs[r] != nil }

// Lit reports whether the LED at x, y of r's cell is lit.
func (f *Font) Lit(r rune, x, y int) bool {
	g := f.glyphs[r]
	return g != nil && x >= 0 && y >= 0 && x < f.width && y < f.height && g[y*f.width+x]
}

// LookupFont returns a built-in font; the error names the ones there are.
func LookupFont(name string) (*Font, error) {
	switch name {
	case SmallFont:
		return smallFont()
	case LargeFont:
		return largeFont(), nil
	}
	return nil, fmt.Errorf("%q is neither %s nor %s", name, SmallFont, LargeFont)
}

//go:embed fonts/crieur-6x8.txt
var smallFontText []byte

var smallFont = sync.OnceValues(func() (*Font, error) { return ReadFont(bytes.NewReader(smallFontText)) })

// largeFont copies the glyphs out of the mask of Regular8x16.
var largeFont = sync.OnceValue(func() *Font {
	face := inconsolata.Regular8x16
	f := &Font{name: LargeFont, width: face.Advance, height: face.Height, glyphs: map[rune][]bool{}}
	for _, rng := range face.Ranges {
		for r := rng.Low; r < rng.High; r++ {
			if r == utf8.RuneError {
				continue
			}
			dr, mask, at, _, ok := face.Glyph(fixed.P(0, face.Ascent), r)
			if !ok {
				continue
			}
			f.glyphs[r] = cut(f, dr, mask, at)
		}
	}
	return f
})

func cut(f *Font, dr image.Rectangle, mask image.Image, at image.Point) []bool {
	lit := make([]bool, f.width*f.height)
	for y := range dr.Dy() {
		for x := range dr.Dx() {
			_, _, _, alpha := mask.At(at.X+x, at.Y+y).RGBA()
			cx, cy := dr.Min.X+x, dr.Min.Y+y
			if alpha >= 0x8000 && cx >= 0 && cy >= 0 && cx < f.width && cy < f.height {
				lit[cy*f.width+cx] = true
			}
		}
	}
	return lit
}

// ReadFont reads a font written in text: "name", "cell WIDTH HEIGHT", then
// "glyph CHARACTER" (or U+XXXX) and HEIGHT rows of # and ., which may leave out
// empty columns at the right. # after a space or at a line's start outside a
// glyph starts a comment. Errors name the line.
func ReadFont(r io.Reader) (*Font, error) {
	p := fontParser{font: &Font{glyphs: map[rune][]bool{}}}
	in := bufio.NewScanner(r)
	for in.Scan() {
		p.line++
		if err := p.read(strings.TrimRight(in.Text(), " \t\r")); err != nil {
			return nil, fmt.Errorf("panel: font: line %d: %w", p.line, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("panel: font: %w", err)
	}
	f := p.font
	if p.open != 0 || len(f.glyphs) == 0 || f.name == "" {
		return nil, errors.New("panel: font: a name, a cell and whole glyphs are needed")
	}
	f.gap = f.emptyColumns()
	return f, nil
}

type fontParser struct {
	font *Font
	line int
	char rune
	open int // rows the glyph still wants
}

func (p *fontParser) read(s string) error {
	if p.open > 0 {
		return p.row(s)
	}
	word, rest, _ := strings.Cut(s, " ")
	switch {
	case s == "", s[0] == '#':
		return nil
	case word == "name":
		p.font.name = rest
		return nil
	case word == "cell":
		_, err := fmt.Sscanf(rest, "%d %d", &p.font.width, &p.font.height)
		if err != nil || p.font.width < 1 || p.font.height < 1 || p.font.width > 64 || p.font.height > 64 {
			return errors.New("cell wants a width and a height, 1 to 64")
		}
		return nil
	case word == "glyph" && p.font.width > 0:
		return p.glyph(rest)
	}
	return fmt.Errorf("%q is not name, cell or glyph after a cell", word)
}

func (p *fontParser) glyph(char string) error {
	r, size := utf8.DecodeRuneInString(char)
	if hex, ok := strings.CutPrefix(char, "U+"); ok {
		v, err := strconv.ParseUint(hex, 16, 21)
		if err != nil {
			return fmt.Errorf("%q is not U+XXXX", char)
		}
		r, size = rune(v), len(char)
	}
	if size != len(char) || r == utf8.RuneError {
		return fmt.Errorf("%q is not one character", char)
	}
	if p.font.Has(r) {
		return fmt.Errorf("%q is there twice", r)
	}
	p.char, p.open = r, p.font.height
	p.font.glyphs[r] = make([]bool, p.font.width*p.font.height)
	return nil
}

func (p *fontParser) row(s string) error {
	if len(s) > p.font.width || strings.Trim(s, "#.") != "" {
		return fmt.Errorf("%q is not a row of # and . in at most %d columns", s, p.font.width)
	}
	y := p.font.height - p.open
	for x := range len(s) {
		p.font.glyphs[p.char][y*p.font.width+x] = s[x] == '#'
	}
	p.open--
	return nil
}

// emptyColumns counts the columns at the right that no glyph uses.
func (f *Font) emptyColumns() int {
	for gap := range f.width {
		x := f.width - 1 - gap
		for r := range f.glyphs {
			for y := range f.height {
				if f.Lit(r, x, y) {
					return gap
				}
			}
		}
	}
	return 0
}
