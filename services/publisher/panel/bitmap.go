package panel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"unicode/utf8"
)

// Bitmap returns the page as the panel shows it, one pixel a LED. Index 0 of the
// palette is off, 1 the text's colour, 2 the title's when the sign has several.
// A text sign gets the size of its grid in its font.
func Bitmap(pg Page, p Profile) (*image.Paletted, error) {
	s, err := p.resolve()
	if err != nil {
		return nil, err
	}
	palette := color.Palette{color.RGBA{A: 0xFF}}
	for _, c := range s.colours {
		palette = append(palette, c)
	}
	img := image.NewPaletted(image.Rect(0, 0, s.widthPx, s.heightPx), palette)
	top, pitch := s.vertical(min(len(pg.Lines), s.rows))
	for i, line := range pg.Lines[:min(len(pg.Lines), s.rows)] {
		left := 0
		if s.align == Centre {
			left = max(0, (s.widthPx-(utf8.RuneCountInString(line)*s.font.width-s.font.gap))/2)
		}
		index := uint8(1)
		if len(s.colours) > 1 && slices.Contains(pg.Title, i) {
			index = 2
		}
		s.font.draw(img, line, left, top+i*pitch, index)
	}
	return img, nil
}

// vertical returns where the first line starts and the LEDs from one to the
// next. A centred pixel sign spends up to two spare LEDs a line on leading.
func (s screen) vertical(lines int) (top, pitch int) {
	pitch = s.font.height
	if s.align != Centre || lines == 0 {
		return 0, pitch
	}
	if s.pixels {
		pitch += min(2, max(0, s.heightPx-lines*pitch)/lines)
	}
	return max(0, (s.heightPx-(lines-1)*pitch-s.font.height)/2), pitch
}

func (f *Font) draw(img *image.Paletted, line string, left, top int, index uint8) {
	for _, r := range line {
		for y := range f.height {
			for x := range f.width {
				if f.Lit(r, x, y) && image.Pt(left+x, top+y).In(img.Rect) {
					img.SetColorIndex(left+x, top+y, index)
				}
			}
		}
		left += f.width
	}
}

// PNG encodes an image of this package.
func PNG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("panel: png: %w", err)
	}
	return b.Bytes(), nil
}
