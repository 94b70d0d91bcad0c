package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/web"
)

// sourceView is one source and how it fares.
type sourceView struct {
	Name, Kind, Topics string
	Badge              web.Badge
	Words              string // what is wrong, in words
	Technical          string // the same, for who mends it
	LastSuccess        time.Time
	LastChange         time.Time
	NextFetch          time.Time
	Streak             int
	Items              int
	Due                bool // the next reading is about to begin
	Pushed             bool
	Refused            *refusedView // the last
	rank               int
}

// refusedView is something the source gave that cannot be used.
type refusedView struct {
	At     time.Time
	Reason string
	Detail string
	Bytes  int
}

func (c *Console) sources(w http.ResponseWriter, r *http.Request, d *desktop) {
	p := d.page(sectionSources, d.t.T("sources.title"))
	p.Lede = d.t.T("sources.lede")
	var list []sourceView
	for _, s := range d.Sources.All(d.authority.ID) {
		if s.ID == sourceConsole {
			continue // it is the officers themselves
		}
		v := d.source(s)
		v.Refused = d.refused(r.Context(), s)
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b sourceView) int {
		if a.rank != b.rank {
			return b.rank - a.rank
		}
		return byName(a.Name, b.Name)
	})
	p.Data = struct {
		Sources []sourceView
		Empty   web.EmptyState
	}{list, web.EmptyState{Icon: "rss", Title: d.t.T("sources.empty"), Text: d.t.T("sources.empty.text")}}
	c.renderer.Render(w, r, http.StatusOK, "sources", p)
}

// The health of a source, the worst last.
const (
	rankHealthy = iota
	rankPaused
	rankSilent
	rankFailing
)

func (d *desktop) source(s registry.Source) sourceView {
	h, known := d.Health.Get(s.Authority, s.ID)
	v := sourceView{
		Name: s.Name, Kind: d.sourceKind(s.Kind), Badge: "healthy", LastSuccess: h.LastSuccess, LastChange: h.LastChange,
		NextFetch: h.NextFetch, Streak: h.ErrorStreak, Items: h.Items, Pushed: known && h.NextFetch.IsZero(),
	}
	for i, slug := range s.Topics {
		if i > 0 {
			v.Topics += ", "
		}
		v.Topics += topic.Name(slug, d.t.Language)
	}
	if v.NextFetch.Before(d.now()) && !v.NextFetch.IsZero() {
		v.NextFetch, v.Due = time.Time{}, true
	}
	switch {
	case s.Paused:
		v.Badge, v.rank, v.Words = "paused", rankPaused, d.t.T("source.paused")
	case h.ErrorStreak > 0:
		v.Badge, v.rank, v.Words, v.Technical = "failing", rankFailing, d.reason(h.LastReason), h.LastError
	case h.Stale:
		v.Badge, v.rank = "silent", rankSilent
		v.Words = d.t.T("source.silent", "duration", d.t.Duration(d.now().Sub(latest(h.LastChange, h.LastSuccess))))
	case h.Drifting:
		v.Badge, v.rank, v.Words = "failing", rankFailing, d.t.T("source.drifting")
	case !known || h.LastAttempt.IsZero():
		v.Badge = "pending"
	}
	return v
}

// sourceKind is a connector's kind in words, where we have them.
func (d *desktop) sourceKind(kind string) string {
	switch kind {
	case "feed", "cap", "vigilance", "webhook", "page", "calendar", "opendata":
		return d.t.T("sourcekind." + kind)
	}
	return kind
}

func latest(change, success time.Time) time.Time {
	if change.IsZero() {
		return success
	}
	return change
}

// troubled is how many sources need somebody.
func (d *desktop) troubled() int {
	n := 0
	for _, s := range d.Sources.All(d.authority.ID) {
		if s.ID != sourceConsole && d.source(s).rank >= rankSilent {
			n++
		}
	}
	return n
}

const refusedWithin = 2 * time.Second

// refused reads the last refusal of a source, which is what somebody can act on. Ingest may not run here, or
// never have refused anything: then there are none.
func (d *desktop) refused(ctx context.Context, s registry.Source) *refusedView {
	ctx, cancel := context.WithTimeout(ctx, refusedWithin)
	defer cancel()
	stream, err := d.JetStream.Stream(ctx, bus.StreamRejected)
	if err != nil {
		return nil
	}
	subject := events.SubjectRejected + "." + s.Authority + "." + s.ID
	last, err := stream.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return nil
	}
	var refusal record.Rejection
	if json.Unmarshal(last.Data, &refusal) != nil {
		return nil
	}
	return &refusedView{refusal.At, d.reason(refusal.Reason), refusal.Detail, refusal.Bytes}
}

// streamView is one stream, in words.
type streamView struct {
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
	p.Data = struct {
		Streams []streamView
		Relay   bool
		Empty   web.EmptyState
	}{list, d.authority.RelayStateAlerts, web.EmptyState{Icon: "filter", Title: d.t.T("streams.empty"), Text: d.t.T("streams.empty.text")}}
	c.renderer.Render(w, r, http.StatusOK, "streams", p)
}

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
