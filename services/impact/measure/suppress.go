package measure

import "slices"

// Threshold is how many people a cell must be about to be shown.
const Threshold = 5

// Small reports whether a count of people must be hidden. Zero is shown: it is
// about nobody.
func Small(n uint64) bool { return n > 0 && n < Threshold }

// Suppress says which of the counts that add up to a shown total are hidden:
// the small ones, and where a single one is, the next smallest too, so that
// subtraction does not find it.
func Suppress(counts []uint64) []bool {
	hidden := make([]bool, len(counts))
	for i, c := range counts {
		hidden[i] = Small(c)
	}
	return withAnother(hidden, counts)
}

// withAnother hides the smallest of the other counts where a single one is
// hidden.
func withAnother(hidden []bool, counts []uint64) []bool {
	n := 0
	for _, h := range hidden {
		if h {
			n++
		}
	}
	if n != 1 {
		return hidden
	}
	next := -1
	for i, c := range counts {
		if !hidden[i] && c > 0 && (next < 0 || c < counts[next]) {
			next = i
		}
	}
	if next >= 0 {
		hidden[next] = true
	}
	return hidden
}

// anySmall reports whether one of the counts is small.
func anySmall(counts ...uint64) bool { return slices.ContainsFunc(counts, Small) }
