package sms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
	"github.com/crieur/crieur/services/publisher/gsm"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Kind is the channel kind.
const Kind = "sms"

// carrier hands messages to an SMSC: smpp.Pool.
type carrier interface {
	Run(ctx context.Context) error
	Submit(ctx context.Context, t smpp.Template, number string, urgent bool, sink smpp.Sink, index int) error
	Bound() int
}

var _ carrier = (*smpp.Pool)(nil)

// Channel sends SMS.
type Channel struct {
	spec   channel.Spec
	cfg    Config
	deps   channel.Deps
	source smpp.Address
	pool   carrier
	stops  chan struct{} // bounds opt-outs under way
	abbrev []panel.Abbreviation
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Runner    = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
)

// maxStops bounds the opt-outs asked at once.
const maxStops = 16

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg, err := load(spec)
	if err != nil {
		return nil, err
	}
	table, err := panel.DefaultAbbreviations()
	if err != nil {
		return nil, spec.Invalid("abbreviations: %w", err)
	}
	c := &Channel{
		spec: spec, cfg: cfg, deps: deps, source: smpp.Sender(cfg.Sender), stops: make(chan struct{}, maxStops), abbrev: table,
	}
	c.pool = smpp.NewPool(smpp.Config{
		Address: cfg.Address, TLS: cfg.TLS, Binds: cfg.Binds, Logger: deps.Logger.With("authority", spec.Authority, "channel", spec.ID),
		Bind: smpp.BindConfig{
			SystemID: cfg.SystemID, Password: cfg.Password.Reveal(), SystemType: cfg.SystemType, Window: cfg.BindWindow,
			Reserve: cfg.BindWindow / 4, EnquireLink: cfg.EnquireLink, ResponseTimeout: cfg.ResponseTimeout,
		},
	}, c.incoming)
	return c, nil
}

// Body is a rendition: the text, and what it takes.
type Body struct {
	Text string `json:"text"`
	// Unsubscribe is the part of Text that is each recipient's own address, of
	// the same length; empty when all get the same text.
	Unsubscribe string   `json:"unsubscribe,omitempty"`
	Cost        gsm.Cost `json:"cost"`
}

const (
	// unsubscribePlace is what a mention writes where the recipient's own
	// address goes.
	unsubscribePlace = "{unsubscribe}"
	// unsubscribeSample has the length of audience's paths.
	unsubscribeSample = "/d/xxxxxxxxxxxxxxxx"
)

// Render implements channel.Channel. An officer's own text is folded and
// counted, never cut.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	body := Body{}
	mentions := c.cfg.Mentions
	sample := c.deps.PublicURL + unsubscribeSample
	if strings.Contains(mentions.Service, unsubscribePlace) && p.Class == events.ClassService {
		mentions.Service = strings.ReplaceAll(mentions.Service, unsubscribePlace, sample)
		body.Unsubscribe = sample
	}
	var warnings []string
	if own, ok := p.Text(c.spec.ID); ok {
		text, err := officersText(channel.Marked(p, own), p.Class, mentions)
		if err != nil {
			return events.Rendition{}, err
		}
		body.Text = gsm.Fold(text, c.cfg.Policy).Text
	} else {
		composed, err := c.compose(p, profile, mentions)
		if err != nil {
			return events.Rendition{}, events.Permanent(events.ReasonInvalidContent, err)
		}
		body.Text = composed.Text
		for _, field := range composed.Cut {
			warnings = append(warnings, "cut: "+field)
		}
		for _, f := range composed.Folds {
			if w := fmt.Sprintf("folded: %s → %s", f.From, f.To); !slices.Contains(warnings, w) {
				warnings = append(warnings, w)
			}
		}
	}
	body.Cost = gsm.Count(body.Text)
	r, err := channel.NewRendition(c.spec, body, body.Text)
	if err != nil {
		return r, err
	}
	r.Units, r.ContentLength, r.Warnings = body.Cost.Segments, body.Cost.Units, warnings
	r.CostMicroEUR = int64(r.Units) * c.cfg.CostMicroEUR
	return r, nil
}

func (c *Channel) compose(p events.Publication, profile channel.Profile, m gsm.Mentions) (gsm.Composed, error) {
	title := p.Content.Title
	switch {
	case p.MsgType == events.MsgCancel:
		title = "ANNULÉ " + title
	case p.MsgType == events.MsgUpdate || p.Revision > 1:
		title = "RECTIFICATIF " + title
	}
	return gsm.Compose(gsm.Notice{
		Class: gsm.Class(p.Class), Title: channel.Marked(p, title), Place: p.Content.Place,
		When: profile.When(p.Onset, p.Ends), Link: profile.Link,
	}, m, gsm.Limits{
		Septets: c.cfg.MaxSeptets, Policy: c.cfg.Policy,
		Abbreviate: func(s string) string { return panel.Abbreviate(s, c.abbrev) },
	})
}

// officersText adds the mention that the class demands, unless it is there.
func officersText(text string, class events.Class, m gsm.Mentions) (string, error) {
	mention := ""
	switch class {
	case events.ClassAlert:
		if gsm.HasStopCode(text) {
			return "", events.Permanent(events.ReasonInvalidContent, gsm.ErrStopOnAlert)
		}
	case events.ClassService:
		mention = m.Service
	case events.ClassPromotional:
		if m.Promotional == "" {
			return "", events.Permanent(events.ReasonInvalidConfig, gsm.ErrNoStop)
		}
		mention = m.Promotional
	}
	if mention == "" || strings.Contains(text, mention) {
		return text, nil
	}
	return strings.TrimRight(text, " \n") + "\n" + mention, nil
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	unit := "septets"
	if body.Cost.Encoding != gsm.GSM7 {
		unit = "caractères (UCS-2)"
	}
	line := fmt.Sprintf("%d SMS, %d %s, reste %d", body.Cost.Segments, body.Cost.Units, unit, body.Cost.Remaining)
	if r.CostMicroEUR > 0 {
		line += ", " + strings.Replace(fmt.Sprintf("%.3f €", float64(r.CostMicroEUR)/1e6), ".", ",", 1)
	}
	facts := []string{line}
	for _, a := range body.Cost.Accents {
		facts = append(facts, fmt.Sprintf("« %s » (%d fois) coûte %d SMS ; « %s » n’en coûte aucun", a.Char, a.Count, a.ExtraSegments, a.Fold))
	}
	return call.Preview{Facts: append(facts, r.Warnings...)}, nil
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return defaultWindow
}

// Run implements channel.Runner: it keeps the binds.
func (c *Channel) Run(ctx context.Context) error { return c.pool.Run(ctx) }

// Ready tells whether at least one bind is up.
func (c *Channel) Ready() error {
	if c.pool.Bound() == 0 {
		return errors.New("sms: no bind with the SMSC")
	}
	return nil
}
