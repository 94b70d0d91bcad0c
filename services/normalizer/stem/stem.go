package stem

import (
	"strings"
	"sync"

	"github.com/kljensen/snowball/french"
)

// maxCache bounds the words remembered: a few megabytes.
const maxCache = 50_000

// Stemmer remembers the stems it has given. It is safe for concurrent use.
type Stemmer struct {
	mu    sync.RWMutex
	cache map[string]string
}

// New returns a Stemmer.
func New() *Stemmer { return &Stemmer{cache: map[string]string{}} }

// Words appends the stems of the first max words of a folded text to dst, of
// all when max is negative.
func (s *Stemmer) Words(dst []string, folded string, max int) []string {
	var missing []int
	s.mu.RLock()
	for w := range strings.SplitSeq(folded, " ") {
		if max == 0 {
			break
		}
		if w == "" {
			continue
		}
		max--
		if st, ok := s.cache[w]; ok {
			w = st
		} else if stemmable(w) {
			missing = append(missing, len(dst))
		}
		dst = append(dst, w)
	}
	s.mu.RUnlock()
	if len(missing) == 0 {
		return dst
	}
	stems := make([]string, len(missing))
	for i, at := range missing {
		stems[i] = one(dst[at])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cache)+len(missing) > maxCache {
		clear(s.cache)
	}
	for i, at := range missing {
		s.cache[strings.Clone(dst[at])] = stems[i]
		dst[at] = stems[i]
	}
	return dst
}

// stemmable reports whether w is a word rather than a number, a particle or a
// run of letters.
func stemmable(w string) bool { return len(w) > 3 && len(w) <= 30 && (w[0] < '0' || w[0] > '9') }

// short is the length up to which Snowball conflates words that have nothing
// in common ("opéra" with "opération", "gale" with "galerie"): they lose only
// the endings of plural and feminine.
const short = 6

func one(w string) string {
	if len(w) > short {
		return french.Stem(w, false)
	}
	st := strings.TrimRight(w, "sx")
	if st = strings.TrimRight(st, "e"); len(st) < 3 {
		return w
	}
	return st
}
