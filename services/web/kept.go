package web

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	keptFor  = time.Second
	keptMost = 1024    // pages
	keptSize = 1 << 20 // bytes of a page
)

// kept are pages that are the same for everybody, as they were made within the
// last second: what a hundred thousand residents open at once, when a message
// with its address goes out, is made once a second and language.
type kept struct {
	now func() time.Time

	mu    sync.Mutex
	pages map[string]keptPage
}

type keptPage struct {
	header http.Header
	body   []byte
	tag    string
	until  time.Time
}

// Kept serves h's page from memory while it is fresh: at most a second old. It
// is for pages that depend on nothing of the visitor but the address and the
// language. What sets a cookie, fails, or is for one visitor alone passes
// through.
func (re *Renderer) Kept(h http.Handler) http.Handler {
	k := &kept{now: re.options.Now, pages: map[string]keptPage{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !forEverybody(r) {
			h.ServeHTTP(w, r)
			return
		}
		key := fmt.Sprintf("%s %t %s?%s", requestLanguage(r), isFragment(r), r.URL.Path, r.URL.RawQuery)
		page, ok := k.get(key)
		if !ok {
			made := &recorded{header: http.Header{}}
			h.ServeHTTP(made, r)
			page = keptPage{header: made.header, body: made.body.Bytes(), until: k.now().Add(keptFor)}
			if !made.keepable() {
				made.copyTo(w)
				return
			}
			sum := fnv.New64a()
			_, _ = sum.Write(page.body) // a hash never fails
			page.tag = fmt.Sprintf(`W/"%x"`, sum.Sum64())
			k.put(key, page)
		}
		page.serve(w, r)
	})
}

// forEverybody reports whether the answer depends on nothing of the visitor: no
// message waits for them, and no language is being chosen.
func forEverybody(r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Query().Has("lang") || len(r.URL.RawQuery) > 200 {
		return false
	}
	_, err := r.Cookie(flashCookie)
	return err != nil
}

func (k *kept) get(key string) (keptPage, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	page, ok := k.pages[key]
	return page, ok && k.now().Before(page.until)
}

func (k *kept) put(key string, page keptPage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.pages) >= keptMost {
		now := k.now()
		maps.DeleteFunc(k.pages, func(_ string, p keptPage) bool { return !now.Before(p.until) })
	}
	if len(k.pages) < keptMost {
		k.pages[key] = page
	}
}

func (p keptPage) serve(w http.ResponseWriter, r *http.Request) {
	addHeader(w.Header(), p.header)
	w.Header().Set("ETag", p.tag)
	if r.Header.Get("If-None-Match") == p.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(p.body) // the browser may be gone
}

// addHeader adds a page's own fields to those that stand already.
func addHeader(to, from http.Header) {
	for name, values := range from {
		if name == "Vary" {
			to[name] = append(to[name], values...)
			continue
		}
		to[name] = slices.Clone(values)
	}
}

// recorded is an answer in memory.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *recorded) Header() http.Header { return m.header }

func (m *recorded) WriteHeader(status int) {
	if m.status == 0 {
		m.status = status
	}
}

func (m *recorded) Write(b []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(b)
}

func (m *recorded) keepable() bool {
	return m.status == http.StatusOK && m.header.Get("Set-Cookie") == "" && m.body.Len() <= keptSize
}

func (m *recorded) copyTo(w http.ResponseWriter) {
	addHeader(w.Header(), m.header)
	if m.status != 0 {
		w.WriteHeader(m.status)
	}
	_, _ = w.Write(m.body.Bytes()) // the browser may be gone
}
