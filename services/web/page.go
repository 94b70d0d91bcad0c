package web

import (
	"fmt"
	"net/http"
	"time"
)

// Surface is one of the faces of Crieur; it sets the density and the chrome of a page.
type Surface string

// The surfaces.
const (
	Portal  Surface = "portal"
	Console Surface = "console"
	Impact  Surface = "impact"
	Kiosk   Surface = "kiosk"
)

// Page is what a handler hands to Render. Every string is plain text: templates escape it.
type Page struct {
	Title       string      // of this page, without the site's name
	Lede        string      // one sentence under the title; also the description in search results
	Surface     Surface     // the renderer's own when empty
	Authority   Authority   // whose page this is
	Authorities []Link      // where one may switch to; no switcher when empty
	Nav         []Link      // Current marks the page's section
	Breadcrumb  []Link      // from the first level down to the parent; the page itself is added
	User        *User       // nil for a visitor
	Flash       []Flash     // besides the one left by Renderer.Flash
	Alternates  []Alternate // feeds and calendars of this page
	Manifest    string      // address of the web app's, where the page may be put on a home screen
	Form        *Form       // when its Errors are not empty, their summary opens the page and the title says so
	Wide        bool        // uses the whole width: queues, tables, side-by-side previews
	Bare        bool        // the template draws its own h1
	Data        any         // the page's own matter, .Data in its template
}

// Authority names the collectivité a page belongs to.
type Authority struct {
	ID      string
	Name    string // "Ville de Saint-Aubin"
	Kind    string // "Commune", "Intercommunalité", shown small; optional
	LogoURL string // same origin; the plate with the name is drawn when empty
	HomeURL string // "/" when empty
	Color   string // "#rrggbb"; DefaultColor when empty or malformed
	// LegalURL is what /accessibilite and /mentions follow in the addresses of
	// the pages that are about this authority, "/c/albi"; empty: the site's own.
	LegalURL string
}

// Theme is the authority's colours.
func (a Authority) Theme() Theme {
	theme, err := NewTheme(a.Color)
	if err != nil {
		theme, _ = NewTheme(DefaultColor)
	}
	return theme
}

// Link is an entry of a navigation, a breadcrumb, tabs or a switcher.
type Link struct {
	Label   string
	Href    string
	Icon    string // a name of Icons; optional
	Count   int    // shown beside the label when over zero
	Current bool
}

// User is who is signed in.
type User struct {
	Name    string
	Role    string // in words, "approbatrice"
	Account string // address of the account page; optional
	Links   []Link // further pages, of the menu of the account
	SignOut string // address that a POST signs out
}

// Alternate is another form of the page.
type Alternate struct{ Type, Title, Href string }

// Site is what the pages about the site itself say.
type Site struct {
	Name           string     // "Crieur"
	Publisher      string     // the collectivité answerable for the site
	Director       string     // directeur·rice de la publication (LCEN, art. 6 III)
	Host           string     // name and address of the hosting company
	Contact        string     // address of the page or mailto to write to
	Conformity     Conformity // to the RGAA
	AuditedAt      time.Time  // zero: not audited yet
	AuditRate      float64    // share of RGAA criteria respected, 0 to 1
	Exceptions     []string   // contents known not to be accessible
	StatementSince time.Time
}

// Conformity is one of the three states that the RGAA's statement may declare.
// https://accessibilite.numerique.gouv.fr/obligations/declaration-accessibilite/
type Conformity string

// The three states. None: no audit, or less than half of the criteria.
const (
	NotConformant       Conformity = "none"
	PartiallyConformant Conformity = "partial"
	FullyConformant     Conformity = "full"
)

// check holds the statement to the RGAA's rule: no conformity without an audit, partial from half of the criteria,
// full with all of them.
func (s Site) check() error {
	switch {
	case s.Conformity != PartiallyConformant && s.Conformity != FullyConformant:
		return nil
	case s.AuditedAt.IsZero(), s.AuditRate < 0.5, s.Conformity == FullyConformant && s.AuditRate < 1:
		return fmt.Errorf("web: site: conformity %q: want the audit's date and a rate of at least 0.5 (1 for full)", s.Conformity)
	}
	return nil
}

// view is what templates see: the page, and what only the renderer knows.
type view struct {
	Page
	Lang      string
	Languages []Link
	Path      string
	RequestID string
	Fragment  bool
	ThemePath string
	TouchIcon string
	Styles    []string
	Site      Site
}

func (re *Renderer) view(r *http.Request, page Page) view {
	lang := requestLanguage(r)
	page.Title = NoBreaks(page.Title)
	if page.Surface == "" {
		page.Surface = re.options.Surface
	}
	if page.Authority.Name == "" {
		page.Authority.Name = re.options.Site.Name
	}
	if page.Authority.HomeURL == "" {
		page.Authority.HomeURL = "/"
	}
	v := view{
		Page: page, Lang: lang, Path: r.URL.Path, RequestID: RequestID(r), Fragment: isFragment(r),
		ThemePath: page.Authority.Theme().Path(), TouchIcon: page.Authority.Theme().IconPath(180), Styles: re.styles, Site: re.options.Site,
	}
	for _, other := range Languages() {
		v.Languages = append(v.Languages, Link{Label: other, Href: languageLink(r, other), Current: other == lang})
	}
	return v
}
