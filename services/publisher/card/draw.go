package card

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/prose"
)

// The picture, in pixels.
const (
	Width  = 1200
	Height = 675

	band      = 32 // at the left
	left      = 96
	right     = 72
	top       = 64
	bottom    = 64
	factSize  = 42
	smallSize = 36
	leading   = 1.25 // of a line, by its size
	factLines = 2    // at most, of when and of where
	// maxLetters of the narrowest are wider than a line.
	maxLetters = 200
)

// headlineSizes are tried from the largest until the headline fits.
func headlineSizes() []float64 { return []float64{96, 84, 72, 62, 54, 48} }

type fonts struct{ regular, bold *sfnt.Font }

var load = sync.OnceValues(func() (fonts, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return fonts{}, err
	}
	bold, err := opentype.Parse(gobold.TTF)
	return fonts{regular, bold}, err
})

// drawable tells whether the fonts have a letter.
func drawable(r rune) bool {
	f, err := load()
	if err != nil {
		return false
	}
	var b sfnt.Buffer
	for _, one := range []*sfnt.Font{f.regular, f.bold} {
		if i, err := one.GlyphIndex(&b, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

func (t Tone) colour() color.RGBA {
	switch t {
	case Alert:
		return color.RGBA{0xB3, 0x00, 0x0E, 0xFF}
	case Cancelled:
		return color.RGBA{0x52, 0x52, 0x52, 0xFF}
	}
	return color.RGBA{0x00, 0x41, 0x9A, 0xFF}
}

// PNG draws the card. Its error is permanent.
func (c Card) PNG() ([]byte, error) {
	img, err := c.Image()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "card: %w", err)
	}
	return b.Bytes(), nil
}

// levels of ink and of the tone, from white: what the eye tells apart. With few
// colours a picture is written about three times as fast, and is half as large.
const levels = 64

// reduce makes a picture of white, ink and the tone one of few colours.
func reduce(img *image.RGBA, tone color.RGBA) *image.Paletted {
	palette := make(color.Palette, 0, 2*levels)
	for _, c := range []color.RGBA{inkColour(), tone} {
		for k := range levels {
			part := func(v uint8) uint8 { return uint8(255 - (255-int(v))*k/(levels-1)) }
			palette = append(palette, color.RGBA{part(c.R), part(c.G), part(c.B), 0xFF})
		}
	}
	level := func(v, full uint8) uint8 {
		return uint8(((255-int(v))*(levels-1) + (255-int(full))/2) / (255 - int(full)))
	}
	out := image.NewPaletted(img.Bounds(), palette)
	for i := range out.Pix {
		p := img.Pix[4*i : 4*i+3]
		switch {
		case p[0] == 0xFF && p[1] == 0xFF && p[2] == 0xFF:
		case p[0] == p[1] && p[1] == p[2]:
			out.Pix[i] = level(p[1], inkColour().G)
		case tone.R < tone.G || tone.R < tone.B:
			out.Pix[i] = levels + level(p[0], tone.R)
		default:
			out.Pix[i] = levels + level(p[1], tone.G)
		}
	}
	return out
}

func inkColour() color.RGBA { return color.RGBA{0x16, 0x16, 0x16, 0xFF} }

// pen writes lines of text from the top.
type pen struct {
	img   draw.Image
	fonts fonts
	y     float64 // top of the next line
}

// Image draws the card.
func (c Card) Image() (image.Image, error) {
	f, err := load()
	if err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "card: fonts: %w", err)
	}
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, band, Height), image.NewUniform(c.Tone.colour()), image.Point{}, draw.Src)
	p := &pen{img: img, fonts: f, y: top}
	ink := image.NewUniform(inkColour())
	if err := p.write(f.bold, smallSize, image.NewUniform(c.Tone.colour()), c.from(), 1); err != nil {
		return nil, err
	}
	p.y += smallSize / 2
	facts := 0
	for _, fact := range c.Facts {
		lines, err := p.lines(f.regular, factSize, fact, factLines)
		if err != nil {
			return nil, err
		}
		facts += len(lines)
	}
	room := Height - bottom - p.y - float64(facts)*factSize*leading - factSize/2
	if err := p.headline(ink, c.Headline, room); err != nil {
		return nil, err
	}
	p.y += factSize / 2
	for _, fact := range c.Facts {
		if err := p.write(f.regular, factSize, ink, fact, factLines); err != nil {
			return nil, err
		}
	}
	return reduce(img, c.Tone.colour()), nil
}

// headline writes it as large as it fits.
func (p *pen) headline(ink image.Image, text string, room float64) error {
	sizes := headlineSizes()
	for i, size := range sizes {
		most := int(room / (size * leading))
		lines, err := p.lines(p.fonts.bold, size, text, most+1)
		if err != nil {
			return err
		}
		if len(lines) <= most || i == len(sizes)-1 {
			return p.write(p.fonts.bold, size, ink, text, most)
		}
	}
	return nil
}

// write writes a text in at most some lines.
func (p *pen) write(f *sfnt.Font, size float64, ink image.Image, text string, most int) error {
	lines, err := p.lines(f, size, text, most)
	if err != nil {
		return err
	}
	face, err := newFace(f, size)
	if err != nil {
		return err
	}
	for _, line := range lines {
		d := font.Drawer{Dst: p.img, Src: ink, Face: face, Dot: fixed.P(left, int(p.y+size))}
		d.DrawString(line)
		p.y += size * leading
	}
	return nil
}

// lines breaks a text at its spaces, and inside a word only where it is wider
// than a line. What is too much is cut, with an ellipsis.
func (p *pen) lines(f *sfnt.Font, size float64, text string, most int) ([]string, error) {
	face, err := newFace(f, size)
	if err != nil {
		return nil, err
	}
	return broken(face, prose.Cut(text, "…", func(s string) bool { return len(broken(face, s, most)) <= most }), most), nil
}

// broken is the lines of a text, of which no more than one too many.
func broken(face font.Face, text string, most int) []string {
	fits := func(s string) bool { return font.MeasureString(face, s).Ceil() <= Width-left-right }
	var list []string
	line := ""
	for _, word := range strings.Fields(text) {
		if len(list) > most {
			break
		}
		if next := strings.TrimSpace(line + " " + word); fits(next) {
			line = next
			continue
		}
		if line != "" {
			list = append(list, line)
		}
		for line = word; len(list) <= most && !fits(line); {
			n := min(len([]rune(line))-1, maxLetters)
			for !fits(string([]rune(line)[:n])) {
				n--
			}
			list = append(list, string([]rune(line)[:n]))
			line = string([]rune(line)[n:])
		}
	}
	if line != "" {
		list = append(list, line)
	}
	return list
}

func newFace(f *sfnt.Font, size float64) (font.Face, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "card: %w", fmt.Errorf("size %g: %w", size, err))
	}
	return face, nil
}
