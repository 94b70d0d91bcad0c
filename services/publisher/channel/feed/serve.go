package feed

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/web"
)

// page is a document written in one format, until something changes. Its
// headers are values as http.Header holds them, shared by all answers.
type page struct {
	version  uint64
	until    time.Time // the next expiry or start
	modified time.Time
	topic    string // its own address, which is its WebSub topic
	mime     []string
	last     []string // Last-Modified
	link     []string // its hub and itself (WebSub, 4)
	plain    variant
	gzip     variant
}

// variant is a page in one content coding.
type variant struct {
	body   []byte
	etag   []string
	length []string
}

func newVariant(body []byte, sum, suffix string) variant {
	return variant{body: body, etag: []string{`"` + sum + suffix + `"`}, length: []string{strconv.Itoa(len(body))}}
}

// The headers that every feed has.
func always() map[string][]string {
	return map[string][]string{
		"Cache-Control": {"public, max-age=60"}, "Access-Control-Allow-Origin": {"*"},
		"X-Content-Type-Options": {"nosniff"}, "Vary": {"Accept-Encoding"},
	}
}

// maxPages bounds what is kept written: authorities × selections × formats.
const maxPages = 20_000

// server writes feeds. It is safe for concurrent use.
type server struct {
	deps    channel.Deps
	hubURL  string // empty: no hub
	headers map[string][]string
	coding  []string
	pages   sync.Map // *page by path
	count   atomic.Int64
}

func newServer(deps channel.Deps, hubURL string) *server {
	return &server{deps: deps, hubURL: hubURL, headers: always(), coding: []string{"gzip"}}
}

// Routes serves every feed of the installation, without a hub.
func Routes(deps channel.Deps) map[string]http.Handler {
	return map[string]http.Handler{"GET /feeds/{path...}": newServer(deps, "")}
}

const noFeed = "no such feed: /feeds/<authority>.rss, .atom, .json, .ics or .cap, and the same after " +
	"<authority>/<stream>, <authority>/topic/<topic> and <authority>/area/<INSEE code or sector>; in another of the " +
	"authority's languages with .<language> before the format, as <authority>.en.rss"

// ServeHTTP answers with a feed, or 304 when the reader has it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if to, ok := s.list(r.PathValue("path")); ok {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	p, err := s.page(r.PathValue("path"))
	if err != nil {
		s.deps.Logger.Error("feed: write", "err", err)
		http.Error(w, "feed: internal error", http.StatusInternalServerError)
		return
	}
	if p == nil {
		http.Error(w, noFeed, http.StatusNotFound)
		return
	}
	v, h := &p.plain, w.Header()
	if len(p.gzip.body) > 0 && web.TakesGzip(r.Header.Get("Accept-Encoding")) {
		v = &p.gzip
	}
	for name, value := range s.headers {
		h[name] = value
	}
	h["Etag"], h["Last-Modified"] = v.etag, p.last
	if p.link != nil {
		h["Link"] = p.link
	}
	if notModified(r, p) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if v == &p.gzip {
		h["Content-Encoding"] = s.coding
	}
	h["Content-Type"], h["Content-Length"] = p.mime, v.length
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body) // the reader may be gone
	}
}

// list is the page for people that a path without a format leads to: the feeds
// of an authority, or all the authorities.
func (s *server) list(path string) (to string, ok bool) {
	if path == "" {
		return "/", true
	}
	_, ok = s.deps.Directory.Authority(path)
	return "/c/" + path + "/flux", ok
}

// notModified follows RFC 9110, 13.2.2: If-None-Match first.
func notModified(r *http.Request, p *page) bool {
	if tags := r.Header.Get("If-None-Match"); tags != "" {
		for tag := range strings.SplitSeq(tags, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == p.plain.etag[0] || p.gzip.etag != nil && tag == p.gzip.etag[0] {
				return true
			}
		}
		return false
	}
	asked := r.Header.Get("If-Modified-Since")
	if asked == "" {
		return false
	}
	since, err := http.ParseTime(asked)
	return err == nil && !p.modified.After(since)
}

// page returns the written feed at a path under /feeds/; nil when there is
// none.
func (s *server) page(path string) (*page, error) {
	authority, _, _ := strings.Cut(path, "/")
	authority, _, _ = strings.Cut(authority, ".")
	version, now := s.deps.Shelf.Version(Kind, authority), s.deps.Now()
	if found, ok := s.pages.Load(path); ok {
		if p, _ := found.(*page); p.version == version && now.Before(p.until) {
			return p, nil
		}
	}
	w, err := s.write(path, now)
	if err != nil || w == nil {
		return nil, err
	}
	p, err := s.newPage(path, version, w)
	if err != nil {
		return nil, err
	}
	s.keep(path, p, w.entries)
	return p, nil
}

// keep remembers a page. An empty one of a part that anybody may make up is
// quickly written again.
func (s *server) keep(path string, p *page, entries int) {
	if entries == 0 && strings.Count(path, "/") > 1 {
		s.pages.Delete(path)
		return
	}
	if _, replaced := s.pages.Swap(path, p); !replaced && s.count.Add(1) > maxPages {
		s.pages.Clear()
		s.count.Store(0)
	}
}

// written is a feed's content.
type written struct {
	mime     string
	body     []byte
	modified time.Time
	until    time.Time
	entries  int
	self     string
}

// write makes the feed at a path; nil when there is none.
func (s *server) write(path string, now time.Time) (*written, error) {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return nil, nil
	}
	sel, ok := parse(path[:dot])
	format := path[dot+1:]
	if !ok {
		return nil, nil
	}
	self := s.deps.PublicURL + "/feeds/" + path
	if sel.message != "" {
		return s.message(sel, format, self, now)
	}
	var doc document
	var write func(document) (string, []byte, error)
	switch format {
	case "rss":
		write = writeRSS
	case "atom":
		write = writeAtom
	case "json":
		write = writeJSON
	case "ics":
		write = writeCalendar
	case "cap":
		write = writeAlerts
	default:
		return nil, nil
	}
	if format == "cap" {
		doc, ok = s.alerts(sel, now)
	} else {
		doc, ok = s.document(sel, now)
	}
	if !ok {
		return nil, nil
	}
	doc.Self = self
	doc.path = s.deps.PublicURL + "/feeds/" + strings.TrimSuffix(path[:dot], "."+sel.language)
	mime, body, err := write(doc)
	if err != nil {
		return nil, err
	}
	return &written{mime, body, doc.Updated, doc.Until, len(doc.Entries), self}, nil
}

// message writes /feeds/<authority>/cap/<publication>.<revision>.xml.
func (s *server) message(sel selection, format, self string, now time.Time) (*written, error) {
	publication, rev, ok := strings.Cut(sel.message, ".")
	revision, err := strconv.Atoi(rev)
	if !ok || format != "xml" || err != nil || revision < 1 || revision > maxRevisions {
		return nil, nil
	}
	list := s.capMessages(sel.authority, publication, revision)
	if len(list) == 0 {
		return nil, nil
	}
	last := list[len(list)-1]
	d := last.delivery
	if d.Revision != revision || now.Before(d.NotBefore) || !now.Before(d.Expires) || !s.public(d) {
		return nil, nil
	}
	body, err := writeCAP(s.deps.PublicURL+"/c/"+sel.authority, last.entry, d, list[:len(list)-1])
	if err != nil {
		return nil, err
	}
	return &written{"application/cap+xml; charset=utf-8", body, last.entry.Updated, d.Expires, 1, self}, nil
}

// maxRevisions of an alert are looked for.
const maxRevisions = 100

// minGzipBytes is where compression begins to save.
const minGzipBytes = 512

func (s *server) newPage(path string, version uint64, w *written) (*page, error) {
	sum := sha256.Sum256(w.body)
	tag := hex.EncodeToString(sum[:12])
	p := &page{
		version: version, until: w.until, modified: w.modified, topic: w.self, mime: []string{w.mime},
		last: []string{w.modified.UTC().Format(http.TimeFormat)}, plain: newVariant(w.body, tag, ""),
	}
	if s.hubURL != "" && !strings.HasSuffix(path, ".xml") {
		p.link = []string{"<" + s.hubURL + `>; rel="hub", <` + w.self + `>; rel="self"`}
	}
	if len(w.body) >= minGzipBytes {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, fmt.Errorf("feed: compress: %w", err)
		}
		_, err = z.Write(w.body)
		if err = errors.Join(err, z.Close()); err != nil {
			return nil, fmt.Errorf("feed: compress: %w", err)
		}
		p.gzip = newVariant(b.Bytes(), tag, "-gzip")
	}
	return p, nil
}
