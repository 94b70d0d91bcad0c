package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	assetsPrefix = "/assets/"
	cacheForever = "public, max-age=31536000, immutable"
)

//go:embed assets
var sharedAssets embed.FS

// Assets serves files under names that carry a hash of their content, so that they are cached for ever
// and a new release is seen at once. Safe for concurrent use.
type Assets struct {
	prefix string
	files  map[string]asset  // by plain name
	hashed map[string]string // hashed name to plain name
}

type asset struct {
	content     []byte
	contentType string
	hash        string
	path        string
}

// NewAssets reads every file of files, to be served under prefix ("/assets/curator/").
func NewAssets(prefix string, files fs.FS) (*Assets, error) {
	if !strings.HasPrefix(prefix, "/") || !strings.HasSuffix(prefix, "/") {
		return nil, fmt.Errorf("web: assets: prefix %q: want a path that begins and ends with /", prefix)
	}
	a := &Assets{prefix: prefix, files: map[string]asset{}, hashed: map[string]string{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		hash := hex.EncodeToString(sum[:5])
		ext := path.Ext(name)
		hashedName := strings.TrimSuffix(name, ext) + "." + hash + ext
		a.files[name] = asset{content, mediaType(ext), hash, prefix + hashedName}
		a.hashed[hashedName] = name
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	return a, nil
}

func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

// Path is the address of a file, with its hash.
func (a *Assets) Path(name string) (string, error) {
	file, ok := a.files[name]
	if !ok {
		return "", fmt.Errorf("web: asset %q: no such file", name)
	}
	return file.path, nil
}

// Mount registers the files on mux.
func (a *Assets) Mount(mux *http.ServeMux) { mux.Handle("GET "+a.prefix, a) }

// ServeHTTP answers a hashed name with a cache life of one year, a plain name with revalidation.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, a.prefix)
	cache := "no-cache"
	if plain, ok := a.hashed[name]; ok {
		name, cache = plain, cacheForever
	}
	file, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.contentType)
	header.Set("Cache-Control", cache)
	// Weak: the same tag stands for the compressed and the plain body (RFC 9110, 8.8.3.2).
	header.Set("ETag", `W/"`+file.hash+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
}
