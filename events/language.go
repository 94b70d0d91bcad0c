package events

import (
	"slices"
	"strings"
)

// simple is the subtag of plain language (IANA registry, variant simple).
const simple = "simple"

// PlainLanguage is the plain form of a BCP 47 language: "fr-simple" (FALC,
// French that is easy to read) of "fr" or "fr-FR".
func PlainLanguage(tag string) string { return PrimaryLanguage(tag) + "-" + simple }

// IsPlainLanguage tells whether a BCP 47 tag is of plain language.
func IsPlainLanguage(tag string) bool {
	return slices.Contains(strings.Split(strings.ToLower(tag), "-")[1:], simple)
}

// PrimaryLanguage is the language alone: "pt" of "pt-BR". Empty is French.
func PrimaryLanguage(tag string) string {
	p, _, _ := strings.Cut(tag, "-")
	if p == "" {
		return "fr"
	}
	return strings.ToLower(p)
}
