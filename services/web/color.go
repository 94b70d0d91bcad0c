package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour in linear light, each part 0 to 1.
type rgb struct{ r, g, b float64 }

// oklch is lightness 0 to 1, chroma, and hue in radians: the space where lightness moves without the hue.
// https://bottosson.github.io/posts/oklab/
type oklch struct{ l, c, h float64 }

func parseColor(s string) (rgb, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(s), "#")
	if len(digits) == 3 {
		digits = strings.Repeat(digits[0:1], 2) + strings.Repeat(digits[1:2], 2) + strings.Repeat(digits[2:3], 2)
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if !ok || err != nil || len(digits) != 6 {
		return rgb{}, fmt.Errorf("web: colour %q: want #rrggbb", s)
	}
	part := func(shift uint) float64 { return toLinear(float64(v>>shift&0xff) / 255) }
	return rgb{part(16), part(8), part(0)}, nil
}

func toLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func fromLinear(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func (c rgb) hex() string {
	part := func(v float64) int { return int(math.Round(fromLinear(max(0, min(1, v))) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c.r), part(c.g), part(c.b))
}

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 { return 0.2126*c.r + 0.7152*c.g + 0.0722*c.b }

func (c rgb) displayable() bool {
	const slack = 1e-4
	return min(c.r, c.g, c.b) >= -slack && max(c.r, c.g, c.b) <= 1+slack
}

func (c rgb) oklch() oklch {
	l := math.Cbrt(0.4122214708*c.r + 0.5363325363*c.g + 0.0514459929*c.b)
	m := math.Cbrt(0.2119034982*c.r + 0.6806995451*c.g + 0.1073969566*c.b)
	s := math.Cbrt(0.0883024619*c.r + 0.2817188376*c.g + 0.6299787005*c.b)
	a := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	b := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return oklch{0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(a, b), math.Atan2(b, a)}
}

// rgb gives up chroma until a screen can show the colour.
func (c oklch) rgb() rgb {
	for chroma := c.c; ; chroma -= 0.004 {
		chroma = max(0, chroma)
		a, b := chroma*math.Cos(c.h), chroma*math.Sin(c.h)
		l := cube(c.l + 0.3963377774*a + 0.2158037573*b)
		m := cube(c.l - 0.1055613458*a - 0.0638541728*b)
		s := cube(c.l - 0.0894841775*a - 1.2914855480*b)
		out := rgb{
			4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
			-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
			-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
		}
		if out.displayable() || chroma == 0 {
			return out
		}
	}
}

func cube(v float64) float64 { return v * v * v }

// Contrast is the WCAG 2.2 contrast ratio of two "#rrggbb" colours, from 1 to 21.
func Contrast(a, b string) (float64, error) {
	first, err := parseColor(a)
	if err != nil {
		return 0, err
	}
	second, err := parseColor(b)
	if err != nil {
		return 0, err
	}
	return contrast(first, second), nil
}

func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// mostReadable picks the candidate with the highest contrast on ground.
func mostReadable(ground rgb, candidates ...string) string {
	best, ratio := "", 0.0
	for _, candidate := range candidates {
		c, err := parseColor(candidate)
		if err == nil && contrast(ground, c) > ratio {
			best, ratio = candidate, contrast(ground, c)
		}
	}
	return best
}

// readableOn moves lightness in one direction until the colour is readable on every ground.
func readableOn(c oklch, direction float64, grounds []string) rgb {
	for {
		// Rounded as it will be served: the ratio promised is that of the eight-bit colour.
		served, _ := parseColor(c.rgb().hex())
		if readableOnAll(served, grounds) || direction < 0 && c.l <= 0 || direction > 0 && c.l >= 1 {
			return served
		}
		c.l = max(0, min(1, c.l+direction*0.005))
	}
}

func readableOnAll(c rgb, grounds []string) bool {
	for _, ground := range grounds {
		g, err := parseColor(ground)
		if err != nil || contrast(c, g) < minContrast {
			return false
		}
	}
	return true
}
