package console

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// askWithin bounds how long a page waits for previews and reach.
const askWithin = 3 * time.Second

// previewView is what every channel would show, and to how many.
type previewView struct {
	Channels []channelPreview
	Problem  string // why there is none
	People   int
	Reached  bool // whether People is known
	Cost     int64
	Said     string // what is previewed, when it is not what approving would send for the first time
	Live     bool   // it is what is published: nobody is told again
	Stale    string // which texts a correction leaves as they were
	Alone    bool   // the block without its page, whose warning it renews
}

type channelPreview struct {
	ID, Name, Kind, Icon string
	Text                 string
	HTML                 template.HTML
	Signs                []signPreview
	Variants             []variantPreview
	Facts, Warnings      []string
	Error                string
	Reach                int
	HasReach             bool
	Cost                 int64
}

// signPreview is what some signs show, a page an image.
type signPreview struct {
	Name   string
	Images []imagePreview
}

type variantPreview struct {
	Name, Language, Text string
	Facts                []string
}

type imagePreview struct {
	Src template.URL
	Alt string
}

// previewAct answers with the previews of what is typed: the block alone for
// htmx, the page with what is typed in it for anybody else. Nothing is kept.
func (c *Console) previewAct(w http.ResponseWriter, r *http.Request, d *desktop, it item.Item, rules item.Rules, form *web.Form) {
	if r.Header.Get("HX-Request") != "true" {
		c.showItem(w, r, d, http.StatusOK, it, form)
		return
	}
	v := c.previews(r.Context(), d, it, rules, form)
	v.Alone = true
	c.part(w, r, "item#previews", v)
}

// previews asks the publisher what it would send, and audience to whom.
func (c *Console) previews(ctx context.Context, d *desktop, it item.Item, rules item.Rules, form *web.Form) previewView {
	typed, changed := d.typed(it, rules, form)
	p, said := typed.Preview(rules.Stream, d.now()), ""
	live := it.State == item.Published && !changed && it.Last != nil
	switch {
	case live:
		p, said = *it.Last, d.t.T("preview.live")
	case it.Live():
		said = d.t.T("preview.correction")
	}
	stale := ""
	if it.Live() {
		stale = d.stale(*it.Last, p)
	}
	if len(p.Channels) == 0 {
		return previewView{Problem: d.t.T("preview.nochannel"), Stale: stale}
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	reached := make(chan call.ReachReply, 1)
	go func() {
		reply, err := call.Ask(ctx, d.NATS, call.Reach, call.ReachRequest{Publication: p})
		if err != nil {
			reply.People = -1
		}
		reached <- reply
	}()
	rendered, err := call.Ask(ctx, d.NATS, call.Render, call.RenderRequest{Publication: p})
	reach := <-reached
	if err != nil {
		return previewView{Problem: d.t.T("preview.down"), Stale: stale}
	}
	v := previewView{People: reach.People, Reached: reach.People >= 0, Said: said, Live: live, Stale: stale}
	for _, r := range rendered.Rendered {
		k := c.channelPreview(d, r)
		for _, n := range reach.Channels {
			if n.Channel == r.Channel {
				k.Reach, k.HasReach = n.Subscribers, true
				k.Cost = int64(n.Subscribers) * r.Rendition.CostMicroEUR
			}
		}
		v.Cost += k.Cost
		v.Channels = append(v.Channels, k)
	}
	return v
}

// stale names the texts of one channel and the translations that a correction
// leaves as they were: they would be sent as corrected, and say what was wrong.
func (d *desktop) stale(was, now events.Publication) string {
	a, b := was.Content, now.Content
	if a.Title == b.Title && a.Summary == b.Summary && a.Instruction == b.Instruction && a.Text == b.Text && a.Place == b.Place &&
		d.input(was.Onset) == d.input(now.Onset) && d.input(was.Ends) == d.input(now.Ends) {
		return ""
	}
	var list []string
	for _, o := range now.Overrides {
		if slices.Contains(was.Overrides, o) && slices.Contains(now.Channels, o.Channel) {
			ch, _ := d.Channels.Get(d.authority.ID, o.Channel)
			list = append(list, d.t.T("preview.stale.override", "channel", cmp.Or(ch.Name, o.Channel)))
		}
	}
	for _, v := range now.Variants {
		if slices.ContainsFunc(was.Variants, func(w events.Content) bool { return sameVariant(v, w) }) {
			list = append(list, d.languageName(v.Language))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return d.t.T("preview.stale", "list", strings.Join(list, ", "))
}

// headings finds them in sanitised HTML: in a preview they stand below its own.
var headings = regexp.MustCompile(`(</?)h[1-6]\b`)

func (c *Console) channelPreview(d *desktop, r call.Rendered) channelPreview {
	k := channelPreview{
		ID: r.Channel, Name: r.Name, Kind: r.Kind, Icon: channelIcon(r.Kind), Text: r.Rendition.Text,
	}
	quiet := false
	for _, w := range r.Rendition.Warnings {
		if harmless(w) {
			quiet = true
			continue
		}
		k.Warnings = append(k.Warnings, d.warning(w))
	}
	for _, f := range r.Preview.Facts {
		if !slices.Contains(r.Rendition.Warnings, f) && !harmless(f) { // some channels say them twice
			k.Facts = append(k.Facts, d.warning(f))
		}
	}
	if quiet {
		k.Facts = append(k.Facts, d.t.T("warning.harmless"))
	}
	for _, v := range r.Preview.Variants {
		k.Variants = append(k.Variants, variantPreview{d.languageName(v.Language), v.Language, v.Text, v.Facts})
	}
	if ch, ok := d.Channels.Get(d.authority.ID, r.Channel); ok && ch.Name != "" {
		k.Name = ch.Name
	}
	if r.Error != "" {
		k.Error = d.reason(r.Reason)
		return k
	}
	if r.Preview.HTML != "" {
		k.HTML = template.HTML(headings.ReplaceAllString(c.policy.Sanitize(r.Preview.HTML), "${1}h4")) //nolint:gosec // sanitised here
	}
	for i, src := range r.Preview.Images {
		if !strings.HasPrefix(src, "data:image/png;base64,") {
			continue
		}
		alt := r.Rendition.Text
		if i < len(r.Preview.Alts) {
			alt = r.Preview.Alts[i]
		}
		name := ""
		if i < len(r.Preview.Shown) {
			name = d.signNames(r.Preview.Shown[i])
		}
		if n := len(k.Signs); n == 0 || k.Signs[n-1].Name != name {
			k.Signs = append(k.Signs, signPreview{Name: name})
		}
		row := &k.Signs[len(k.Signs)-1]
		row.Images = append(row.Images, imagePreview{template.URL(src), alt}) //nolint:gosec // a PNG, by its prefix
	}
	return k
}

// signNames are the names of signs, by their IDs.
func (d *desktop) signNames(ids string) string {
	var names []string
	for id := range strings.FieldsSeq(ids) {
		if s, ok := d.Signs.Get(d.authority.ID, id); ok {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// harmless reports whether a warning is but of signs that a channel writes in a
// simpler form: nobody reads anything else.
func harmless(warning string) bool {
	from, folded := strings.CutPrefix(warning, "folded: ")
	from, _, _ = strings.Cut(from, "→")
	return folded && strings.Trim(from, " ’‘“”«»–—…\u00a0\u202f") == ""
}

// warning says a rendition's "code: detail" in words, where we know the code.
func (d *desktop) warning(text string) string {
	code, detail, _ := strings.Cut(text, ": ")
	switch code {
	case "cut", "truncated":
		for _, field := range []string{"title", "text", "summary", "instruction", "place", "when", "link"} {
			detail = strings.ReplaceAll(detail, field, d.t.T("cut."+field))
		}
	case "folded", "hyphenated", "abbreviated", "unprintable", "removed", "link_left_out", "road_limit", "empty":
	default:
		return text
	}
	return d.t.T("warning."+code, "detail", detail)
}

// reason is a closed reason in words.
func (d *desktop) reason(reason events.Reason) string {
	if slices.Contains(events.Reasons(), reason) {
		return d.t.T("reason." + string(reason))
	}
	return d.t.T("reason.internal")
}
