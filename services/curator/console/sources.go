package console

import (
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/web"
)

// sourceView is one source and how it fares.
type sourceView struct {
	ID, Href           string
	Name, Kind, Topics string
	Badge              web.Badge
	Words              string // what is wrong, in words
	Technical          string // the same, for who mends it
	Alarms             []string
	Certificate, Token time.Time // when they end
	LastSuccess        time.Time
	LastChange         time.Time
	NextFetch          time.Time
	ADay               float64 // changes
	Streak             int
	Items              int
	Due                bool // the next reading is about to begin
	Pushed             bool
	Refused            *refusedView // the last
	RefusedCount       int          // in 30 days
	rank               int
}

func (c *Console) sources(w http.ResponseWriter, r *http.Request, d *desktop) {
	p := d.page(sectionSources, d.t.T("sources.title"))
	p.Lede = d.t.T("sources.lede")
	refusals := d.refusals(r.Context())
	var list []sourceView
	for _, s := range d.Sources.All(d.authority.ID) {
		if s.ID == sourceConsole {
			continue // it is the officers themselves
		}
		v := d.source(s)
		n := uint64(0)
		for _, subject := range refusedSubjects(s) {
			n += refusals[subject]
		}
		if n > 0 {
			v.RefusedCount, v.Refused = int(n), d.lastRefused(r.Context(), s) //nolint:gosec // the stream keeps a thousand of each
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b sourceView) int {
		if a.rank != b.rank {
			return b.rank - a.rank
		}
		return byName(a.Name, b.Name)
	})
	empty := web.EmptyState{Icon: "rss", Title: d.t.T("sources.empty"), Text: d.t.T("sources.empty.text")}
	add := ""
	if d.maySetUp() {
		add = d.sourcesPath() + "/new"
		empty.Text = d.t.T("sources.empty.add")
		empty.Actions = []web.Action{{Label: d.t.T("source.add"), Href: add, Icon: "plus", Kind: web.Primary}}
	}
	p.Data = struct {
		Sources []sourceView
		Add     string
		Empty   web.EmptyState
	}{list, add, empty}
	c.renderer.Render(w, r, http.StatusOK, "sources", p)
}

func (d *desktop) sourcesPath() string { return "/console/" + d.authority.ID + "/sources" }

// The health of a source, the worst last.
const (
	rankHealthy = iota
	rankPaused
	rankEnding // a certificate or a token is about to end
	rankSilent
	rankFailing
)

// endsSoon is how long before its end a certificate or a token is an alarm.
const endsSoon = 21 * 24 * time.Hour

func (d *desktop) source(s registry.Source) sourceView {
	h, known := d.Health.Get(s.Authority, s.ID)
	v := sourceView{
		ID: s.ID, Href: d.sourcesPath() + "/" + s.ID,
		Name: s.Name, Kind: d.sourceKind(s.Kind), Badge: "healthy", LastSuccess: h.LastSuccess, LastChange: h.LastChange,
		NextFetch: h.NextFetch, Streak: h.ErrorStreak, Items: h.Items, ADay: math.Round(h.ChangesADay*10) / 10,
		Certificate: h.CertificateExpires, Token: h.TokenExpires, Pushed: known && h.NextFetch.IsZero(),
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
	if s.Paused {
		v.Badge, v.rank, v.Words = "paused", rankPaused, d.t.T("source.paused")
		v.NextFetch, v.Due = time.Time{}, false
		return v
	}
	v.Alarms = d.endings(h)
	switch {
	case h.ErrorStreak > 0:
		v.Badge, v.rank, v.Words, v.Technical = "failing", rankFailing, d.sourceReason(h.LastReason), h.LastError
	case h.Stale:
		v.Badge, v.rank = "silent", rankSilent
		v.Words = d.t.T("source.silent", "duration", d.t.Duration(d.now().Sub(latest(h.LastChange, h.LastSuccess))))
	case h.Drifting:
		v.Badge, v.rank, v.Words = "failing", rankFailing, d.t.T("source.drifting")
	case !known || h.LastAttempt.IsZero():
		v.Badge = "pending"
	case len(v.Alarms) > 0:
		v.rank = rankEnding
	}
	return v
}

// endings are the alarms of what is about to end, before it does, and of what is
// slower than it could be.
func (d *desktop) endings(h registry.SourceHealth) []string {
	var list []string
	for _, text := range []string{d.ending("certificate", h.CertificateExpires), d.ending("token", h.TokenExpires)} {
		if text != "" {
			list = append(list, text)
		}
	}
	if h.PushRefused {
		list = append(list, d.t.T("source.push.refused"))
	}
	return list
}

// ending warns of a certificate or a token that ends soon, or did; empty: it
// does not.
func (d *desktop) ending(what string, when time.Time) string {
	left := when.Sub(d.now())
	switch {
	case when.IsZero() || left > endsSoon:
		return ""
	case left <= 0:
		return d.t.T("source."+what+".ended", "when", when)
	}
	return d.t.T("source."+what+".ends", "duration", d.t.Duration(left), "when", when)
}

// sourceKind is a connector's kind in words, where we have them.
func (d *desktop) sourceKind(kind string) string {
	key := "sourcekind." + kind
	if text := d.t.T(key); text != key {
		return text
	}
	return kind
}

func latest(change, success time.Time) time.Time {
	if change.IsZero() {
		return success
	}
	return change
}
