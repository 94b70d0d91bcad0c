package sign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Kind is the channel kind.
const Kind = "sign"

// Config is a sign channel's settings.
type Config struct {
	// Profiles are the authority's own, by name, besides the built-in ones.
	Profiles map[string]panel.Profile `yaml:"profiles"`
	MQTT     MQTT                     `yaml:"mqtt"`
}

// BuiltIn returns the profiles that every channel knows: text panels by rows
// and columns, pixel panels by width and height.
func BuiltIn() map[string]panel.Profile {
	return map[string]panel.Profile{
		"text-8x16": {Rows: 8, Columns: 16, Charset: panel.ASCII, Capitals: true},
		"text-4x20": {Rows: 4, Columns: 20},
		"led-64x32": {WidthPx: 64, HeightPx: 32},
		"led-128x64": {
			WidthPx: 128, HeightPx: 64, Font: "crieur-6x8",
		},
		"led-192x96":    {WidthPx: 192, HeightPx: 96},
		"screen-40x16":  {Rows: 16, Columns: 40, PageSeconds: 15, Colours: []string{"#ffffff"}},
		"road-128x32":   {WidthPx: 128, HeightPx: 32, RoadMode: panel.RoadWarn, Capitals: true, MaxPages: 1},
		"kiosk-default": {Rows: 10, Columns: 32, PageSeconds: 12, Align: panel.Left, Colours: []string{"#ffffff"}, Kiosk: true},
	}
}

// Channel renders for the authority's signs.
type Channel struct {
	spec     channel.Spec
	cfg      Config
	deps     channel.Deps
	profiles map[string]panel.Profile
}

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
	cfg := Config{}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	c := &Channel{spec: spec, deps: deps, profiles: BuiltIn()}
	for name, p := range cfg.Profiles {
		if !events.IsSlug(name) {
			return nil, spec.Invalid("profiles: %q is not a slug", name)
		}
		if err := p.Validate(); err != nil {
			return nil, spec.Invalid("profiles.%s: %w", name, err)
		}
		c.profiles[name] = p
	}
	if err := cfg.MQTT.load(); err != nil {
		return nil, spec.Invalid("mqtt: %w", err)
	}
	c.cfg = cfg
	return c, nil
}

// Body is a rendition: the pages, and the profile they were laid out for.
type Body struct {
	Profile  panel.Profile   `json:"profile"`
	Title    string          `json:"title"`
	Pages    []panel.Page    `json:"pages"`
	Warnings []panel.Warning `json:"warnings,omitempty"`
	// TimeZone (IANA) is where the profile's quiet hours are read; empty without
	// quiet hours.
	TimeZone string `json:"timeZone,omitempty"`
	Language string `json:"language,omitempty"` // BCP 47, of what a kiosk's pages say
}

// dark reports whether the sign is off at now for what is no alert, and when
// that may change.
func (b Body) dark(now time.Time) (dark bool, change time.Time) {
	loc, err := time.LoadLocation(b.TimeZone)
	if err != nil {
		loc = time.UTC // the authority's zone was checked when it was written
	}
	local := now.In(loc)
	return b.Profile.Dark(local), b.Profile.NextQuiet(local).UTC()
}

// Render implements channel.Channel. Without a shape it lays out for the
// smallest common panel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	shape := c.profiles["text-8x16"]
	if len(profile.Shape) > 0 {
		shape = panel.Profile{}
		if err := json.Unmarshal(profile.Shape, &shape); err != nil {
			return events.Rendition{}, events.Permanentf(events.ReasonInvalidConfig, "sign %s: profile: %w", profile.Endpoint, err)
		}
	}
	laid, err := channel.OnPanel(p, profile, c.spec.ID, shape)
	if err != nil {
		return events.Rendition{}, renderError(profile.Endpoint, err)
	}
	if len(laid.Pages) == 0 {
		return events.Rendition{}, events.Permanentf(events.ReasonInvalidContent, "sign %s: nothing can be shown", profile.Endpoint)
	}
	shape.Abbreviations = nil // they have served
	body := Body{Profile: shape, Title: p.Content.Title, Pages: laid.Pages, Warnings: laid.Warnings}
	if len(shape.QuietHours) > 0 {
		body.TimeZone = profile.Zone.String()
	}
	if shape.Kiosk {
		body.Language = profile.Language
	}
	r, err := channel.NewRendition(c.spec, body, plain(laid.Pages))
	if err != nil {
		return r, err
	}
	r.Units = len(laid.Pages)
	for _, w := range laid.Warnings {
		r.Warnings = append(r.Warnings, strings.TrimSuffix(string(w.Code)+": "+w.Detail, ": "))
	}
	return r, nil
}

func renderError(sign string, err error) error {
	reason := events.ReasonInvalidContent
	if errors.Is(err, panel.ErrProfile) {
		reason = events.ReasonInvalidConfig
	}
	return events.Permanentf(reason, "sign %s: %w", sign, err)
}

// plain is the pages as text, an empty line between two.
func plain(pages []panel.Page) string {
	texts := make([]string, len(pages))
	for i, p := range pages {
		lines := p.Lines
		if p.Said != nil {
			lines = slices.Concat([]string{p.Said.Title}, p.Said.Facts, p.Said.Text)
		}
		texts[i] = strings.Join(lines, "\n")
	}
	return strings.Join(texts, "\n\n")
}

// Endpoints implements channel.Endpoint: the signs of the channel whose area
// the publication concerns.
func (c *Channel) Endpoints(p events.Publication) []channel.Profile {
	var list []channel.Profile
	for _, s := range c.deps.Directory.Signs(c.spec.Authority, c.spec.ID) {
		if !concerns(s, p) {
			continue
		}
		profile := channel.Profile{Endpoint: s.ID}
		if shape, ok := c.profiles[s.Profile]; ok {
			profile.Shape, _ = json.Marshal(shape) // plain data
		} else {
			// Render names the sign and what is wrong with it.
			profile.Shape = json.RawMessage(fmt.Sprintf("%q", "unknown profile "+s.Profile))
		}
		list = append(list, profile)
	}
	return list
}

// concerns: a sign or a publication without areas is for everywhere.
func concerns(s registry.Sign, p events.Publication) bool {
	if len(s.Areas) == 0 || len(p.Audience.Areas) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Areas, func(a string) bool { return slices.Contains(p.Audience.Areas, a) })
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	if err := c.deps.Shelf.Put(ctx, post.Delivery); err != nil {
		return channel.Result{}, err
	}
	return channel.Result{Remote: post.Delivery.Publication, At: c.deps.Now(), Units: post.Delivery.Rendition.Units}, nil
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
	return channel.Result{Remote: post.Delivery.Publication, At: c.deps.Now()}, nil
}

// IdempotentBecause implements channel.Idempotent.
func (c *Channel) IdempotentBecause() string {
	return "a publication has one place on a sign, and MQTT keeps the last message"
}

// Profile returns the panel profile of a sign.
func (c *Channel) Profile(s registry.Sign) (panel.Profile, bool) {
	p, ok := c.profiles[s.Profile]
	return p, ok
}

// previewScale is the pixels of one LED in a preview.
const previewScale = 5

// Preview implements channel.Previewer: each page as the lit panel looks, or as
// a kiosk's browser says it.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	var out call.Preview
	seconds := 0
	for _, pg := range body.Pages {
		seconds += pg.Seconds
		if pg.Said != nil {
			out.HTML += fragment(*pg.Said)
			continue
		}
		img, err := panel.Preview(pg, body.Profile, previewScale)
		if err != nil {
			return out, renderError("", err)
		}
		uri, err := channel.PNGDataURI(img)
		if err != nil {
			return out, err
		}
		out.Images = append(out.Images, uri)
		out.Alts = append(out.Alts, strings.Join(strings.Fields(strings.Join(pg.Lines, " ")), " "))
	}
	pages := "pages"
	if len(body.Pages) == 1 {
		pages = "page"
	}
	out.Facts = append([]string{fmt.Sprintf("%d %s, %d s", len(body.Pages), pages, seconds)}, r.Warnings...)
	return out, nil
}

// fragment is a kiosk's page in a preview.
func fragment(said panel.Said) string {
	var b strings.Builder
	b.WriteString("<h2>" + html.EscapeString(said.Title) + "</h2>")
	for _, text := range slices.Concat(said.Facts, said.Text) {
		b.WriteString("<p>" + html.EscapeString(text) + "</p>")
	}
	return b.String()
}
