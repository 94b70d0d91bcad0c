package registry

import (
	"strings"
	"unicode/utf8"
)

// Abbreviations are how an authority shortens words where there is little room,
// in SMS and on signs. They amend the table that the publisher brings. Their key
// is {Authority}.
type Abbreviations struct {
	Authority string         `json:"authority"`
	Words     []Abbreviation `json:"words,omitempty"`
}

// Abbreviation shortens whole words, whatever their capitals and accents.
type Abbreviation struct {
	Full  string `json:"full"`
	Short string `json:"short"` // KeepWhole: the word is not shortened
	Rank  int    `json:"rank"`  // 1 is used before 2, before 3 that a reader stumbles on
}

// KeepWhole in the place of a short form takes a word out of the table.
const KeepWhole = "-"

// The limits of a table.
const (
	MaxAbbreviations   = 200
	maxAbbreviation    = 60 // characters
	maxAbbreviatedRank = 3
)

// Key implements the repository's key: {Authority}.
func (a Abbreviations) Key() Key { return Key{a.Authority} }

// Validate names every wrong field. What contradicts the publisher's table is
// the publisher's to find.
func (a Abbreviations) Validate() error {
	c := check{entity: "abbreviations"}
	c.slug("authority", a.Authority)
	c.that(len(a.Words) <= MaxAbbreviations, "words", "%d at most", MaxAbbreviations)
	for i, w := range a.Words {
		full := utf8.RuneCountInString(w.Full)
		c.that(full > 0 && full <= maxAbbreviation && w.Full == strings.TrimSpace(w.Full), index("words", i)+".full", "must be 1 to %d characters", maxAbbreviation)
		c.that(w.Short != "" && w.Short == strings.TrimSpace(w.Short) && utf8.RuneCountInString(w.Short) < full, index("words", i)+".short", "must be shorter than the word")
		c.that(w.Rank >= 1 && w.Rank <= maxAbbreviatedRank, index("words", i)+".rank", "must be 1, 2 or 3")
	}
	return c.err()
}
