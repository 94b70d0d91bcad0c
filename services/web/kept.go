package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
	packed []byte // by gzip; shorter than body, or nil
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
			made, until := &recorded{header: http.Header{}}, k.now().Add(keptFor) // as old as what it is made of
			h.ServeHTTP(made, r)
			page = keptPage{header: made.header, body: made.body.Bytes(), until: until}
			if !made.keepable() {
				made.copyTo(w)
				return
			}
			page.seal()
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

// seal makes what every answer with the page shares.
func (p *keptPage) seal() {
	sum := fnv.New64a()
	_, _ = sum.Write(p.body) // a hash never fails
	p.tag = fmt.Sprintf(`W/"%x"`, sum.Sum64())
	p.header.Add("Vary", "Accept-Encoding")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(p.body)
	if errors.Join(err, z.Close()) == nil && b.Len() < len(p.body) {
		p.packed = b.Bytes()
	}
}

func (p *keptPage) serve(w http.ResponseWriter, r *http.Request) {
	header, body := w.Header(), p.body
	addHeader(header, p.header)
	header.Set("ETag", p.tag)
	if r.Header.Get("If-None-Match") == p.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if p.packed != nil && TakesGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body = p.packed
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the browser may be gone
}

// TakesGzip reads an Accept-Encoding header (RFC 9110, 12.5.3).
func TakesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") && name != "*" {
			continue
		}
		weight, weighs := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighs || err == nil && q > 0
	}
	return false
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
