package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/curator/rule"
	"github.com/crieur/crieur/services/web"
)

const (
	// doTry asks what an address gives.
	doTry = "try"
	// tryWithin bounds how long an officer waits for a site.
	tryWithin = 25 * time.Second
	// trialShown bounds the messages of a trial.
	trialShown = 10
)

// trial is what ingest found at an address: the part of a source that no
// officer types. It travels sealed in the form between the trial and the
// adding: settings may name files of the server, and only ingest writes them.
type trial struct {
	Kind     string          `json:"kind"`
	URL      string          `json:"url"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Every    time.Duration   `json:"every"`
	// Untaken says that it gives messages and no stream takes one by itself:
	// the officer must choose, else they go nowhere.
	Untaken bool `json:"untaken,omitempty"`
}

// sealed binds a trial to the officer and the authority.
func (c *Console) sealed(d *desktop, t trial) string {
	body, err := json.Marshal(t)
	if err != nil { // only invalid settings, which were decoded from JSON
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(c.box.Seal(body, "trial "+d.officer.ID+" "+d.authority.ID))
}

func (c *Console) unsealed(d *desktop, text string) (trial, bool) {
	var t trial
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, false
	}
	body, err := c.box.Open(sealed, "trial "+d.officer.ID+" "+d.authority.ID)
	return t, err == nil && json.Unmarshal(body, &t) == nil
}

// trialView is what an address gives, in words.
type trialView struct {
	Kind, URL string
	Web       bool
	Total     int
	Messages  []trialMessage
	Refused   int
	Problem   string // why there are no messages although there are records
	Streams   []streamChoice
	Untaken   bool // no stream takes any by itself
	Own       bool // a stream of its own was asked for
}

// trialMessage is a message as it would come, or why there would be none.
type trialMessage struct {
	Title, Summary, Topic, Place, Link string
	Badges                             []web.Badge
	Severity                           string
	Onset, Ends, Expires               time.Time
	Late                               bool   // it is out of date already
	Refused                            string // technical detail
}

// streamChoice is a stream that takes, or may take, what the source gives.
type streamChoice struct {
	ID, Name  string
	Automatic bool
	Narrow    bool // its rule names its sources: the officer chooses
	Checked   bool
	Takes     int // of the messages shown
}

// ask asks ingest and normalizer what an address gives. On failure it says
// why, in words, and in detail for who can mend it.
func (c *Console) ask(ctx context.Context, d *desktop, address string, source registry.Source) (t trial, name string, v *trialView, problem string) {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	reply, err := call.Ask(ctx, d.NATS, call.Try, call.TryRequest{Authority: d.authority.ID, URL: address, Limit: trialShown})
	if err != nil {
		c.cfg.Logger.InfoContext(ctx, "trial of an address", "authority", d.authority.ID, "err", err)
		return t, "", nil, d.t.T("trial.failed") + " " + d.sourceReason(events.OutcomeOf(err).Reason)
	}
	t = trial{Kind: reply.Kind, URL: reply.URL, Settings: reply.Settings, Every: reply.Every}
	v = &trialView{Kind: d.sourceKind(reply.Kind), URL: reply.URL, Web: isWeb(reply.URL), Total: max(reply.Total, len(reply.Records))}
	var raws []events.Raw
	for _, r := range reply.Records[:min(len(reply.Records), trialShown)] {
		if r.Refused == "" {
			raws = append(raws, r.Raw)
		}
	}
	source.Kind, source.URL, source.Settings = t.Kind, t.URL, t.Settings
	if source.ID == "" {
		source.ID, source.Name = d.freeSource(reply.Name, t.URL), reply.Name
	}
	source.SetDefaults()
	for i := range raws {
		raws[i].Authority, raws[i].Source = source.Authority, source.ID
	}
	normalised, err := d.normalise(ctx, source, raws)
	if err != nil {
		c.cfg.Logger.InfoContext(ctx, "messages of a trial", "authority", d.authority.ID, "err", err)
		v.Problem = d.t.T("trial.unread")
	}
	messages := d.trialMessages(v, reply.Records, normalised)
	v.Streams = d.streamChoices(source, messages)
	t.Untaken = len(messages) > 0 && !slices.ContainsFunc(v.Streams, func(k streamChoice) bool { return !k.Narrow && k.Takes > 0 })
	v.Untaken = t.Untaken
	return t, strings.TrimSpace(reply.Name), v, ""
}

func (d *desktop) normalise(ctx context.Context, source registry.Source, raws []events.Raw) ([]call.Normalised, error) {
	if len(raws) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	reply, err := call.Ask(ctx, d.NATS, call.Normalise, call.NormaliseRequest{Source: source, Raws: raws})
	return reply.Messages, err
}

// trialMessages puts records and the messages that they become side by side.
func (d *desktop) trialMessages(v *trialView, records []call.TryRecord, normalised []call.Normalised) []events.Message {
	var messages []events.Message
	next := 0
	for _, r := range records[:min(len(records), trialShown)] {
		if r.Refused != "" {
			v.Refused++
			v.Messages = append(v.Messages, trialMessage{Refused: r.Refused})
			continue
		}
		if next >= len(normalised) {
			continue
		}
		n := normalised[next]
		next++
		if n.Error != "" {
			v.Refused++
			v.Messages = append(v.Messages, trialMessage{Refused: n.Error})
			continue
		}
		messages = append(messages, n.Message)
		v.Messages = append(v.Messages, d.trialMessage(n.Message))
	}
	return messages
}

func (d *desktop) trialMessage(m events.Message) trialMessage {
	t := trialMessage{
		Title: m.Content.Title, Summary: m.Content.Summary, Topic: topic.Name(m.Topic, d.t.Language), Place: m.Content.Place,
		Badges: []web.Badge{web.Badge(m.Class)}, Onset: deref(m.Onset), Ends: deref(m.Ends), Expires: m.Expires,
		Late: !m.Expires.IsZero() && !m.Expires.After(d.now()),
	}
	if t.Summary == "" {
		t.Summary = m.Content.Text
	}
	t.Summary = short(t.Summary)
	if isWeb(m.Content.Link) {
		t.Link = m.Content.Link
	}
	if m.Severity.Rank() > events.SeverityUnknown.Rank() {
		t.Severity = d.severity(m.Severity)
	}
	if t.Place == "" && len(m.Areas) > 0 {
		t.Place = m.Areas[0].Name
	}
	return t
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// streamChoices are the authority's streams and what each would take.
func (d *desktop) streamChoices(source registry.Source, messages []events.Message) []streamChoice {
	var list []streamChoice
	for _, s := range d.Streams.All(d.authority.ID) {
		k := streamChoice{ID: s.ID, Name: s.Name, Automatic: s.Policy == registry.Automatic, Narrow: len(s.Rule.Sources) > 0}
		if k.Narrow {
			s.Rule.Sources = append(slices.Clone(s.Rule.Sources), source.ID)
		}
		for _, m := range messages {
			m.Authority, m.Source = source.Authority, source.ID
			if rule.Matches(s, rule.Place{Authority: d.authority}, m) {
				k.Takes++
			}
		}
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b streamChoice) int { return byName(a.Name, b.Name) })
	return list
}

// retrySource asks what a source's address gives now, as the form has it, and
// keeps nothing.
func (c *Console) retrySource(w http.ResponseWriter, r *http.Request, d *desktop, s registry.Source, revision uint64, form *web.Form) {
	address := s.URL
	if text := form.Get("url"); text != "" {
		address = text
	}
	if address == "" {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	if !c.mayTry(w, r, d) {
		return
	}
	var v sourcePage
	t, _, found, problem := c.ask(r.Context(), d, address, s)
	v.Trial, v.Problem = found, problem
	if found != nil && t.Kind != s.Kind {
		v.Problem = d.t.T("trial.otherkind", "kind", found.Kind)
	}
	c.showSource(w, r, d, http.StatusOK, s, revision, form, v)
}

// mayTry paces trials: each is a request to somebody's site.
func (c *Console) mayTry(w http.ResponseWriter, r *http.Request, d *desktop) bool {
	after, ok := c.trials.Allow(d.officer.ID)
	if !ok {
		c.renderer.TooMany(w, r, after)
	}
	return ok
}
