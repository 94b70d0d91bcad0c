package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// Bucket is the object store's name.
	Bucket = "media"
	// Pattern is the route of [Store.ServeHTTP].
	Pattern = "GET " + prefix + "{name}"

	prefix = "/media/"
	age    = 366 * 24 * time.Hour
	// maxBytes is that of the largest mail or photo read.
	maxBytes = 10 << 20
)

// safe forbids all to what is shown: nothing runs, nothing is loaded.
const safe = "default-src 'none'; sandbox"

// stored is a file's name: the hash of what it holds.
var stored = regexp.MustCompile(`^[0-9a-f]{64}(\.[a-z]{3,4})$`)

// Store keeps files by what they hold. It is safe for concurrent use.
type Store struct {
	js   jetstream.JetStream
	base string
}

var (
	_ source.Media = (*Store)(nil)
	_ http.Handler = (*Store)(nil)
)

// New makes a store whose addresses begin with base, https://…, or with nothing.
func New(js jetstream.JetStream, base string) *Store {
	return &Store{js: js, base: strings.TrimSuffix(base, "/")}
}

// Keep implements source.Media.
func (s *Store) Keep(ctx context.Context, f source.File) (record.Media, error) {
	k, ok := kindOf(f.Name, f.Type)
	if !ok || len(f.Body) > maxBytes {
		return record.Media{}, fmt.Errorf("media: %w", source.ErrNotKept)
	}
	body := f.Body
	if k.ext == ".ics" {
		body = anonymous(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
	}
	if !k.holds(body) {
		return record.Media{}, fmt.Errorf("media: not a file of %s: %w", k.mediaType, source.ErrNotKept)
	}
	store, err := s.open(ctx)
	if err != nil {
		return record.Media{}, fmt.Errorf("media: %w", err)
	}
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:]) + k.ext
	kept := record.Media{URL: s.base + prefix + name, Type: k.mediaType, Alt: f.Name, Bytes: int64(len(body))}
	if _, err := store.GetInfo(ctx, name); err == nil {
		return kept, nil
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: name, Description: f.Name}, bytes.NewReader(body)); err != nil {
		return record.Media{}, fmt.Errorf("media: %w", err)
	}
	return kept, nil
}

// open makes the bucket the first time; one that is there is left as its operator
// set it.
func (s *Store) open(ctx context.Context) (jetstream.ObjectStore, error) {
	store, err := s.js.ObjectStore(ctx, Bucket)
	if !errors.Is(err, jetstream.ErrBucketNotFound) {
		return store, err
	}
	return s.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket: Bucket, Description: "files sent by sources, without what cameras write into them", TTL: age,
	})
}

// ServeHTTP answers with the file that the path value "name" names.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	parts := stored.FindStringSubmatch(name)
	if parts == nil {
		http.NotFound(w, r)
		return
	}
	k, ok := kindOf(name, "")
	if !ok || k.ext != parts[1] {
		http.NotFound(w, r)
		return
	}
	body, called, err := s.read(r.Context(), name)
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound), errors.Is(err, jetstream.ErrBucketNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", k.mediaType)
	if strings.HasPrefix(k.mediaType, "text/") {
		h.Set("Content-Type", k.mediaType+"; charset=utf-8")
	}
	if !k.shown {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(called, k.ext)}))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", safe)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+name[:16]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (s *Store) read(ctx context.Context, name string) (body []byte, called string, _ error) {
	store, err := s.js.ObjectStore(ctx, Bucket)
	if err != nil {
		return nil, "", err
	}
	info, err := store.GetInfo(ctx, name)
	if err != nil {
		return nil, "", err
	}
	body, err = store.GetBytes(ctx, name)
	return body, info.Description, err
}

// fileName is what a browser calls what it downloads: the sender's name with the
// ending of what it holds.
func fileName(called, ext string) string {
	called = strings.TrimSpace(strings.TrimSuffix(called, path.Ext(called)))
	called = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\"<>:|?*`, r) {
			return '_'
		}
		return r
	}, strings.TrimLeft(called, "."))
	if called == "" {
		called = "document"
	}
	return called + ext
}
