package console

import (
	"net/http"
	"slices"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/web"
)

// streamView is one stream, in words.
type streamView struct {
	Href              string
	Name, Description string
	Automatic         bool
	Public, Paused    bool
	Rule              []ruleLine
	Channels          []string
	Waiting           int
}

type ruleLine struct{ Term, Value string }

func (c *Console) streams(w http.ResponseWriter, r *http.Request, d *desktop) {
	p := d.page(sectionStreams, d.t.T("streams.title"))
	p.Lede = d.t.T("streams.lede")
	waiting := map[string]int{}
	for _, g := range d.groups(tabTodo) {
		waiting[g[0].Value.Stream]++
	}
	var list []streamView
	for _, s := range d.Streams.All(d.authority.ID) {
		v := streamView{
			Href: d.streamsPath() + "/" + s.ID,
			Name: s.Name, Description: s.Description, Automatic: s.Policy == registry.Automatic,
			Public: s.Public, Paused: s.Paused, Rule: d.rule(s), Waiting: waiting[s.ID],
		}
		for _, id := range s.Channels {
			name := id
			if ch, ok := d.Channels.Get(s.Authority, id); ok {
				name = ch.Name
			}
			v.Channels = append(v.Channels, name)
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b streamView) int { return byName(a.Name, b.Name) })
	empty := web.EmptyState{Icon: "filter", Title: d.t.T("streams.empty"), Text: d.t.T("streams.empty.text")}
	add := ""
	if d.maySetUp() {
		add = d.streamsPath() + "/new"
		empty.Text = d.t.T("streams.empty.add")
		empty.Actions = []web.Action{{Label: d.t.T("stream.add"), Href: add, Icon: "plus", Kind: web.Primary}}
	}
	paused := 0
	for _, v := range list {
		if v.Paused {
			paused++
		}
	}
	p.Data = struct {
		Streams        []streamView
		Relay          bool
		Add            string
		Empty          web.EmptyState
		Paused, Active int
	}{list, d.authority.RelayStateAlerts, add, empty, paused, len(list) - paused}
	c.renderer.Render(w, r, http.StatusOK, "streams", p)
}

// allStreams suspends everything that leaves by itself, or resumes it: for an
// hour when nothing must be said without somebody having read it.
func (c *Console) allStreams(w http.ResponseWriter, r *http.Request, d *desktop) {
	action := r.PostForm.Get("do")
	if action != actionPause && action != actionResume {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	for _, s := range d.Streams.All(d.authority.ID) {
		if s.Paused == (action == actionPause) {
			continue
		}
		_, _, err := d.Registry.Streams.Modify(r.Context(), s.Key(), func(s *registry.Stream) error {
			s.Paused = action == actionPause
			return nil
		})
		if err == nil {
			err = d.record(r.Context(), action, "stream", s.ID, map[string]string{"name": s.Name})
		}
		if err != nil && !notFound(err) {
			c.fail(w, r, err)
			return
		}
	}
	c.renderer.Flash(w, r, web.Success, d.t.T("told.streams."+action))
	web.SeeOther(w, r, d.streamsPath())
}

func (d *desktop) streamsPath() string { return "/console/" + d.authority.ID + "/streams" }

// rule says a rule in words, a line a list.
func (d *desktop) rule(s registry.Stream) []ruleLine {
	var lines []ruleLine
	add := func(key string, values []string) {
		text := ""
		for i, v := range values {
			if i > 0 {
				text += ", "
			}
			text += v
		}
		if text != "" {
			lines = append(lines, ruleLine{d.t.T(key), text})
		}
	}
	var from []string
	for _, id := range s.Rule.Authorities {
		from = append(from, d.authorityName(id))
	}
	if from == nil {
		from = []string{d.t.T("rule.own")}
	}
	add("rule.authorities", from)
	var sources []string
	for _, ref := range s.Rule.Sources {
		authority, id := s.Authority, ref
		if a, b, both := cutRef(ref); both {
			authority, id = a, b
		}
		sources = append(sources, d.sourceName(authority, id))
	}
	add("rule.sources", sources)
	var topics []string
	for _, slug := range s.Rule.Topics {
		topics = append(topics, topic.Name(slug, d.t.Language))
	}
	add("rule.topics", topics)
	if s.Policy == registry.Automatic && (len(s.Rule.Classes) == 0 || slices.Contains(s.Rule.Classes, events.ClassAlert)) {
		alerts := "rule.alerts.two"
		if d.authority.RelayStateAlerts {
			alerts = "rule.alerts.relay"
		}
		add("rule.alerts", []string{d.t.T(alerts)})
	}
	var classes []string
	for _, class := range s.Rule.Classes {
		classes = append(classes, d.t.T("class."+string(class)))
	}
	add("rule.classes", classes)
	if s.Rule.MinSeverity != "" {
		add("rule.severity", []string{d.severity(s.Rule.MinSeverity)})
	}
	add("rule.areas", s.Rule.Areas)
	return lines
}
