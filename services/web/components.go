package web

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Badge is a state, a class or a severity, drawn as a word with an icon on a tone: colour never speaks alone.
// An unknown badge is drawn neutral, with its own name.
type Badge string

type look struct {
	tone Tone
	icon string
}

func (b Badge) component() string { return "badge" }

// Badges are the known ones; each has a text "badge.<name>" in the catalogues.
func Badges() []Badge {
	return []Badge{
		"received", "draft", "pending_review", "approved", "scheduled", "published", "expired", "rejected", "corrected", "cancelled",
		"alert", "service", "promotional", "exercise",
		"extreme", "severe", "moderate", "minor", "unknown",
		"pending", "accepted", "sent", "delivered", "displayed", "failed",
		"healthy", "silent", "failing", "paused",
		"active", "invited", "invitation_expired", "suspended",
	}
}

func (b Badge) look() look {
	switch b {
	case "received":
		return look{Info, "inbox"}
	case "draft", "unknown", "pending":
		return look{Neutral, "circle"}
	case "pending_review":
		return look{Warning, "eye"}
	case "scheduled":
		return look{Info, "clock"}
	case "approved", "accepted":
		return look{Info, "check"}
	case "published", "delivered", "displayed", "healthy", "active":
		return look{Success, "check"}
	case "sent":
		return look{Success, "send"}
	case "invited":
		return look{Info, "mail"}
	case "expired", "invitation_expired":
		return look{Neutral, "hourglass"}
	case "paused", "suspended":
		return look{Neutral, "pause"}
	case "rejected", "failed", "failing":
		return look{Danger, "cross"}
	case "corrected":
		return look{Warning, "edit"}
	case "cancelled":
		return look{Neutral, "cross"}
	case "alert", "extreme":
		return look{"alert", "alert"}
	case "severe":
		return look{Danger, "alert"}
	case "moderate", "silent":
		return look{Warning, "alert"}
	case "minor":
		return look{Neutral, "alert"}
	case "service":
		return look{"service", "wrench"}
	case "promotional":
		return look{"promotional", "tag"}
	case "exercise":
		return look{Neutral, "flag"}
	}
	return look{Neutral, "circle"}
}

func toneIcon(t Tone) string {
	switch t {
	case Success:
		return "check"
	case Warning:
		return "alert"
	case Danger:
		return "cross"
	}
	return "info"
}

func (b Badge) draw(t *Translator) any {
	key := "badge." + string(b)
	label := string(b)
	if t.catalogue.Has(key) {
		label = t.T(key)
	}
	return struct {
		Kind, Label, Icon string
		Tone              Tone
	}{string(b), label, b.look().icon, b.look().tone}
}

// ActionKind is the weight of an Action: one Primary a page.
type ActionKind string

// The weights.
const (
	Primary   ActionKind = "primary"
	Secondary ActionKind = "secondary"
	Quiet     ActionKind = "quiet"
	Dangerous ActionKind = "danger"
)

// Action is a button: a link with Href, or a form of its own that POSTs Values to Post.
type Action struct {
	Label, Icon string
	Href, Post  string
	Values      url.Values
	Kind        ActionKind // Secondary when empty
	Confirm     string     // asks this question first, in a disclosure that needs no script; with Post only
}

func (a Action) component() string { return "action" }

func (a Action) draw(*Translator) any {
	if a.Kind == "" {
		a.Kind = Secondary
	}
	return a
}

func (l Link) component() string { return "link" }

// Card is one piece of information in a list or a grid.
type Card struct {
	Title, Href string
	Level       int // of the heading, 2 to 4; 3 by default
	Badges      []Badge
	When        time.Time
	Source      string   // "Préfecture de la Gironde"
	Lead        []string // what decides whether to read on, such as when and where
	Summary     string   // plain text
	Facts       []string // short: "3 canaux", "Centre-ville"
	Actions     []Action
	Tone        Tone // "" or "alert": a card that stands out
}

func (c Card) component() string { return "card" }

func (c Card) draw(*Translator) any {
	if c.Level < 2 || c.Level > 4 {
		c.Level = 3
	}
	c.Title, c.Summary = NoBreaks(c.Title), NoBreaks(c.Summary)
	return c
}

// Column is one of a Table.
type Column struct {
	Label   string
	Numeric bool   // set right, figures of one width
	Href    string // sorts by this column
	Sorted  string // "ascending", "descending" or ""
}

// Table becomes one block a row on a narrow screen. A cell is text, a number, a time.Time or a component.
type Table struct {
	Caption       string
	CaptionHidden bool // where a heading already says it
	Columns       []Column
	Rows          [][]any // the first cell names its row
	Empty         EmptyState
}

func (t Table) component() string { return "table" }

// Tabs are links to parts of a page; Current marks the present one.
type Tabs struct {
	Label string // of the navigation, for those who hear it
	Items []Link
}

func (t Tabs) component() string { return "tabs" }

// Steps shows where one is in a sequence of pages.
type Steps struct {
	Labels  []string
	Current int // from 1
}

func (s Steps) component() string { return "steps" }

// Pagination of a list. Base is the list's address, whose parameter "page" is replaced.
type Pagination struct {
	Page, Pages int // from 1
	Base        string
}

func (p Pagination) component() string { return "pagination" }

func (p Pagination) draw(*Translator) any {
	address := func(page int) string {
		base, err := url.Parse(p.Base)
		if err != nil {
			return "?page=" + strconv.Itoa(page)
		}
		query := base.Query()
		query.Set("page", strconv.Itoa(page))
		base.RawQuery = query.Encode()
		return base.String()
	}
	type entry struct {
		Number  int // 0: a gap
		Href    string
		Current bool
	}
	drawn := struct {
		Page, Pages    int
		Previous, Next string
		Entries        []entry
	}{Page: p.Page, Pages: p.Pages}
	if p.Page > 1 {
		drawn.Previous = address(p.Page - 1)
	}
	if p.Page < p.Pages {
		drawn.Next = address(p.Page + 1)
	}
	shown := []int{1, p.Page - 1, p.Page, p.Page + 1, p.Pages}
	slices.Sort(shown)
	last := 0
	for _, n := range slices.Compact(shown) {
		if n < 1 || n > p.Pages {
			continue
		}
		if n > last+1 {
			drawn.Entries = append(drawn.Entries, entry{})
		}
		drawn.Entries = append(drawn.Entries, entry{n, address(n), n == p.Page})
		last = n
	}
	return drawn
}

// EmptyState says that there is nothing, and what to do next.
type EmptyState struct {
	Icon, Title, Text string
	Actions           []Action
}

func (e EmptyState) component() string { return "empty" }

// Notice is a framed remark in the page.
type Notice struct {
	Tone        Tone // Info when empty
	Title, Text string
	Actions     []Action
}

func (n Notice) component() string { return "notice" }

func (n Notice) draw(*Translator) any {
	if n.Tone == "" {
		n.Tone = Info
	}
	return n
}

// Details hides a text or a component behind a summary, without script.
type Details struct {
	Summary string
	Body    any // text or component
	Open    bool
}

func (d Details) component() string { return "details" }

// Summary is a list of terms and their values, each with its change link.
type Summary struct{ Rows []SummaryRow }

// SummaryRow is one of a Summary. Value is text, a number, a time.Time or a component.
type SummaryRow struct {
	Term   string
	Value  any
	Change Action
}

func (s Summary) component() string { return "summary" }

// Timeline is what happened, in order: provenance, audit trail, follow-up of a case.
type Timeline struct{ Entries []TimelineEntry }

// TimelineEntry is one fact.
type TimelineEntry struct {
	When        time.Time
	Who, What   string
	Href        string // where What leads; optional
	Detail      string
	Tone        Tone // Neutral when empty
	Icon        string
	Description any // component; optional
}

func (t Timeline) component() string { return "timeline" }

func (t Timeline) draw(*Translator) any {
	entries := slices.Clone(t.Entries)
	for i := range entries {
		entries[i].What, entries[i].Detail = NoBreaks(entries[i].What), NoBreaks(entries[i].Detail)
	}
	return Timeline{entries}
}

// Stat is a figure with all that makes it trustworthy.
type Stat struct {
	Question    string // that the figure answers; optional
	Label       string
	Value       any    // number or text; nil: not known yet
	Unit        string // "%", "€", "habitants"
	Suppressed  bool   // fewer than five people: the value is hidden
	Change      string // "+ 4 points en un mois"; in words, not a colour
	Definition  string
	Formula     string
	RefreshedAt time.Time
	CSV         string // address of the figures
	Trend       *Chart // a Sparkline; optional
}

func (s Stat) component() string { return "stat" }

// moment is a time shown as a distance, with the full date for those who ask.
type moment struct{ When time.Time }

func (m moment) component() string { return "moment" }

func (m moment) draw(t *Translator) any {
	return struct{ Text, Full, Machine string }{t.Ago(m.When), t.DateTime(m.When), m.When.UTC().Format(time.RFC3339)}
}
