package web_test

import (
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/web"
)

func ratio(t *testing.T, a, b string) float64 {
	t.Helper()
	got, err := web.Contrast(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestContrast(t *testing.T) {
	t.Parallel()
	// Reference values of WCAG 2.2's own formula.
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#fff", "#ffffff", 1}, {"#777777", "#ffffff", 4.478}, {"#767676", "#ffffff", 4.542}} {
		if got := ratio(t, c.a, c.b); got < c.want-0.001 || got > c.want+0.001 {
			t.Errorf("Contrast(%s, %s) = %.4f, want %.3f", c.a, c.b, got, c.want)
		}
	}
	if _, err := web.Contrast("red", "#fff"); err == nil {
		t.Error("a colour by name is accepted")
	}
}

// TestTheme: whatever colour an authority chooses, text stays readable on every ground of the style sheet.
func TestTheme(t *testing.T) {
	t.Parallel()
	light, dark := tokens(t)
	colors := []string{"#000000", "#ffffff", "#ffd500", "#00ff00", "#0000ff", "#ff0000", "#808080", "#e30613", "#abc", web.DefaultColor}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		colors = append(colors, "#"+hex6(random.Uint32()&0xffffff))
	}
	for _, color := range colors {
		theme, err := web.NewTheme(color)
		if err != nil {
			t.Fatal(err)
		}
		pairs := [][2]string{
			{theme.Brand, theme.OnBrand},
			{theme.Accent, theme.OnAccent},
			{theme.Accent2, theme.OnAccent2},
			{theme.Accent, theme.Wash},
			{theme.Accent2, theme.Deep},
			{light["ink"], theme.Wash},
			{dark["ink"], theme.Deep},
		}
		for _, ground := range []string{"paper", "surface", "sunken"} {
			pairs = append(pairs, [2]string{theme.Accent, light[ground]}, [2]string{theme.Accent2, dark[ground]})
		}
		for _, p := range pairs {
			if got := ratio(t, p[0], p[1]); got < 4.5 {
				t.Errorf("%s: %s on %s is %.2f", color, p[0], p[1], got)
			}
		}
	}
	for _, wrong := range []string{"", "blue", "#12345", "#12345g", "123456", "#12345678"} {
		if _, err := web.NewTheme(wrong); err == nil {
			t.Errorf("NewTheme(%q) is accepted", wrong)
		}
	}
}

func hex6(v uint32) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 6)
	for i := range out {
		out[5-i] = digits[v>>(4*i)&15]
	}
	return string(out)
}

// tokens reads the colours of the style sheet, by day and by night.
func tokens(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	css, err := os.ReadFile("assets/crieur.css")
	if err != nil {
		t.Fatal(err)
	}
	day, rest, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	night, _, _ := strings.Cut(rest, "/* ---- page")
	read := func(text string) map[string]string {
		found := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			found[m[1]] = m[2]
		}
		return found
	}
	return read(day), read(night)
}

// TestTokens: AA for every pair that the style sheet puts together.
func TestTokens(t *testing.T) {
	t.Parallel()
	light, dark := tokens(t)
	for name, set := range map[string]map[string]string{"light": light, "dark": dark} {
		check := func(a, b string, least float64) {
			if got := ratio(t, set[a], set[b]); got < least {
				t.Errorf("%s: %s on %s is %.2f, want %.1f", name, a, b, got, least)
			}
		}
		for _, ground := range []string{"paper", "surface", "sunken"} {
			check("ink", ground, 7)
			check("ink-soft", ground, 4.5)
			check("danger-ink", ground, 4.5)
			check("focus", ground, 3)
			check("line-strong", ground, 3)
		}
		for _, tone := range []string{"neutral", "info", "success", "warning", "danger", "alert", "service", "promotional"} {
			check(tone+"-ink", tone+"-ground", 4.5)
		}
		for _, series := range []string{"series-2", "series-3", "series-4"} {
			check(series, "surface", 3)
		}
	}
}

func TestIcons(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	theme, err := web.NewTheme("#e30613")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range web.IconSizes() {
		answer := get(t, h, theme.IconPath(size))
		img, err := png.Decode(answer.Body)
		if err != nil || answer.Header().Get("Content-Type") != "image/png" {
			t.Fatalf("%d: %d %v", size, answer.Code, err)
		}
		if img.Bounds() != image.Rect(0, 0, size, size) {
			t.Errorf("%d: %v", size, img.Bounds())
		}
		seen := func(x, y float64) color.Color { return img.At(int(x*float64(size)/32), int(y*float64(size)/32)) }
		red, white := color.NRGBA{0xe3, 0x06, 0x13, 0xff}, color.NRGBA{0xff, 0xff, 0xff, 0xff}
		for name, tt := range map[string]struct {
			x, y float64
			want color.Color
		}{"a corner": {0.1, 0.1, red}, "inside the bell": {16, 16, red}, "its left side": {9, 19, white}, "its top": {16, 7.9, white}, "its clapper": {16, 26.4, white}} {
			r, g, b, a := seen(tt.x, tt.y).RGBA()
			wr, wg, wb, wa := tt.want.RGBA()
			if r != wr || g != wg || b != wb || a != wa {
				t.Errorf("%d: %s is %v", size, name, seen(tt.x, tt.y))
			}
		}
	}
	for _, wrong := range []string{"/assets/icon/e30613.9999.1.png", "/assets/icon/red.180.1.png", "/assets/icon/e30613.180.png", "/assets/icon/E30613.180.1.png", "/assets/icon/e30613.0180.1.png"} {
		if got := get(t, h, wrong).Code; got != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, got)
		}
	}
}

func TestThemePath(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	theme, err := web.NewTheme("#E30613")
	if err != nil {
		t.Fatal(err)
	}
	answer := get(t, h, theme.Path())
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "--brand:#e30613") ||
		!strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	for _, wrong := range []string{"/assets/theme/red.1.css", "/assets/theme/e30613.css", "/assets/theme/};body{x.1.css"} {
		if got := get(t, h, wrong).Code; got != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, got)
		}
	}
	if body := get(t, h, "/hello/x").Body.String(); !strings.Contains(body, "/assets/theme/1f3f8a.") {
		t.Error("a page without a colour has not the default one")
	}
}
