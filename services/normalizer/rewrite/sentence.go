package rewrite

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// abbreviations end with a full stop that ends no sentence.
func abbreviation(word string) bool {
	switch strings.ToLower(word) {
	case "m", "mm", "mr", "mme", "mlle", "dr", "pr", "me", "st", "ste", "av", "bd", "bld", "pl", "rte", "ch",
		"art", "al", "cf", "ex", "p", "pp", "n", "no", "nos", "tel", "tél", "fax", "env", "min", "max",
		"janv", "févr", "fevr", "avr", "juil", "sept", "oct", "nov", "déc", "dec", "vol", "éd", "réf", "ref",
		"mgr", "vs", "approx", "hab", "kg", "km":
		return true
	}
	return utf8.RuneCountInString(word) == 1 && word != "à" && word != "y" && !unicode.IsDigit([]rune(word)[0])
}

// Sentence returns the first sentence of a plain text.
func Sentence(s string) string { return s[:sentenceEnd(s)] }

// sentenceEnd returns the index after the first sentence of s, len(s) when it
// has but one. A blank line ends a sentence too.
func sentenceEnd(s string) int {
	for i, r := range s {
		switch r {
		case '\n':
			if strings.HasPrefix(s[i+1:], "\n") {
				return i
			}
		case '.', '!', '?', '…':
			end := i + utf8.RuneLen(r)
			rest := s[end:]
			next, n := utf8.DecodeRuneInString(rest)
			for next == '.' || next == '!' || next == '?' || next == '»' || next == '"' || next == ')' || next == '”' ||
				(next == '\u00a0' || next == '\u202f') && strings.HasPrefix(rest[n:], "»") {
				end += n
				rest = s[end:]
				next, n = utf8.DecodeRuneInString(rest)
			}
			if rest == "" {
				return len(s)
			}
			if !unicode.IsSpace(next) {
				continue
			}
			after, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(rest, unicode.IsSpace))
			if unicode.IsLower(after) || r == '.' && abbreviation(lastWord(s[:i])) {
				continue
			}
			return end
		}
	}
	return len(s)
}

func lastWord(s string) string {
	i := strings.LastIndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if i < 0 {
		return s
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return s[i+n:]
}

// lastSentence returns the index after the last whole sentence of s, 0 when it
// has none.
func lastSentence(s string) int {
	from := max(0, len(s)-4000)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	last := 0
	for at := from; at < len(s); {
		end := sentenceEnd(s[at:])
		if at+end >= len(s) {
			if r, _ := utf8.DecodeLastRuneInString(s); r == '.' || r == '!' || r == '?' {
				last = len(s)
			}
			break
		}
		last = at + end
		at = last + len(s[last:]) - len(strings.TrimLeftFunc(s[last:], unicode.IsSpace))
	}
	return last
}

// Summary returns the whole sentences of a plain text that fit in MaxSummary
// runes, on one line: those of its first paragraph, then of the next ones that
// are sentences, lists left out. A first sentence that does not fit is cut
// after a word, with an ellipsis.
func Summary(text string) string {
	var b strings.Builder
	runes, open := 0, false
	for par := range strings.SplitSeq(opening(text), "\n\n") {
		if runes > 0 && strings.HasPrefix(par, "- ") {
			continue
		}
		par = withoutList(par)
		if par == "" || runes > 0 && !ended(par) {
			continue
		}
		for par != "" && runes <= MaxSummary*2/3 {
			end := sentenceEnd(par)
			s := oneLine(punctuated(par[:end]))
			n := utf8.RuneCountInString(s)
			if runes > 0 && runes+1+n > MaxSummary {
				return b.String()
			}
			if n > MaxSummary {
				return ellipsis(s, MaxSummary)
			}
			if runes > 0 && n > 0 {
				if open {
					b.WriteByte('.')
					runes++
				}
				b.WriteByte(' ')
				runes++
			}
			open = unfinished(s)
			b.WriteString(s)
			runes += n
			par = strings.TrimLeftFunc(par[end:], unicode.IsSpace)
		}
	}
	return b.String()
}

// punctuated ends the lines of a paragraph that are followed by one that
// begins anew.
func punctuated(par string) string {
	if !strings.Contains(par, "\n") {
		return par
	}
	lines := strings.Split(par, "\n")
	for i, l := range lines[:len(lines)-1] {
		l = strings.TrimSpace(l)
		next, _ := utf8.DecodeRuneInString(strings.TrimSpace(lines[i+1]))
		if l != "" && unfinished(l) && (unicode.IsUpper(next) || unicode.IsDigit(next)) {
			lines[i] = l + "."
		}
	}
	return strings.Join(lines, "\n")
}

// unfinished reports whether a text ends in the middle of a sentence, as a
// heading does.
func unfinished(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == ')'
}

// opening is as much of a text as a summary may come from.
func opening(text string) string {
	h, _ := head(text, 8000)
	return h
}

// withoutList drops the lines of a paragraph that are items; when all are, it
// is their line.
func withoutList(par string) string {
	par = strings.TrimSpace(par)
	if items, ok := strings.CutPrefix(par, "- "); ok {
		return strings.ReplaceAll(items, "\n- ", " ; ")
	}
	if !strings.Contains(par, "\n- ") {
		return par
	}
	var kept []string
	for line := range strings.SplitSeq(par, "\n") {
		if !strings.HasPrefix(line, "- ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// ended reports whether a paragraph ends as a sentence does.
func ended(par string) bool {
	r, _ := utf8.DecodeLastRuneInString(par)
	return strings.ContainsRune(".!?…»)\"", r)
}

// ellipsis cuts s after a word so that it holds in max runes with its mark.
func ellipsis(s string, max int) string {
	n, cut := 0, len(s)
	for i := range s {
		if n == max-1 {
			cut = i
			break
		}
		n++
	}
	if cut == len(s) {
		return s
	}
	s = s[:cut]
	if sp := strings.LastIndexFunc(s, unicode.IsSpace); sp > len(s)/2 {
		s = s[:sp]
	}
	return strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }) + "…"
}
