package email

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/web"
)

// Kind is the channel kind.
const Kind = "email"

//go:embed mail.html
var templates embed.FS

// Channel sends mail.
type Channel struct {
	spec  channel.Spec
	cfg   Config
	deps  channel.Deps
	page  *htmltemplate.Template
	slots chan struct{} // bounds connections
	mu    sync.Mutex
	idle  []*session
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
	_ channel.Called    = (*Channel)(nil)
	_ channel.Runner    = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg, err := load(spec)
	if err != nil {
		return nil, err
	}
	if _, err := cfg.client((&net.Dialer{}).DialContext); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	page, err := htmltemplate.New("mail.html").Funcs(htmltemplate.FuncMap{
		"inline": func(text string) htmltemplate.HTML { return htmltemplate.HTML(channel.Inline(text)) }, //nolint:gosec // escaped
	}).ParseFS(templates, "mail.html")
	if err != nil {
		return nil, fmt.Errorf("email: template: %w", err)
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps, page: page, slots: make(chan struct{}, cfg.Connections)}, nil
}

// unsubscribePlace stands in a body where each recipient's own address goes.
const unsubscribePlace = "https://unsubscribe.invalid/"

// Body is a rendition.
type Body struct {
	Subject string         `json:"subject"`
	Text    string         `json:"text"`
	HTML    string         `json:"html"`
	ListID  string         `json:"listId"` // RFC 2919
	Urgent  bool           `json:"urgent,omitempty"`
	Heard   *channel.Heard `json:"heard,omitempty"` // its audio, where there is a voice
	// Language is that of the mail, and Variants are the same by language, for
	// those who read another; both empty when it is said in one only.
	Language string          `json:"language,omitempty"`
	Variants map[string]Body `json:"variants,omitempty"`
}

// in is the mail for those who read a language.
func (b Body) in(language string) Body {
	if v, ok := channel.For(language, b.Language, b.Variants); ok {
		return v
	}
	return b
}

// view is what the template shows.
type view struct {
	Language, Subject, Authority, Stream string
	Facts                                []string
	Paragraphs, Instructions             []string
	Body                                 htmltemplate.HTML
	Image                                *events.Image
	Link, Unsubscribe                    string
	Alert, RightToLeft                   bool
	Words                                channel.Words
	Listen                               string // address of the audio
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	body, err := c.write(p, profile)
	if err != nil {
		return events.Rendition{}, err
	}
	if body.Variants, err = channel.Each(p, profile, c.write); err != nil {
		return events.Rendition{}, err
	}
	if len(body.Variants) > 0 {
		body.Language = p.Content.Language
	}
	r, err := channel.NewRendition(c.spec, body, body.Subject+"\n\n"+body.Text)
	r.ContentLength = len(body.HTML)
	return r, err
}

// write makes the mail in one language.
func (c *Channel) write(p events.Publication, profile channel.Profile) (Body, error) {
	v := view{
		Language: p.Content.Language, Subject: channel.Headline(p), Authority: profile.Authority, Stream: profile.Stream,
		Facts: profile.Circumstances(p), Instructions: channel.Paragraphs(p.Content.Instruction), Image: p.Content.Image, Link: profile.Link,
		Unsubscribe: unsubscribePlace, Alert: p.Class == events.ClassAlert, Words: channel.WordsIn(p.Content.Language),
	}
	if v.Language == "" {
		v.Language = profile.Language
	}
	v.RightToLeft = web.RightToLeft(v.Language)
	text := channel.Whole(p)
	if own, ok := p.Text(c.spec.ID); ok {
		text = channel.Marked(p, own)
	} else if p.Content.HTML != "" {
		v.Body = htmltemplate.HTML(p.Content.HTML) //nolint:gosec // sanitised by the normalizer's policy
	}
	v.Paragraphs = channel.Paragraphs(text)
	if v.Body == "" {
		v.Body = htmltemplate.HTML(channel.HTML(text)) //nolint:gosec // escaped
	}
	heard := c.deps.Hear(p, profile)
	if heard != nil {
		v.Listen = heard.URL
	}
	var html strings.Builder
	if err := c.page.Execute(&html, v); err != nil {
		return Body{}, events.Permanentf(events.ReasonInternal, "email: template: %w", err)
	}
	return Body{
		Subject: v.Subject, Text: plain(v), HTML: html.String(), Urgent: v.Alert, Heard: heard,
		ListID: p.Stream + "." + p.Authority + "." + c.cfg.domain,
	}, nil
}

// plain is the text part: everything the HTML says.
func plain(v view) string {
	blocks := []string{v.Subject}
	if len(v.Facts) > 0 {
		blocks = append(blocks, strings.Join(v.Facts, "\n"))
	}
	if v.Alert {
		blocks = slices.Concat(blocks, v.Instructions, v.Paragraphs)
	} else {
		blocks = slices.Concat(blocks, v.Paragraphs, v.Instructions)
	}
	if v.Image != nil && v.Image.Alt != "" {
		blocks = append(blocks, "["+v.Words.Image+v.Words.Colon+v.Image.Alt+"]")
	}
	if v.Link != "" {
		blocks = append(blocks, v.Words.Check+strings.TrimRight(v.Words.Colon, " ")+"\n"+v.Link)
	}
	if v.Listen != "" {
		blocks = append(blocks, v.Words.Listen+strings.TrimRight(v.Words.Colon, " ")+"\n"+v.Listen)
	}
	sign := "-- \n" + strings.TrimSuffix(v.Authority+" – "+v.Stream, " – ")
	why := v.Words.Because + " " + v.Authority + ".\n"
	return strings.Join(append(blocks, sign+"\n"+why+v.Words.Leave+v.Words.Colon+v.Unsubscribe), "\n\n") + "\n"
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	return call.Preview{
		HTML: strings.ReplaceAll(body.HTML, unsubscribePlace, "#") + channel.PreviewEach(body.Variants, func(b Body) string {
			return strings.ReplaceAll(b.Subject+"\n\n"+b.Text, unsubscribePlace, "#")
		}),
		Facts: []string{"Objet : " + body.Subject, fmt.Sprintf("%d Ko", (len(body.HTML)+len(body.Text)+1023)/1024)},
	}, nil
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return 64
}
