package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// document is what a feed of one authority or stream holds now.
type document struct {
	Title, Description, Language string
	Self, Home, Base             string
	ID                           string
	Updated                      time.Time
	Entries                      []Entry
}

// page is a document written in one format, until something changes.
type page struct {
	version  uint64
	until    time.Time // the next expiry or start
	body     []byte
	etag     string
	modified time.Time
	mime     string
}

// maxPages bounds the cache: authorities × streams × 3 formats in use.
const maxPages = 20_000

// server writes feeds. It is safe for concurrent use.
type server struct {
	deps  channel.Deps
	mu    sync.RWMutex
	pages map[string]*page
}

// Routes serves every feed of the installation.
func Routes(deps channel.Deps) map[string]http.Handler {
	s := &server{deps: deps, pages: map[string]*page{}}
	return map[string]http.Handler{"GET /feeds/{path...}": s}
}

// writer is how a feed is written, by the end of its address; nil when there
// is no such format.
func writer(format string) func(document) (mime string, body []byte, err error) {
	switch format {
	case "rss":
		return writeRSS
	case "atom":
		return writeAtom
	case "json":
		return writeJSON
	}
	return nil
}

// ServeHTTP answers with a feed, or 304 when the reader has it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	p, err := s.page(path)
	if err != nil {
		s.deps.Logger.Error("feed: write", "err", err)
		http.Error(w, "feed: internal error", http.StatusInternalServerError)
		return
	}
	if p == nil {
		http.Error(w, "no such feed: /feeds/<authority>.rss, .atom or .json, or /feeds/<authority>/<stream>.rss", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("ETag", p.etag)
	h.Set("Last-Modified", p.modified.Format(http.TimeFormat))
	h.Set("Cache-Control", "public, max-age=60")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	if notModified(r, p) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", p.mime)
	h.Set("Content-Length", strconv.Itoa(len(p.body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.body) // the reader may be gone
	}
}

// notModified follows RFC 9110, 13.2.2: If-None-Match first.
func notModified(r *http.Request, p *page) bool {
	if tags := r.Header.Get("If-None-Match"); tags != "" {
		for tag := range strings.SplitSeq(tags, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == p.etag || tag == "*" {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !p.modified.After(since)
}

// page returns the written feed at a path; nil when there is none.
func (s *server) page(path string) (*page, error) {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return nil, nil
	}
	write := writer(path[dot+1:])
	if write == nil {
		return nil, nil
	}
	authority, stream, _ := strings.Cut(path[:dot], "/")
	version, now := s.deps.Shelf.Version(Kind, authority), s.deps.Now()
	s.mu.RLock()
	p := s.pages[path]
	s.mu.RUnlock()
	if p != nil && p.version == version && now.Before(p.until) {
		return p, nil
	}
	doc, until, ok := s.document(authority, stream, now)
	if !ok {
		return nil, nil
	}
	doc.Self = s.deps.PublicURL + "/feeds/" + path
	mime, body, err := write(doc)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	p = &page{
		version: version, until: until, body: body, mime: mime,
		etag: `"` + hex.EncodeToString(sum[:12]) + `"`, modified: doc.Updated,
	}
	s.mu.Lock()
	if len(s.pages) >= maxPages {
		clear(s.pages)
	}
	s.pages[path] = p
	s.mu.Unlock()
	return p, nil
}

// epoch dates a feed that never had an entry.
func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// document gathers the entries of an authority, or of one of its streams, and
// tells until when they are right.
func (s *server) document(authority, stream string, now time.Time) (document, time.Time, bool) {
	a, ok := s.deps.Directory.Authority(authority)
	if !ok {
		return document{}, time.Time{}, false
	}
	base := s.deps.PublicURL
	doc := document{
		Title: a.Name, Description: a.Name + " : les informations", Language: a.Language, Base: base,
		Home: base + "/c/" + authority, ID: "tag:" + tagHost(base) + ",2026:feed/" + authority, Updated: epoch(),
	}
	if stream != "" {
		st, ok := s.deps.Directory.Stream(authority, stream)
		if !ok || !st.Public {
			return document{}, time.Time{}, false
		}
		doc.Title = a.Name + " – " + st.Name
		doc.ID += "/" + stream
		if st.Description != "" {
			doc.Description = oneLine(st.Description)
		}
	}
	until := now.Add(24 * time.Hour)
	for _, d := range s.deps.Shelf.Items(Kind, authority, endpoint) {
		switch {
		case stream != "" && d.Stream != stream, stream == "" && !s.public(d):
			continue
		case now.Before(d.NotBefore):
			until = earlier(until, d.NotBefore)
			continue
		case !now.Before(d.Expires):
			doc.Updated = later(doc.Updated, d.Expires.Truncate(time.Second))
			continue
		}
		entry, err := channel.BodyOf[Entry](d.Rendition)
		if err != nil {
			s.deps.Logger.Error("feed: entry", "delivery", d.ID, "err", err)
			continue
		}
		until = earlier(until, d.Expires)
		doc.Updated = later(doc.Updated, entry.Updated)
		doc.Entries = append(doc.Entries, entry)
	}
	slices.SortFunc(doc.Entries, func(x, y Entry) int {
		return cmp.Or(y.Updated.Compare(x.Updated), strings.Compare(x.ID, y.ID))
	})
	doc.Entries = doc.Entries[:min(len(doc.Entries), maxEntries)]
	return doc, until, true
}

// maxEntries in one document, newest first.
const maxEntries = 50

// public tells whether d's stream has a feed that anyone reads; one that was
// deleted since keeps what it said until it expires.
func (s *server) public(d events.Delivery) bool {
	st, ok := s.deps.Directory.Stream(d.Authority, d.Stream)
	return !ok || st.Public
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a
}
