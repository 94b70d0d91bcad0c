package push

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	netmail "net/mail"
	"strings"
	"sync"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Kind is the channel kind.
const Kind = "push"

// What notifications show without being opened; with both, a message stays far
// below its 4,096 bytes.
const (
	maxTitle = 120 // graphemes
	maxText  = 300
)

// Config is a push channel's settings.
type Config struct {
	VAPIDKey     run.Secret `yaml:"vapid_key"` // 32 bytes in base64url
	VAPIDKeyFile string     `yaml:"vapid_key_file"`
	Contact      string     `yaml:"contact"`     // an e-mail address, or an https page
	Connections  int        `yaml:"connections"` // requests at once: 1 to 256, default 16
	Services     []string   `yaml:"services"`    // hosts, *.hosts, or scheme://host:port
}

// services are those of the browsers.
func services() []string {
	return []string{
		"fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com",
	}
}

// Channel sends notifications.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps

	mu  sync.Mutex
	key *vapid
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Runner    = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
)

// NewFactory returns the kind: its channels, and where browsers read their key.
func NewFactory() channel.Factory {
	var mu sync.Mutex
	made := map[string]*Channel{}
	return channel.Factory{
		New: func(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
			c, err := New(spec, deps)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			defer mu.Unlock()
			made[spec.Authority+"/"+spec.ID] = c
			return c, nil
		},
		Routes: func(channel.Deps) map[string]http.Handler {
			return map[string]http.Handler{"GET /push/{authority}/{channel}/key": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				c := made[r.PathValue("authority")+"/"+r.PathValue("channel")]
				mu.Unlock()
				if c == nil {
					http.NotFound(w, r)
					return
				}
				c.serveKey(w)
			})}
		},
	}
}

// serveKey answers {"key":…}, the applicationServerKey of subscribe().
func (c *Channel) serveKey(w http.ResponseWriter) {
	k, err := c.vapid()
	if err != nil {
		c.deps.Logger.Error("push: key", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
		http.Error(w, "push: no key", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_ = json.NewEncoder(w).Encode(map[string]string{"key": k.public}) // the browser may be gone
}

// New validates the settings of one channel. It makes no file: Run does.
func New(spec channel.Spec, deps channel.Deps) (*Channel, error) {
	cfg := Config{Connections: 16}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	_, notMail := netmail.ParseAddress(cfg.Contact)
	switch {
	case cfg.VAPIDKey.IsZero() == (cfg.VAPIDKeyFile == ""):
		return nil, spec.Invalid("vapid_key_file: one of vapid_key and vapid_key_file is required")
	case notMail != nil && !strings.HasPrefix(cfg.Contact, "https://"):
		return nil, spec.Invalid("contact: must be an e-mail address or an https page")
	case cfg.Connections < 1 || cfg.Connections > 256:
		return nil, spec.Invalid("connections: %d is not between 1 and 256", cfg.Connections)
	}
	c := &Channel{spec: spec, cfg: cfg, deps: deps}
	c.cfg.Services = append(services(), cfg.Services...)
	if cfg.VAPIDKeyFile == "" {
		text, err := run.LoadSecret("vapid_key", cfg.VAPIDKey, "")
		if err != nil {
			return nil, spec.Invalid("%w", err)
		}
		k, err := readVAPID(text)
		if err != nil {
			return nil, spec.Invalid("vapid_key: %w", err)
		}
		c.key = &k
	}
	return c, nil
}

// vapid returns the key, read or made once.
func (c *Channel) vapid() (vapid, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key == nil {
		k, err := openVAPID(c.cfg.VAPIDKeyFile)
		if err != nil {
			return k, events.Permanentf(events.ReasonInvalidConfig, "push: %w", err)
		}
		c.key = &k
	}
	return *c.key, nil
}

// Run implements channel.Runner: it makes the key at the first start.
func (c *Channel) Run(ctx context.Context) error {
	if _, err := c.vapid(); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// Body is a rendition, and with Leave the message that a service worker shows.
type Body struct {
	Title    string `json:"title"`
	Text     string `json:"body"`
	URL      string `json:"url,omitempty"`
	Tag      string `json:"tag"` // the publication: a later notification replaces this one
	Language string `json:"lang,omitempty"`
	Urgent   bool   `json:"requireInteraction,omitempty"`
	Leave    string `json:"leave,omitempty"` // the subscriber's own address that ends it

	Variants map[string]Body `json:"variants,omitempty"` // by language; never sent whole
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	body, warnings := c.write(p, profile)
	var err error
	if body.Variants, err = channel.Each(p, profile, func(p events.Publication, profile channel.Profile) (Body, error) {
		variant, _ := c.write(p, profile)
		return variant, nil
	}); err != nil {
		return events.Rendition{}, err
	}
	r, err := channel.NewRendition(c.spec, body, body.Title+"\n\n"+body.Text)
	r.ContentLength, r.Warnings = uniseg.GraphemeClusterCount(body.Text), warnings
	return r, err
}

// write makes the notification in one language.
func (c *Channel) write(p events.Publication, profile channel.Profile) (body Body, warnings []string) {
	title, cut := shorten(channel.Headline(p), maxTitle)
	say := func(first, then string) (string, bool) {
		return shorten(lines(channel.Why(p), strings.Join(profile.Facts(p), " · "), first, then), maxText)
	}
	text, cutText := say(channel.Short(p), p.Content.Instruction)
	if cutText || p.Class == events.ClassAlert { // what to do is never cut for the rest
		text, cutText = say(p.Content.Instruction, channel.Short(p))
	}
	if own, ok := p.Text(c.spec.ID); ok {
		text, cutText = shorten(channel.Marked(p, own), maxText)
	}
	body = Body{Title: title, Text: text, URL: profile.Link, Tag: p.ID, Language: p.Content.Language, Urgent: p.Class == events.ClassAlert}
	if cut {
		warnings = append(warnings, "cut: title")
	}
	if cutText {
		warnings = append(warnings, "cut: text")
	}
	return body, warnings
}

// lines are what there is of parts, each on its own line.
func lines(parts ...string) string {
	var list []string
	for _, s := range parts {
		if s = strings.Join(strings.Fields(s), " "); s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, "\n")
}

// in is the notification for those who read a language.
func (b Body) in(language string) Body {
	if v, ok := channel.For(language, b.Language, b.Variants); ok {
		return v
	}
	b.Variants = nil
	return b
}

// shorten cuts at a word, to a number of graphemes.
func shorten(s string, most int) (short string, cut bool) {
	short = prose.Cut(s, "…", func(s string) bool { return uniseg.GraphemeClusterCount(s) <= most })
	return short, short != s
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	text := strings.ReplaceAll(html.EscapeString(body.Text), "\n", "<br>")
	shown := "<p><strong>" + html.EscapeString(body.Title) + "</strong></p><p>" + text + "</p>"
	return call.Preview{
		HTML:  shown + channel.PreviewEach(body.Variants, func(b Body) string { return b.Title + "\n\n" + b.Text }),
		Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, maxText)}, r.Warnings...),
	}, nil
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return 64
}
