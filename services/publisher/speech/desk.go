package speech

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is what the shelf calls texts that can be heard.
const Kind = "speech"

const (
	// atOnce commands run: they take a whole core each.
	atOnce = 2
	// maxCacheBytes of audio are kept in memory.
	maxCacheBytes = 64 << 20
)

// Desk offers texts to be heard and serves their audio. It is safe for
// concurrent use.
type Desk struct {
	cfg   Config
	deps  channel.Deps
	slots chan struct{}
	once  singleflight.Group

	mu    sync.Mutex
	cache map[string][]byte
	order []string // of use, the latest last
	bytes int
	kept  map[string]bool // what is on the shelf, by item: a mail's batches all keep the same
}

var _ channel.Voice = (*Desk)(nil)

// New checks the configuration. It does not run the command.
func New(cfg Config, deps channel.Deps) (*Desk, error) {
	if err := cfg.load(); err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	return &Desk{cfg: cfg, deps: deps, slots: make(chan struct{}, atOnce), cache: map[string][]byte{}, kept: map[string]bool{}}, nil
}

// Offer implements channel.Voice.
func (d *Desk) Offer(authority, language, text string) (channel.Heard, bool) {
	if !slices.Contains(d.cfg.Languages, events.PrimaryLanguage(language)) || strings.TrimSpace(text) == "" {
		return channel.Heard{}, false
	}
	kind, _, _ := strings.Cut(d.cfg.Type, ";")
	file := fileOf(language, text) + "." + extensions()[kind]
	return channel.Heard{URL: d.deps.Short() + "/audio/" + authority + "/" + file, Type: d.cfg.Type, Language: language, Text: text}, true
}

// fileOf names a text in a language.
func fileOf(language, text string) string { return events.NewID("speech", language, text) }

// Keep implements channel.Voice.
func (d *Desk) Keep(ctx context.Context, of events.Delivery, heard []channel.Heard) error {
	for _, h := range heard {
		r, err := channel.NewRendition(channel.Spec{Kind: Kind, ID: of.Channel}, h, "")
		if err != nil {
			return err
		}
		item := of
		item.Kind, item.Endpoint, item.Rendition = Kind, fileOf(h.Language, h.Text), r
		item.Subscribers = nil
		key := item.Authority + "/" + item.Endpoint + "/" + events.Publication{ID: item.Publication, Revision: item.Revision}.EventID()
		if d.isKept(key) {
			continue
		}
		if err := d.deps.Shelf.Put(ctx, item); err != nil {
			return err
		}
		d.noteKept(key)
	}
	return nil
}

// maxKept bounds what is remembered of the shelf.
const maxKept = 10_000

func (d *Desk) isKept(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[key]
}

func (d *Desk) noteKept(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= maxKept {
		clear(d.kept)
	}
	d.kept[key] = true
}

// Routes are where audio is served.
func (d *Desk) Routes() map[string]http.Handler {
	return map[string]http.Handler{"GET /audio/{authority}/{file}": d}
}

// ServeHTTP answers with audio, in parts where a player asks for them.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authority, file := r.PathValue("authority"), r.PathValue("file")
	name, _, _ := strings.Cut(file, ".")
	h, ok := d.find(authority, name)
	if !ok || !strings.HasSuffix(h.URL, "/"+authority+"/"+file) {
		http.NotFound(w, r)
		return
	}
	audio, err := d.audio(r.Context(), name, h)
	if err != nil {
		d.deps.Logger.Error("speech: audio", "authority", authority, "err", err)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "speech: no audio for now", http.StatusServiceUnavailable)
		return
	}
	for key, value := range map[string]string{
		"Content-Type": h.Type, "Etag": `"` + name + `"`, "Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "*", "Content-Language": h.Language,
	} {
		w.Header().Set(key, value)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(audio))
}

// find returns what is heard under a name now.
func (d *Desk) find(authority, name string) (channel.Heard, bool) {
	now := d.deps.Now()
	for _, item := range d.deps.Shelf.Items(Kind, authority, name) {
		if now.Before(item.NotBefore) || !now.Before(item.Expires) {
			continue
		}
		if h, err := channel.BodyOf[channel.Heard](item.Rendition); err == nil {
			return h, true
		}
	}
	return channel.Heard{}, false
}

// audio returns a file, made once however many ask.
func (d *Desk) audio(ctx context.Context, name string, h channel.Heard) ([]byte, error) {
	if audio, ok := d.cached(name); ok {
		return audio, nil
	}
	// It is for all who ask, so that it goes on without the first.
	ctx = context.WithoutCancel(ctx)
	made, err, _ := d.once.Do(name, func() (any, error) {
		d.slots <- struct{}{}
		defer func() { <-d.slots }()
		audio, err := d.cfg.say(ctx, h.Language, h.Text)
		if err == nil {
			d.keep(name, audio)
		}
		return audio, err
	})
	audio, _ := made.([]byte)
	return audio, err
}

func (d *Desk) cached(name string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	audio, ok := d.cache[name]
	if ok {
		d.order = append(slices.DeleteFunc(d.order, func(n string) bool { return n == name }), name)
	}
	return audio, ok
}

// keep remembers a file, and forgets those not asked for the longest.
func (d *Desk) keep(name string, audio []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cache[name] = audio
	d.order = append(d.order, name)
	for d.bytes += len(audio); d.bytes > maxCacheBytes && len(d.order) > 1; d.order = d.order[1:] {
		d.bytes -= len(d.cache[d.order[0]])
		delete(d.cache, d.order[0])
	}
}
