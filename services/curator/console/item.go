package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// itemView is what the page of an item shows.
type itemView struct {
	Item      item.Item
	Path      string
	Edit      editView
	Previews  previewView
	Badges    []web.Badge
	Marks     []mark
	State     web.Badge
	StateAt   time.Time
	Facts     []string
	Origin    []originView
	Twins     []twin
	Diff      *diffView
	History   web.Timeline
	Delivery  deliveryView
	HasRun    bool // something was published
	Alert     bool
	Needed    int
	Approvals []approvalView
	Mine      bool // the officer approved already
	Reason    string
	May       may
}

// may is what this officer may do to this item now.
type may struct {
	Edit, Approve, Schedule, Reject, Restore, Withdraw, Correct, Reset bool
	Why                                                                string // why approval is not offered
}

type originView struct {
	Name, URL, Licence string
	At                 time.Time
}

type approvalView struct {
	Name string
	At   time.Time
}

func (c *Console) itemPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	it, ok := c.find(w, r, d)
	if !ok {
		return
	}
	c.showItem(w, r, d, http.StatusOK, it, nil)
}

// find reads the item of the address, as it is stored.
func (c *Console) find(w http.ResponseWriter, r *http.Request, d *desktop) (item.Item, bool) {
	it, err := d.Desk.Get(r.Context(), registry.Key{d.authority.ID, r.PathValue("stream"), r.PathValue("id")})
	if notFound(err) {
		c.renderer.Error(w, r, http.StatusNotFound)
		return it, false
	}
	if err != nil {
		c.fail(w, r, err)
		return it, false
	}
	return it, true
}

// showItem draws an item. form is what was typed, when it comes back.
func (c *Console) showItem(w http.ResponseWriter, r *http.Request, d *desktop, status int, it item.Item, form *web.Form) {
	p := d.page(sectionQueue, it.Content().Title)
	p.Bare = true
	p.Breadcrumb = []web.Link{{Label: d.t.T("tab." + tabOf(it)), Href: "/console/" + d.authority.ID + "?tab=" + tabOf(it)}}
	p.Form = form
	if form == nil {
		form = d.formOf(it)
	}
	p.Data = c.view(r, d, it, form)
	if p.Form == nil {
		p.Form = form
	}
	c.renderer.Render(w, r, status, "item", p)
}

func (c *Console) view(r *http.Request, d *desktop, it item.Item, form *web.Form) itemView {
	rules, known := d.Desk.Rules(it.Authority, it.Stream)
	v := itemView{
		Item: it, Path: itemPath(it), Edit: d.edit(it, rules, form),
		Badges: badges(it), Marks: d.marks(it), State: stateBadge(it), StateAt: it.UpdatedAt,
		Facts: d.facts(it, nil), History: d.history(it), HasRun: it.Last != nil, Alert: alert(it),
		Needed: it.Needed(rules), Mine: it.ApprovedBy(d.officer.ID), Reason: it.Reason, May: d.allowed(it, known),
	}
	if it.State == item.Scheduled {
		v.StateAt = it.NotBefore
	}
	for _, a := range it.Approvals {
		v.Approvals = append(v.Approvals, approvalView{d.name(a.By), a.At})
	}
	twins := d.Desk.Twins(it)
	if it.State == item.Published {
		twins = d.Desk.Covered(it)
	}
	for _, o := range twins {
		v.Twins = append(v.Twins, twin{o.Content().Title, itemPath(o), d.sourceName(o.Message.Authority, o.Message.Source)})
	}
	for _, o := range it.Origin(twins...) {
		v.Origin = append(v.Origin, originView{d.sourceName(o.Authority, o.Source), o.URL, o.Licence, o.FetchedAt})
	}
	v.Diff = d.diff(it)
	v.Delivery = d.delivery(it)
	if known && !it.State.Ended() {
		v.Previews = c.previews(r.Context(), d, it, rules, form)
	}
	return v
}

// stateBadge is the state, in the words of the shared badges.
func stateBadge(it item.Item) web.Badge {
	switch it.State {
	case item.Withdrawn:
		return "cancelled"
	case item.Covered:
		return "approved"
	case item.Published:
		if it.Revision() > 1 {
			return "corrected"
		}
	}
	return web.Badge(it.State)
}

// allowed is what this officer may do to this item now.
func (d *desktop) allowed(it item.Item, known bool) may {
	if it.Outgoing != nil || !known {
		return may{}
	}
	pending, scheduled := it.State == item.Pending, it.State == item.Scheduled
	m := may{
		Edit:     d.mayWrite() && (pending || scheduled || it.State == item.Published) && !it.Cancelled,
		Approve:  d.mayApprove(it) && pending && !it.ApprovedBy(d.officer.ID),
		Reject:   d.mayPublish() && (pending || scheduled),
		Restore:  d.mayPublish() && (it.State == item.Rejected || it.State == item.Covered || scheduled) && it.Expires.After(d.now()),
		Withdraw: d.mayPublish() && it.Live() && (pending || scheduled || it.State == item.Published),
		Correct:  d.mayApprove(it) && it.State == item.Published,
		Reset:    d.mayWrite() && it.Draft != nil && pending,
	}
	m.Schedule = m.Approve && !it.Cancelled
	switch {
	case !pending:
	case it.ApprovedBy(d.officer.ID):
		m.Why = d.t.T("why.again")
	case alert(it) && !m.Approve:
		m.Why = d.t.T("why.alert")
	case !m.Approve:
		m.Why = d.t.T("why.role")
	}
	return m
}

// editView is the form of an item.
type editView struct {
	Channels []channelChoice
	Variants []variantChoice
	Zone     string
}

type channelChoice struct {
	ID, Name, Kind, Icon string
	Checked              bool
	Override             string
	Missing              bool // the stream names a channel that is not declared
}

func (d *desktop) edit(it item.Item, rules item.Rules, form *web.Form) editView {
	v := editView{Zone: city(d.authority.Location()), Variants: d.variants(it, form)}
	chosen := rules.Stream.Channels
	var overrides []events.Override
	if it.Draft != nil {
		chosen, overrides = it.Draft.Channels, it.Draft.Overrides
	}
	for _, id := range rules.Stream.Channels {
		ch, ok := d.Channels.Get(it.Authority, id)
		k := channelChoice{ID: id, Name: ch.Name, Kind: ch.Kind, Icon: channelIcon(ch.Kind), Checked: slices.Contains(chosen, id), Missing: !ok}
		if !ok {
			k.Name = id
		}
		for _, o := range overrides {
			if o.Channel == id {
				k.Override = o.Text
			}
		}
		if form.Values.Has("revision") {
			k.Checked, k.Override = slices.Contains(form.Values["channel"], id), form.Values.Get("override-"+id)
		}
		v.Channels = append(v.Channels, k)
	}
	return v
}

// city names a time zone as people do: that of Paris, of Martinique.
func city(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

// channelIcon is decoration beside the channel's name.
func channelIcon(kind string) string {
	switch {
	case strings.HasPrefix(kind, "sms"):
		return "sms"
	case strings.HasPrefix(kind, "email"), strings.HasPrefix(kind, "mail"), strings.HasPrefix(kind, "smtp"):
		return "mail"
	case strings.HasPrefix(kind, "sign"), strings.HasPrefix(kind, "panel"), strings.HasPrefix(kind, "kiosk"):
		return "sign"
	case strings.HasPrefix(kind, "feed"):
		return "rss"
	case strings.HasPrefix(kind, "push"):
		return "bell"
	}
	return "megaphone"
}

// formOf fills the form with what the item says now.
func (d *desktop) formOf(it item.Item) *web.Form {
	content := it.Content()
	now := d.now()
	y, m, day := now.In(d.authority.Location()).Date()
	morning := time.Date(y, m, day, 8, 0, 0, 0, d.authority.Location())
	if !morning.After(now) {
		morning = time.Date(y, m, day+1, 8, 0, 0, 0, d.authority.Location())
	}
	form := web.NewForm(map[string][]string{
		"title": {content.Title}, "instruction": {content.Instruction}, "summary": {content.Summary}, "text": {content.Text}, "place": {content.Place}, "link": {content.Link},
		"onset": {d.input(it.Onset())}, "ends": {d.input(it.Ends())}, "expires": {d.input(&it.Expires)},
		"notbefore": {d.input(&morning)},
	})
	for _, v := range it.Variants() {
		form.Values.Set("title-"+v.Language, v.Title)
		form.Values.Set("text-"+v.Language, v.Text)
	}
	return form
}

// read makes a draft of the form. Its second result tells whether the form
// says anything else than the item does.
func (d *desktop) read(it item.Item, rules item.Rules, form *web.Form) (item.Draft, bool) {
	content := it.Content()
	content.Title, content.Summary, content.Text = form.Get("title"), lines(form.Get("summary")), lines(form.Get("text"))
	content.Instruction, content.Place, content.Link = lines(form.Get("instruction")), form.Get("place"), form.Get("link")
	d.text(form, "title", content.Title, maxTitle, true)
	d.instruction(form, content.Instruction, it.Message.Class)
	d.text(form, "summary", content.Summary, maxText, false)
	d.text(form, "text", content.Text, maxText, false)
	d.link(form, content.Link)
	draft := item.Draft{Content: content, By: d.officer.ID, Channels: form.Values["channel"]}
	draft.Onset, draft.Ends = d.moment(form, "onset", false), d.moment(form, "ends", false)
	draft.Expires = deref(d.moment(form, "expires", true))
	if len(draft.Channels) == 0 {
		form.Reject("channel", d.t.T("form.channels"))
	}
	if !draft.Expires.IsZero() && !draft.Expires.After(d.now()) {
		form.Reject("expires", d.t.T("form.past"))
	}
	for _, id := range rules.Stream.Channels {
		if text := lines(form.Get("override-" + id)); text != "" {
			draft.Overrides = append(draft.Overrides, events.Override{Channel: id, Text: text})
			d.text(form, "override-"+id, text, maxText, false)
		}
	}
	draft.Variants = d.readVariants(it, form, content)
	return draft, d.differs(it, rules, draft)
}

// differs compares at the precision of the form: the minute.
func (d *desktop) differs(it item.Item, rules item.Rules, draft item.Draft) bool {
	was := it.Content()
	now := draft.Content
	chosen, overrides := rules.Stream.Channels, []events.Override(nil)
	if it.Draft != nil {
		chosen, overrides = it.Draft.Channels, it.Draft.Overrides
	}
	same := now.Title == strings.TrimSpace(was.Title) && now.Summary == lines(was.Summary) && now.Text == lines(was.Text) &&
		now.Instruction == lines(was.Instruction) &&
		now.Place == strings.TrimSpace(was.Place) && now.Link == strings.TrimSpace(was.Link) &&
		d.input(draft.Onset) == d.input(it.Onset()) && d.input(draft.Ends) == d.input(it.Ends()) &&
		d.input(&draft.Expires) == d.input(&it.Expires) && sameSet(draft.Channels, chosen) && slices.Equal(draft.Overrides, overrides) &&
		sameVariants(draft.Variants, it.Variants())
	return !same
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// typed is the item as the form would make it, for the previews, and whether
// that is anything else than it is.
func (d *desktop) typed(it item.Item, rules item.Rules, form *web.Form) (item.Item, bool) {
	if form == nil || !form.Values.Has("revision") {
		return it, false
	}
	probe := web.NewForm(form.Values)
	draft, changed := d.read(it, rules, probe)
	if !changed {
		return it, false
	}
	if draft.Expires.IsZero() {
		draft.Expires = it.Expires
	}
	if draft.Content.Text != it.Content().Text {
		draft.Content.HTML = ""
	}
	it.Draft, it.Expires = &draft, draft.Expires
	return it, true
}
