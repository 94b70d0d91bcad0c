package registry

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // an authority's time zone must not depend on the machine

	"github.com/crieur/crieur/events"
)

// AuthorityKind is what sort of collectivité an authority is.
type AuthorityKind string

// The kinds of authorities.
const (
	Municipality    AuthorityKind = "municipality"     // commune
	Intercommunity  AuthorityKind = "intercommunality" // EPCI: communauté de communes, d'agglomération, urbaine, métropole
	Department      AuthorityKind = "department"       // conseil départemental
	Region          AuthorityKind = "region"
	MixedSyndicate  AuthorityKind = "syndicate" // syndicat of water, waste, transport, digital
	StateService    AuthorityKind = "state"     // prefecture or another service of the State
	PublicOperator  AuthorityKind = "operator"  // régie, delegate, public establishment
	defaultTimeZone               = "Europe/Paris"
	defaultLanguage               = "fr"
)

// Authority is a collectivité that publishes. Its key is {ID}.
type Authority struct {
	ID         string        `json:"id"` // slug: one token of subjects and keys
	Name       string        `json:"name"`
	Kind       AuthorityKind `json:"kind"`
	INSEE      []string      `json:"insee,omitempty"`      // official geographic codes: communes "33063", départements "33", regions "75"
	SIREN      string        `json:"siren,omitempty"`      // nine digits, with their Luhn key
	Parent     string        `json:"parent,omitempty"`     // ID of the authority it belongs to
	TimeZone   string        `json:"timeZone"`             // IANA; default Europe/Paris
	Language   string        `json:"language"`             // BCP 47; default fr
	Languages  []string      `json:"languages,omitempty"`  // others it publishes in
	Theme      Theme         `json:"theme,omitzero"`       // of its public pages
	ContactURL string        `json:"contactUrl,omitempty"` // page where residents write to it
	Website    string        `json:"website,omitempty"`
	Population int           `json:"population,omitempty"` // inhabitants, INSEE's population municipale
	Legal      Legal         `json:"legal,omitzero"`       // what its pages have to say of it
	// RelayStateAlerts lets the alerts of State services be published on its
	// streams without the review of two officers, word for word.
	RelayStateAlerts bool `json:"relayStateAlerts,omitempty"`
}

// Legal is what the law wants a public site to say besides its publisher
// (LCEN, art. 1-1; GDPR, art. 13). It is shown as it is written.
type Legal struct {
	Director string `json:"director,omitempty"` // who answers for what is published
	Host     string `json:"host,omitempty"`     // name and address of the hosting company
	DPO      string `json:"dpo,omitempty"`      // mail address of the data protection officer
}

// Theme is how an authority's pages look.
type Theme struct {
	Logo   string `json:"logo,omitempty"`   // http or https address
	Colour string `json:"colour,omitempty"` // "#rrggbb"; text on it is black or white, whichever contrasts
}

// Key implements the repository's key: {ID}.
func (a Authority) Key() Key { return Key{a.ID} }

// SetDefaults fills the time zone and the language.
func (a *Authority) SetDefaults() {
	if a.TimeZone == "" {
		a.TimeZone = defaultTimeZone
	}
	if a.Language == "" {
		a.Language = defaultLanguage
	}
}

// Location returns the authority's time zone, Europe/Paris when it is wrong.
func (a Authority) Location() *time.Location {
	for _, name := range []string{a.TimeZone, defaultTimeZone} {
		if loc, err := time.LoadLocation(name); err == nil && name != "" {
			return loc
		}
	}
	return time.UTC
}

var (
	communeRe    = regexp.MustCompile(`^(\d{5}|2[AB]\d{3})$`)
	departmentRe = regexp.MustCompile(`^(\d{2}|2[AB]|97\d)$`)
	regionRe     = regexp.MustCompile(`^\d{2}$`)
	colourRe     = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// Validate names every wrong field.
func (a Authority) Validate() error {
	c := check{entity: "authority"}
	c.slug("id", a.ID)
	c.name("name", a.Name)
	kinds := []AuthorityKind{Municipality, Intercommunity, Department, Region, MixedSyndicate, StateService, PublicOperator}
	c.that(slices.Contains(kinds, a.Kind), "kind", "%q is not one of %v", a.Kind, kinds)
	for i, code := range a.INSEE {
		c.that(a.insee(code), index("insee", i), "%q is not an INSEE code of a %s", code, a.Kind)
	}
	c.unique("insee", a.INSEE)
	c.that(a.Kind != Municipality || len(a.INSEE) > 0, "insee", "required of a municipality")
	c.that(a.SIREN == "" || validSIREN(a.SIREN), "siren", "%q is not nine digits with a right key", a.SIREN)
	if a.Parent != "" {
		c.slug("parent", a.Parent)
		c.that(a.Parent != a.ID, "parent", "an authority cannot be its own parent")
	}
	c.timeZone("timeZone", a.TimeZone)
	c.language("language", a.Language)
	for i, l := range a.Languages {
		c.language(index("languages", i), l)
	}
	c.web("theme.logo", a.Theme.Logo)
	c.that(a.Theme.Colour == "" || colourRe.MatchString(a.Theme.Colour), "theme.colour", "%q is not #rrggbb", a.Theme.Colour)
	c.web("contactUrl", a.ContactURL)
	c.web("website", a.Website)
	c.that(a.Legal.DPO == "" || strings.Contains(a.Legal.DPO, "@"), "legal.dpo", "%q is not a mail address", a.Legal.DPO)
	c.that(a.Population >= 0, "population", "must be 0 or more")
	return c.err()
}

// ReaderLanguages are those in which a resident may ask to be told: the
// authority's own, its plain form, then the others it publishes in, English
// where it names none. BCP 47, no two the same. What is not written in the one
// asked for is sent in the authority's own.
func (a Authority) ReaderLanguages() []string {
	list := []string{cmp.Or(a.Language, defaultLanguage), events.PlainLanguage(a.Language)}
	others := a.Languages
	if len(others) == 0 {
		others = []string{"en"}
	}
	for _, l := range others {
		if !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list
}

func (a Authority) insee(code string) bool {
	switch a.Kind {
	case Municipality, Intercommunity:
		return communeRe.MatchString(code)
	case Department:
		return departmentRe.MatchString(code)
	case Region:
		return regionRe.MatchString(code)
	}
	return communeRe.MatchString(code) || departmentRe.MatchString(code)
}

// validSIREN checks the nine digits and their Luhn key (INSEE, répertoire
// Sirene).
func validSIREN(s string) bool {
	if len(s) != 9 {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 { // every second digit, from the right of nine
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
