package slack

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Slack's limits, in characters: https://docs.slack.dev/reference/block-kit/blocks
const (
	maxHeader  = 150
	maxSection = 3000
	maxContext = 2000
	maxNotice  = 400 // our own: a notification shows no more
)

// Body is a rendition.
type Body struct {
	Header   string   `json:"header"`             // plain
	Sections []string `json:"sections,omitempty"` // mrkdwn
	Link     string   `json:"link,omitempty"`     // of the button
	Button   string   `json:"button,omitempty"`   // plain
	Context  string   `json:"context,omitempty"`  // mrkdwn
	Text     string   `json:"text"`               // mrkdwn: what notifications and screen readers say
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	body := Body{Header: fit(channel.Headline(p), maxHeader, plain), Link: profile.Link}
	if body.Link != "" {
		body.Button = channel.WordsIn(p.Content.Language).CheckShort
	}
	var warnings []string
	add := func(text string, write func(string) string) {
		if text == "" {
			return
		}
		written := fit(text, maxSection, write)
		if written != write(text) {
			warnings = []string{"cut: text"}
		}
		body.Sections = append(body.Sections, written)
	}
	said := profile.Facts(p)
	add(channel.Why(p), bold)
	add(strings.Join(said, "\n"), bold)
	text, short := channel.Whole(p), p.Content.Summary
	if own, ok := p.Text(c.spec.ID); ok {
		text = channel.Marked(p, own)
		said, short = nil, own // an officer's says when and where as it wants
	}
	text, todo := strings.Join(channel.Paragraphs(text), "\n\n"), strings.TrimSpace(p.Content.Instruction)
	notice := []string{channel.Headline(p), channel.Why(p), strings.Join(said, " · ")}
	if p.Class == events.ClassAlert {
		add(todo, quote)
		add(text, mrkdwn)
		notice = append(notice, todo)
	} else {
		add(text, mrkdwn)
		add(todo, quote)
	}
	body.Context = fit(strings.Join(facts(p, profile), " · "), maxContext, mrkdwn)
	body.Text = fit(strings.Join(nonEmpty(append(notice, short)...), " – "), maxNotice, escape)
	r, err := channel.NewRendition(c.spec, body, strings.Join(append([]string{body.Header}, body.Sections...), "\n\n"))
	r.Warnings = warnings
	r.ContentLength = utf8.RuneCountInString(r.Text)
	return r, err
}

// facts says who says it, after whom, and until when it holds.
func facts(p events.Publication, profile channel.Profile) []string {
	list, words := nonEmpty(profile.Authority, profile.Stream), channel.WordsIn(p.Content.Language)
	for _, o := range p.Origin {
		source := o.Attribution
		if u, err := url.Parse(o.URL); source == "" && err == nil {
			source = u.Hostname()
		}
		if source != "" {
			list = append(list, words.Source+words.Colon+source)
			break
		}
	}
	if p.MsgType != events.MsgCancel && !p.Expires.IsZero() {
		list = append(list, words.Valid+" "+profile.Moment(p.Expires))
	}
	return list
}

func nonEmpty(list ...string) []string {
	var kept []string
	for _, s := range list {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

func plain(s string) string { return s }

// escape writes the three characters that Slack reads as control, so that a
// source's "<!channel>" calls nobody
// (https://docs.slack.dev/messaging/formatting-message-text).
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// mrkdwn escapes, and makes links of web addresses: Slack is told to look for
// none itself, for it looks for mentions too.
func mrkdwn(s string) string {
	return channel.Linked(s, escape, func(address string) string { return "<" + escape(address) + ">" })
}

// bold writes each line in bold. An asterisk within would end it.
func bold(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(strings.ReplaceAll(line, "*", "∗")); line != "" {
			lines = append(lines, "*"+escape(line)+"*")
		}
	}
	return strings.Join(lines, "\n")
}

// quote writes each line as a quotation.
func quote(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, "> "+mrkdwn(line))
		}
	}
	return strings.Join(lines, "\n")
}

// fit writes as much of s as gives at most so many characters: the text is cut,
// and never what is written of it.
func fit(s string, most int, write func(string) string) string {
	return write(prose.Cut(s, "…", func(s string) bool { return utf8.RuneCountInString(write(s)) <= most }))
}

var boldRe = regexp.MustCompile(`(?m)^\*(.+)\*$`)

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	var b strings.Builder
	b.WriteString("<p><strong>" + html.EscapeString(body.Header) + "</strong></p>")
	for _, s := range body.Sections {
		b.WriteString(previewHTML(s))
	}
	if body.Context != "" {
		b.WriteString("<p><small>" + unlink(body.Context) + "</small></p>")
	}
	said := []string{"Notification : " + html.UnescapeString(body.Text), fmt.Sprintf("%d caractères", r.ContentLength)}
	if body.Link != "" {
		said = append(said, "Bouton « "+body.Button+" » : "+body.Link)
	}
	return call.Preview{HTML: b.String(), Facts: append(said, r.Warnings...)}, nil
}

// previewHTML shows a section. What Slack escapes is what HTML does.
func previewHTML(s string) string {
	if rest, ok := strings.CutPrefix(s, "> "); ok {
		rest = unlink(strings.ReplaceAll(rest, "\n> ", "\n"))
		return "<blockquote>" + strings.ReplaceAll(rest, "\n", "<br>") + "</blockquote>"
	}
	return "<p>" + strings.ReplaceAll(boldRe.ReplaceAllString(unlink(s), "<strong>$1</strong>"), "\n", "<br>") + "</p>"
}

// unlink takes the signs off that make links of addresses.
func unlink(s string) string {
	s = strings.NewReplacer("<", "", ">", "").Replace(s)
	return strings.NewReplacer(`"`, "&#34;", "'", "&#39;").Replace(s)
}
