package gsm

import (
	"github.com/crieur/crieur/services/publisher/translit"
)

// Cost is what sending a text as it is takes.
type Cost struct {
	Encoding  Encoding `json:"encoding"`
	Units     int      `json:"units"`     // septets or UCS-2 units
	Segments  int      `json:"segments"`  // parts billed; empty text is one
	Remaining int      `json:"remaining"` // units left in the last part
	Accents   []Accent `json:"accents,omitempty"`
}

// Accent is a character outside the alphabet that folding would replace.
type Accent struct {
	Char  string `json:"char"`
	Fold  string `json:"fold"`  // what Fold writes instead
	Count int    `json:"count"` // how many times it occurs
	// ExtraSegments are the parts paid to keep this character when all the
	// others are folded.
	ExtraSegments int `json:"extraSegments"`
}

// Count returns the cost of text as it is, with 8-bit references. Accents come
// in order of appearance; there are none when a character without a plain
// reading makes UCS-2 unavoidable, for then each is free.
func Count(text string) Cost {
	c := count(text)
	if c.Encoding == UCS2 {
		c.Accents = accents(text)
	}
	return c
}

func count(text string) Cost {
	e := EncodingOf(text)
	pieces := split(text, e, Reference8)
	single, concatenated := e.Capacity(Reference8)
	capacity := single
	if len(pieces) > 1 {
		capacity = concatenated
	}
	return Cost{
		Encoding:  e,
		Units:     e.Units(text),
		Segments:  len(pieces),
		Remaining: capacity - e.Units(pieces[len(pieces)-1]),
	}
}

func accents(text string) []Accent {
	var list []Accent
	at := map[rune]int{}
	for _, r := range text {
		if In(r) {
			continue
		}
		if i, seen := at[r]; seen {
			list[i].Count++
			continue
		}
		at[r] = len(list)
		list = append(list, Accent{Char: string(r), Count: 1})
	}
	folded := Fold(text, Policy{})
	if folded.Encoding == UCS2 {
		return nil
	}
	base := count(folded.Text).Segments
	letters := -1 // the same for all but emoji: one keeps them all, in UCS-2
	for i, a := range list {
		r := []rune(a.Char)[0]
		list[i].Fold, _ = translit.Approximate(r)
		extra := letters
		if extra < 0 || translit.IsEmoji(r) {
			extra = count(Fold(text, Policy{Keep: a.Char}).Text).Segments - base
		}
		if !translit.IsEmoji(r) {
			letters = extra
		}
		list[i].ExtraSegments = extra
	}
	return list
}
