package web

import (
	"fmt"
	"net/http"
	"strings"
)

// DefaultColor is the colour of an authority that has chosen none: the blue of enamelled street plates.
const DefaultColor = "#1f3f8a"

// minContrast is WCAG 2.2 success criterion 1.4.3 (AA) for text of any size.
const minContrast = 4.5

// Theme is what an authority's one colour becomes: a set of colours that stay readable, by day and by night.
// All fields are "#rrggbb".
type Theme struct {
	Brand, OnBrand           string // the colour as given, and the text on it
	Accent, OnAccent, Wash   string // links, main buttons and selected grounds on light paper
	Accent2, OnAccent2, Deep string // the same on dark paper
}

// The grounds accent text may lie on; TestTokens holds them equal to the style sheet's.
func lightGrounds() []string { return []string{"#ffffff", "#fffdf9", "#f6f3ec", "#ece7dc"} }
func darkGrounds() []string  { return []string{"#23272f", "#1c1f26", "#14161b", "#0e1014"} }

// NewTheme computes a theme from "#rgb" or "#rrggbb". Contrast is at least 4.5:1 (WCAG 1.4.3) between
// each colour and the text on it, and between the accent and every ground of the style sheet.
func NewTheme(color string) (Theme, error) {
	brand, err := parseColor(color)
	if err != nil {
		return Theme{}, err
	}
	t := Theme{Brand: brand.hex()}
	t.OnBrand = mostReadable(brand, "#ffffff", "#000000") // one of the two is always over 4.5

	base := brand.oklch()
	t.Wash = oklch{0.945, min(base.c, 0.035), base.h}.rgb().hex()
	t.Deep = oklch{0.30, min(base.c, 0.05), base.h}.rgb().hex()
	t.Accent = readableOn(base, -1, append(lightGrounds(), t.Wash)).hex()
	t.Accent2 = readableOn(base, +1, append(darkGrounds(), t.Deep)).hex()
	t.OnAccent = "#ffffff"
	t.OnAccent2 = "#14161b"
	return t, nil
}

// Path is where the theme's style sheet is served by [Theme.ServeHTTP]'s handler: the colour is the whole
// of its state, so the address never changes meaning and is cached for ever.
func (t Theme) Path() string {
	return assetsPrefix + "theme/" + strings.TrimPrefix(t.Brand, "#") + "." + themeVersion + ".css"
}

// themeVersion changes when the formula of NewTheme or the rules of CSS change.
const themeVersion = "1"

// CSS is the theme as a style sheet of custom properties.
func (t Theme) CSS() string {
	return fmt.Sprintf(`:root{--brand:%s;--on-brand:%s;--accent:%s;--on-accent:%s;--wash:%s}
@media (prefers-color-scheme:dark){:root{--accent:%s;--on-accent:%s;--wash:%s}}
@media print{:root{--accent:%s;--on-accent:%s;--wash:%s}}
`, t.Brand, t.OnBrand, t.Accent, t.OnAccent, t.Wash, t.Accent2, t.OnAccent2, t.Deep, t.Accent, t.OnAccent, t.Wash)
}

// serveTheme answers GET /assets/theme/<rrggbb>.<version>.css.
func serveTheme(w http.ResponseWriter, r *http.Request) {
	color, ok := strings.CutSuffix(r.PathValue("file"), "."+themeVersion+".css")
	theme, err := NewTheme("#" + color)
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", cacheForever)
	_, _ = w.Write([]byte(theme.CSS()))
}
