package panel

import (
	"regexp"
	"strings"
)

// Glue between words that stay on one line. A group longer than the line parts
// at its weak glue first.
const (
	weakGlue   = '\u00A0'
	strongGlue = '\u202F'
)

var (
	spaces     = regexp.MustCompile(`[\t\v\f \x{1680}\x{2000}-\x{200A}\x{205F}\x{3000}]+`)
	lineBreaks = regexp.MustCompile(`\s*(\r\n|\r|\n|\x{2028}|\x{2029}|\x{0085})\s*`)

	phone  = regexp.MustCompile(`\b(0[1-9])[ .](\d\d)[ .](\d\d)[ .](\d\d)[ .](\d\d)\b`)
	abroad = regexp.MustCompile(`\+33 ?(?:\(0\) ?)?([1-9])\b`)

	// Each first group and second group are joined by strong glue.
	strongRules = []*regexp.Regexp{
		regexp.MustCompile(`(«) +([^ \x{A0}\x{202F}])`),
		regexp.MustCompile(`([^ \x{A0}\x{202F}]) +(»)`),
		regexp.MustCompile(`([^ \x{A0}\x{202F}]) +([:;?!%€]+(?:[ \n\x{A0}\x{202F}]|$))`),
		regexp.MustCompile(`(\d) ([hH][ \x{A0}\x{202F}]\d\d\b)`),
		regexp.MustCompile(`(\d[ \x{A0}\x{202F}]?[hH]) (\d\d\b)`),
		regexp.MustCompile(`(\d) (\d{3}\b)`),
		regexp.MustCompile(`(?i)((?:^|[ \x{A0}\x{202F}(])n[°º]) (\d)`),
		regexp.MustCompile(`(?i)(\d) ((?:h|km|m|cm|mm|m²|m2|km²|ha|kg|g|t|l|min|mn|s|ans?|jours?|mois|euros?|€|%|°c?|kwh?|mw|km/h|places|bis|ter|er|ère|e|ème)(?:[ \n\x{A0}\x{202F}.,;:!?…)/–-]|$))`),
		regexp.MustCompile(`(\d[hH\x{202F}\d]*[hH\d]) ([–-][ \x{A0}]\d)`), // "9 h – 17 h"
		regexp.MustCompile(`([^ \n\x{A0}\x{202F}]) +([–—-](?:[ \n\x{A0}\x{202F}]|$))`),
	}
	weakRules = []*regexp.Regexp{
		regexp.MustCompile(`(\x{202F}[–-]) (\d)`),
		regexp.MustCompile(`(?i)(\b(?:\d{1,2}|1er)) ((?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|janv\.|févr\.|avr\.|juil\.|sept\.|oct\.|nov\.|déc\.)(?:[ \x{A0}\x{202F}.,;:!?)]|$))`),
		regexp.MustCompile(`((?:^|[ \x{A0}\x{202F}(])(?:M\.|MM\.|Mme|Mlle|Dr|Me|St|Ste)) ([A-ZÀ-Ý])`),
		regexp.MustCompile(`(?i)((?:^|[ \x{A0}\x{202F}('’])(?:r|av|bd|pl|imp|all|ch|sq|quart|rés|espl)\.) ([^ ])`),
	}
)

// glue joins what French typography keeps together, and reduces other spaces.
// The reader's own non-breaking spaces count as ordinary ones: they are put back
// where the rules want them. A telephone number is written as it is dialled in
// the country.
func glue(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == weakGlue || r == strongGlue {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimSpace(spaces.ReplaceAllString(lineBreaks.ReplaceAllString(text, "\n"), " "))
	text = abroad.ReplaceAllString(text, "0$1")
	text = phone.ReplaceAllString(text, join("$1", "$2", "$3", "$4", "$5"))
	for _, re := range strongRules {
		// Twice: neighbouring matches share a character ("1 000 000").
		for range 2 {
			text = re.ReplaceAllString(text, "${1}"+string(strongGlue)+"${2}")
		}
	}
	return weakly(text)
}

// weakly joins what parts first; after glue, it joins what has been shortened.
func weakly(text string) string {
	for _, re := range weakRules {
		text = re.ReplaceAllString(text, "${1}"+string(weakGlue)+"${2}")
	}
	return text
}

func join(groups ...string) string {
	for i, g := range groups {
		groups[i] = "${" + strings.TrimPrefix(g, "$") + "}"
	}
	return strings.Join(groups, string(weakGlue))
}

var address = regexp.MustCompile(`(?i)^(https?://|www\.)\S+$|^[\w.+-]+@[\w-]+(\.[\w-]+)+$|^[a-z0-9-]+(\.[a-z0-9-]+)*\.(fr|com|org|net|eu|info|bzh|paris)(/\S*)?$`)

// isAddress reports a web or mail address, which is never hyphenated.
func isAddress(word string) bool {
	return address.MatchString(strings.TrimRight(word, ".,;:!?)»"))
}
