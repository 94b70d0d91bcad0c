package stem

import (
	"strings"
	"sync"

	"github.com/kljensen/snowball/french"
)

// maxCache bounds the words one cache remembers: a few megabytes.
const maxCache = 30_000

// Stemmer remembers the stems it has given. It is safe for concurrent use.
type Stemmer struct{ caches sync.Pool }

// New returns a Stemmer.
func New() *Stemmer {
	return &Stemmer{caches: sync.Pool{New: func() any { return map[string]string{} }}}
}

// Words appends the stems of the first max words of a folded text to dst.
func (s *Stemmer) Words(dst []string, folded string, max int) []string {
	cache := s.caches.Get().(map[string]string)
	defer s.caches.Put(cache)
	for w := range strings.SplitSeq(folded, " ") {
		if max == 0 {
			break
		}
		if w == "" {
			continue
		}
		max--
		dst = append(dst, one(cache, w))
	}
	return dst
}

func one(cache map[string]string, w string) string {
	if len(w) <= 3 || len(w) > 30 || w[0] >= '0' && w[0] <= '9' {
		return w
	}
	if st, ok := cache[w]; ok {
		return st
	}
	st := french.Stem(w, false)
	if len(cache) >= maxCache {
		clear(cache)
	}
	cache[strings.Clone(w)] = st
	return st
}
