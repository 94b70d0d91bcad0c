package ntcip

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Kind is the channel kind.
const Kind = "ntcip"

// Config is a channel's settings.
type Config struct {
	Timeout time.Duration    `yaml:"timeout"` // of one packet and its repetitions; default 5s
	Signs   map[string]*Sign `yaml:"signs"`   // by ID, a slug
}

// Sign is one sign.
type Sign struct {
	Address       string        `yaml:"address"`   // host:port, UDP
	Community     run.Secret    `yaml:"community"` // that may write
	CommunityFile string        `yaml:"community_file"`
	Message       int           `yaml:"message"`  // changeable message that is ours; default 1
	Priority      int           `yaml:"priority"` // 1 to 255; default 128
	Profile       panel.Profile `yaml:"profile"`
}

// Channel renders for its signs and keeps them.
type Channel struct {
	spec  channel.Spec
	cfg   Config
	deps  channel.Deps
	state map[string]*state // of each sign
}

// state is what a sign was given. Its lock lets one exchange through at once.
type state struct {
	mu     sync.Mutex
	shown  string // text and end; unknownText after a failure
	active []byte // MessageIDCode of it

	health registry.SignHealth
	proven map[string]bool // deliveries whose display was told
}

// unknownText is no text of a sign: it is to be written again.
const unknownText = "\x00"

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Idempotent = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
	_ channel.Runner     = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Timeout: 5 * time.Second}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	if cfg.Timeout < 100*time.Millisecond {
		return nil, spec.Invalid("timeout: at least 100ms")
	}
	if len(cfg.Signs) == 0 {
		return nil, spec.Invalid("signs: at least one")
	}
	c := &Channel{spec: spec, cfg: cfg, deps: deps, state: map[string]*state{}}
	for id, s := range cfg.Signs {
		if err := s.load(id); err != nil {
			return nil, spec.Invalid("signs.%s: %w", id, err)
		}
		c.state[id] = &state{}
	}
	return c, nil
}

func (s *Sign) load(id string) error {
	if s == nil {
		return fmt.Errorf("address: required")
	}
	if s.Message == 0 {
		s.Message = 1
	}
	if s.Priority == 0 {
		s.Priority = 128
	}
	_, _, err := net.SplitHostPort(s.Address)
	switch {
	case !events.IsSlug(id):
		return fmt.Errorf("%q is not a slug", id)
	case err != nil:
		return fmt.Errorf("address: %q is not host:port", s.Address)
	case s.Message < 1 || s.Message > 65535:
		return fmt.Errorf("message: 1 to 65535")
	case s.Priority < 1 || s.Priority > 255:
		return fmt.Errorf("priority: 1 to 255")
	}
	if s.Profile.Charset == "" {
		s.Profile.Charset = panel.ASCII
	}
	if err := s.Profile.Validate(); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if s.Community, err = run.LoadSecret("community", s.Community, s.CommunityFile); err != nil {
		return err
	}
	if s.Community.IsZero() {
		return fmt.Errorf("community: required")
	}
	return nil
}

// Body is a rendition.
type Body struct {
	Multi   string        `json:"multi"`
	Profile panel.Profile `json:"profile"`
	Pages   []panel.Page  `json:"pages"`
}

// Render implements channel.Channel. Without a shape it is for the first sign.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	shape := c.cfg.Signs[slices.Sorted(maps.Keys(c.cfg.Signs))[0]].Profile
	if len(profile.Shape) > 0 {
		shape = panel.Profile{}
		if err := json.Unmarshal(profile.Shape, &shape); err != nil {
			return events.Rendition{}, events.Permanentf(events.ReasonInvalidConfig, "ntcip %s: profile: %w", profile.Endpoint, err)
		}
	}
	laid, err := channel.OnPanel(p, profile, c.spec.ID, shape)
	if err != nil {
		return events.Rendition{}, events.Permanentf(events.ReasonInvalidContent, "ntcip %s: %w", profile.Endpoint, err)
	}
	if len(laid.Pages) == 0 {
		return events.Rendition{}, events.Permanentf(events.ReasonInvalidContent, "ntcip %s: nothing can be shown", profile.Endpoint)
	}
	shape.Abbreviations = nil // they have served
	multi, err := Multi(laid.Pages, shape)
	if err != nil {
		return events.Rendition{}, events.Permanentf(events.ReasonInvalidContent, "ntcip %s: %w", profile.Endpoint, err)
	}
	r, err := channel.NewRendition(c.spec, Body{Multi: multi, Profile: shape, Pages: laid.Pages}, plain(multi))
	r.Units, r.ContentLength = len(laid.Pages), len(latin1(multi))
	for _, w := range laid.Warnings {
		r.Warnings = append(r.Warnings, strings.TrimSuffix(string(w.Code)+": "+w.Detail, ": "))
	}
	return r, err
}

// Endpoints implements channel.Endpoint: every sign of the channel.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	var list []channel.Profile
	for _, id := range slices.Sorted(maps.Keys(c.cfg.Signs)) {
		shape, _ := json.Marshal(c.cfg.Signs[id].Profile) // plain data
		list = append(list, channel.Profile{Endpoint: id, Shape: shape})
	}
	return list
}

// IdempotentBecause implements channel.Idempotent.
func (c *Channel) IdempotentBecause() string {
	return "a publication has one place on a sign, and a message activated twice is shown once"
}

const previewScale = 5

// Preview implements channel.Previewer: each page as the lit panel looks.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	var out call.Preview
	for _, pg := range body.Pages {
		img, err := panel.Preview(pg, body.Profile, previewScale)
		if err != nil {
			return out, events.Permanentf(events.ReasonInvalidContent, "ntcip: %w", err)
		}
		uri, err := channel.PNGDataURI(img)
		if err != nil {
			return out, err
		}
		out.Images = append(out.Images, uri)
		out.Alts = append(out.Alts, strings.Join(strings.Fields(strings.Join(pg.Lines, " ")), " "))
	}
	out.Facts = append([]string{body.Multi}, r.Warnings...)
	return out, nil
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	if err := c.deps.Shelf.Put(ctx, post.Delivery); err != nil {
		return channel.Result{}, err
	}
	_, err := c.refresh(ctx, post.Delivery.Endpoint)
	return c.result(post), err
}

// Update implements channel.Updater.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.Deliver(ctx, post)
}

// Withdraw implements channel.Withdrawer.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	if err := c.deps.Shelf.Remove(ctx, post.Delivery); err != nil {
		return channel.Result{}, err
	}
	_, err := c.refresh(ctx, post.Delivery.Endpoint)
	return c.result(post), err
}

func (c *Channel) result(post channel.Post) channel.Result {
	return channel.Result{Remote: post.Delivery.Publication, At: c.deps.Now(), Units: post.Delivery.Rendition.Units, Delivered: true}
}
