package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// alarm is something that needs somebody.
type alarm struct {
	Tone        web.Tone
	Icon        string
	Title, Text string
	Href        string
	Since       time.Time
}

// lineView is a channel or a sign and how it fares.
type lineView struct {
	Name, Icon string
	Badge      web.Badge
	Words      string
	Facts      []string
	Last       time.Time // when it last brought or said something
	Inbound    []inboundView
}

// alarmsView is the page of all that is wrong, and of what cannot be seen
// elsewhere: channels and signs.
type alarmsView struct {
	Alarms   []alarm
	Empty    web.EmptyState
	Channels []lineView
	Signs    []lineView
	Shorten  string // where abbreviations are set; empty for who may not
}

const (
	// alertWaits is how long an alert may wait for its first officer. For the
	// second it waits not at all: whoever is there is told at once.
	alertWaits = time.Minute
	// unseenShown bounds the items about to expire that are named.
	unseenShown = 5
)

func (c *Console) alarmsPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	p := d.page(sectionAlarms, d.t.T("alarms.title"))
	p.Lede = d.t.T("alarms.lede")
	channels, signs := d.channelLines(d.inbound(r.Context())), d.signLines()
	v := alarmsView{
		Alarms: d.alarms(), Channels: channels, Signs: signs,
		Empty: web.EmptyState{Icon: "check", Title: d.t.T("alarms.none"), Text: d.t.T("alarms.none.text")},
	}
	if d.maySetUp() {
		v.Shorten = d.abbreviationsPath()
	}
	p.Data = v
	c.renderer.Render(w, r, http.StatusOK, "alarms", p)
}

// alarms are all that need somebody, the gravest first.
func (d *desktop) alarms() []alarm {
	list, lines := append(d.busAlarms(), d.itemAlarms()...), d.Tally.Lines(d.authority.ID)
	for _, ch := range d.Channels.All(d.authority.ID) {
		if ch.Paused {
			continue
		}
		l := lines[ch.ID]
		text, since := d.provider(ch)
		switch {
		case text != "":
			list = append(list, alarm{web.Danger, channelIcon(ch.Kind), d.t.T("alarm.channel", "name", ch.Name), text, "#channels", since})
		case l.Failing():
			list = append(list, alarm{
				web.Danger, channelIcon(ch.Kind), d.t.T("alarm.channel", "name", ch.Name),
				d.reason(l.Reason) + " " + d.t.T("alarm.failures", "n", l.Failures), "#channels", l.Bad,
			})
		}
		if text := d.ending("token", ch.TokenEnds()); text != "" {
			list = append(list, alarm{web.Warning, channelIcon(ch.Kind), ch.Name, text, "#channels", time.Time{}})
		}
	}
	for _, s := range d.Signs.All(d.authority.ID) {
		h, heard := d.SignHealth.Get(s.Authority, s.ID)
		switch {
		case s.Paused || !heard:
		case !h.Silent(d.now()).IsZero():
			list = append(list, alarm{web.Warning, "sign", d.t.T("alarm.sign.silent", "name", s.Name), s.Place, "#signs", h.LastHeard})
		case h.Wrong:
			list = append(list, alarm{web.Warning, "sign", d.t.T("alarm.sign.wrong", "name", s.Name), s.Place, "#signs", h.LastHeard})
		}
	}
	for _, h := range d.settingsSigns() {
		text := d.faults(h)
		switch {
		case !h.Silent(d.now()).IsZero():
			list = append(list, alarm{web.Warning, "sign", d.t.T("alarm.sign.silent", "name", h.Sign), text, "#signs", h.LastHeard})
		case h.Wrong:
			list = append(list, alarm{web.Warning, "sign", d.t.T("alarm.sign.wrong", "name", h.Sign), text, "#signs", h.LastHeard})
		case text != "":
			list = append(list, alarm{web.Warning, "sign", d.t.T("alarm.sign.fault", "name", h.Sign), text, "#signs", h.LastHeard})
		}
	}
	for _, s := range d.Sources.All(d.authority.ID) {
		if s.ID == sourceConsole {
			continue
		}
		if v := d.source(s); v.rank >= rankEnding {
			list = append(list, sourceAlarm(v))
		}
	}
	slices.SortStableFunc(list, func(a, b alarm) int { return weightOf(b.Tone) - weightOf(a.Tone) })
	return list
}

// busAlarms are a full disk, and the events that nobody could handle: those of
// the authority, and those of which nobody can tell whose they are.
func (d *desktop) busAlarms() []alarm {
	var list []alarm
	if d.Room() != nil {
		list = append(list, alarm{Tone: web.Danger, Icon: "alert", Title: d.t.T("alarm.disk"), Text: d.t.T("alarm.disk.text")})
	}
	first := len(list)
	for _, l := range d.Letters() {
		if _, known := d.Authorities.Get(l.Authority); known && l.Authority != d.authority.ID {
			continue
		}
		list = append(list, alarm{
			Tone: web.Danger, Icon: "alert", Title: d.t.T("alarm.letters", "n", l.Letters),
			Text: d.t.T("alarm.letters.text", "consumer", l.Consumer, "reason", d.reason(l.Reason)), Since: l.Latest,
		})
	}
	slices.SortFunc(list[first:], func(a, b alarm) int { return b.Since.Compare(a.Since) })
	return list
}

func sourceAlarm(v sourceView) alarm {
	a := alarm{Tone: web.Warning, Icon: "rss", Title: v.Name, Text: v.Words, Href: v.Href, Since: v.LastSuccess}
	if v.rank == rankFailing {
		a.Tone = web.Danger
	}
	for _, text := range v.Alarms {
		if a.Text != "" {
			a.Text += " "
		}
		a.Text += text
	}
	return a
}

func weightOf(t web.Tone) int {
	if t == web.Danger {
		return 1
	}
	return 0
}

// itemAlarms are alerts that wait too long for an officer, and what would
// expire unseen within the hour.
func (d *desktop) itemAlarms() []alarm {
	var list []alarm
	unseen := 0
	for _, g := range d.groups(tabTodo) {
		it := g[0].Value
		switch now := d.now(); {
		case alert(it) && (len(it.Approvals) > 0 || now.Sub(it.UpdatedAt) > alertWaits):
			key := "alarm.alert"
			if len(it.Approvals) > 0 {
				key = "alarm.alert.second"
			}
			list = append(list, alarm{web.Danger, "alert", it.Content().Title, d.t.T(key), itemPath(it), it.UpdatedAt})
		case it.State == item.Pending && it.Expires.Sub(now) < time.Hour && unseen < unseenShown:
			unseen++
			list = append(list, alarm{web.Warning, "hourglass", it.Content().Title, d.t.T("alarm.expires", "duration", d.t.Duration(it.Expires.Sub(now))), itemPath(it), it.Message.FetchedAt})
		}
	}
	return list
}

// channelLines are the authority's channels and how each fares.
func (d *desktop) channelLines(inbound map[string][]inboundView) []lineView {
	lines := d.Tally.Lines(d.authority.ID)
	var list []lineView
	for _, ch := range d.Channels.All(d.authority.ID) {
		l := lines[ch.ID]
		v := lineView{Name: ch.Name, Icon: channelIcon(ch.Kind), Badge: "healthy", Last: l.Good, Inbound: inbound[ch.ID]}
		text, _ := d.provider(ch)
		switch {
		case ch.Paused:
			v.Badge, v.Words = "paused", d.t.T("channel.paused")
		case text != "":
			v.Badge, v.Words = "failing", text
		case l.Failing():
			v.Badge, v.Words = "failing", d.reason(l.Reason)
		case l.Good.IsZero():
			v.Badge = "pending"
		}
		if q := ch.QuietHours; q != nil {
			v.Facts = append(v.Facts, d.t.T("channel.quiet", "from", q.From.String(), "to", q.To.String()))
		}
		if other, ok := d.Channels.Get(d.authority.ID, ch.Fallback); ok && ch.Fallback != "" {
			v.Facts = append(v.Facts, d.t.T("channel.fallback", "name", other.Name))
		}
		if text := d.ending("token", ch.TokenEnds()); text != "" {
			v.Facts = append(v.Facts, text)
		}
		if streams := d.on(ch); streams > 0 {
			v.Facts = append(v.Facts, d.t.T("channel.streams", "n", streams))
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b lineView) int { return byName(a.Name, b.Name) })
	return list
}

// provider says how the provider of a channel fails, and what becomes of what
// is sent; empty: it does not fail.
func (d *desktop) provider(ch registry.Channel) (text string, since time.Time) {
	h, _ := d.ChannelHealth.Get(d.authority.ID, ch.ID)
	if h.Since.IsZero() {
		return "", time.Time{}
	}
	text = d.reason(h.Reason)
	other, relay := d.Channels.Get(d.authority.ID, ch.Fallback)
	switch {
	case relay && ch.Fallback != "":
		text += " " + d.t.T("channel.relayed", "name", other.Name)
	case h.Reason == events.ReasonUnauthorized:
		text += " " + d.t.T("channel.refused")
	default:
		text += " " + d.t.T("channel.retried")
	}
	return text, h.Since
}

// on is how many streams use a channel.
func (d *desktop) on(ch registry.Channel) int {
	n := 0
	for _, s := range d.Streams.All(d.authority.ID) {
		if slices.Contains(s.Channels, ch.ID) {
			n++
		}
	}
	return n
}
