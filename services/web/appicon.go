package web

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// iconVersion changes when the drawing does.
const iconVersion = "1"

// IconSizes are the sides, in pixels, of the icons that telephones ask for: 180
// of apple-touch-icon, 192 and 512 of a web app's manifest.
// https://developer.apple.com/design/human-interface-guidelines/app-icons
func IconSizes() []int { return []int{180, 192, 512} }

// IconPath is where an authority's icon of one of IconSizes is served, a PNG:
// the bell of crieur.svg on the theme's colour, without transparency and inside
// the safe zone of maskable icons.
func (t Theme) IconPath(size int) string {
	return assetsPrefix + "icon/" + strings.TrimPrefix(t.Brand, "#") + "." + strconv.Itoa(size) + "." + iconVersion + ".png"
}

// serveIcon draws one; the address never changes meaning.
func serveIcon(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.PathValue("file"), ".")
	if len(parts) != 4 || parts[2] != iconVersion || parts[3] != "png" {
		http.NotFound(w, r)
		return
	}
	theme, err := NewTheme("#" + parts[0])
	size, sizeErr := strconv.Atoi(parts[1])
	if err != nil || sizeErr != nil || !slices.Contains(IconSizes(), size) || theme.IconPath(size) != r.URL.Path {
		http.NotFound(w, r)
		return
	}
	body, err := theme.icon(size)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", cacheForever)
	_, _ = w.Write(body) // the browser may be gone
}

// point is in the coordinates of crieur.svg: 32 by 32.
type point struct{ x, y float64 }

// strokes are the bell's lines; its dome is the upper half of a circle.
func strokes() [][]point {
	return [][]point{{{16, 7}, {16, 8.5}}, {{9, 15}, {9, 22}, {7, 24}, {25, 24}, {23, 22}, {23, 15}}, {{14, 26.5}, {18, 26.5}}}
}

const (
	iconSide   = 32.0
	strokeHalf = 1.1
	domeX      = 16.0
	domeY      = 15.0
	domeRadius = 7.0
)

// fromBell is how far a point is from the middle of the nearest line.
func fromBell(p point) float64 {
	nearest := math.Inf(1)
	if p.y <= domeY {
		nearest = math.Abs(math.Hypot(p.x-domeX, p.y-domeY) - domeRadius)
	}
	for _, line := range strokes() {
		for i := 1; i < len(line); i++ {
			nearest = min(nearest, fromSegment(p, line[i-1], line[i]))
		}
	}
	return nearest
}

func fromSegment(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	along := max(0, min(1, ((p.x-a.x)*dx+(p.y-a.y)*dy)/(dx*dx+dy*dy)))
	return math.Hypot(p.x-a.x-along*dx, p.y-a.y-along*dy)
}

// icon is a palette of the ground's colour to the ink's, so that the file is
// small and its edges smooth.
func (t Theme) icon(size int) ([]byte, error) {
	const steps = 16
	ground, ink := nrgba(t.Brand), nrgba(t.OnBrand)
	palette := make(color.Palette, steps+1)
	for i := range palette {
		mix := func(a, b uint8) uint8 { return uint8((int(a)*(steps-i) + int(b)*i) / steps) } //nolint:gosec // between two bytes
		palette[i] = color.NRGBA{mix(ground.R, ink.R), mix(ground.G, ink.G), mix(ground.B, ink.B), 0xff}
	}
	img := image.NewPaletted(image.Rect(0, 0, size, size), palette)
	pixel := iconSide / float64(size)
	for y := range size {
		for x := range size {
			d := fromBell(point{(float64(x) + 0.5) * pixel, (float64(y) + 0.5) * pixel})
			covered := max(0, min(1, (strokeHalf-d)/pixel+0.5))
			img.SetColorIndex(x, y, uint8(math.Round(covered*steps)))
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// nrgba reads a colour of a theme.
func nrgba(hex string) color.NRGBA {
	v, _ := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)                        // a theme's own
	return color.NRGBA{uint8(v >> 16 & 0xff), uint8(v >> 8 & 0xff), uint8(v & 0xff), 0xff} //nolint:gosec // masked
}
