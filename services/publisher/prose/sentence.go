package prose

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	sentenceEnd = regexp.MustCompile(`[.!?…]+(?:` + space + `?[»")])*` + space + `+`)
	shortened   = regexp.MustCompile(`(^|[\s\x{A0}\x{202F}('’])((?i:mm|mme|mlle|dr|me|st|ste|av|bd|pl|art|p|no|n°|tél|janv|févr|avr|juil|sept|oct|nov|déc|lun|mar|mer|jeu|ven|sam|dim|etc|env|ex)|[A-Z])\.$`)
)

// Shortened reports a text that ends with an abbreviation: its full stop may be
// no end of a sentence.
func Shortened(text string) bool { return shortened.MatchString(text) }

// SentenceEnds returns where the sentences of a text end, but for the last:
// after . ! ? … before a capital, a digit or a quotation mark.
func SentenceEnds(text string) []int {
	var ends []int
	for _, m := range sentenceEnd.FindAllStringIndex(text, -1) {
		end := len(strings.TrimRightFunc(text[:m[1]], unicode.IsSpace))
		if !Shortened(text[:end]) && startsSentence(text[m[1]:]) {
			ends = append(ends, end)
		}
	}
	return ends
}

// Sentences splits a text at SentenceEnds.
func Sentences(text string) []string {
	var out []string
	start := 0
	for _, end := range append(SentenceEnds(text), len(text)) {
		if s := strings.TrimSpace(text[start:end]); s != "" {
			out = append(out, s)
		}
		start = end
	}
	return out
}

func startsSentence(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r) || unicode.IsDigit(r) || r == '«' || r == '"' || r == '('
}

// Capital begins a text with one.
func Capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
