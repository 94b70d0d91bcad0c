package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// MediaBucket keeps the pictures that sources send, for a year.
	MediaBucket = "media"

	mediaPrefix = "/media/"
	mediaAge    = 366 * 24 * time.Hour
)

// mediaName is a picture's: the hash of what it holds, which no one guesses.
var mediaName = regexp.MustCompile(`^[0-9a-f]{64}\.jpg$`)

// media keeps pictures in an object store, by what they hold: sent twice, kept once.
type media struct {
	js   jetstream.JetStream
	base string // of the addresses given
}

var _ source.Media = media{}

// Keep implements source.Media, for JPEG.
func (m media) Keep(ctx context.Context, contentType string, body []byte) (string, error) {
	if contentType != "image/jpeg" {
		return "", fmt.Errorf("media: %s is not kept", contentType)
	}
	store, err := m.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket: MediaBucket, Description: "pictures sent by sources, without what cameras write into them",
		TTL: mediaAge,
	})
	if err != nil {
		return "", fmt.Errorf("media: %w", err)
	}
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:]) + ".jpg"
	if _, err := store.GetInfo(ctx, name); err == nil {
		return m.base + mediaPrefix + name, nil
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: name}, bytes.NewReader(body)); err != nil {
		return "", fmt.Errorf("media: %w", err)
	}
	return m.base + mediaPrefix + name, nil
}

// serveMedia answers with a picture.
func (s *Service) serveMedia(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !mediaName.MatchString(name) {
		http.NotFound(w, r)
		return
	}
	store, err := s.deps.JetStream.ObjectStore(r.Context(), MediaBucket)
	var body []byte
	if err == nil {
		body, err = store.GetBytes(r.Context(), name)
	}
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound), errors.Is(err, jetstream.ErrBucketNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		http.Error(w, "the picture cannot be read now", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+name[:16]+`"`)
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		h.Del("Content-Length")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body)
}
