package sign

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Display is what a sign shows at a moment: the pages in turn, over and over.
// It is the MQTT payload and the answer of <sign>.json.
type Display struct {
	Version   int    `json:"version"` // of this form: 1
	Authority string `json:"authority"`
	Sign      string `json:"sign"`
	Hash      string `json:"hash"`     // of what is shown; what a proof of display quotes
	TakeOver  bool   `json:"takeOver"` // alerts only, the rest waits
	Pages     []Page `json:"pages"`    // none: the sign is dark or idle
}

// Page is one page of a Display.
type Page struct {
	Lines       []string       `json:"lines"`
	Title       []int          `json:"title,omitempty"` // indexes of the title's lines
	Seconds     int            `json:"seconds"`
	Publication string         `json:"publication"`
	Class       events.Class   `json:"class"`
	Severity    string         `json:"severity,omitempty"`
	Until       time.Time      `json:"until"`          // when a sign that hears nothing takes it off by itself
	Said        *panel.Said    `json:"said,omitempty"` // of kiosks: the same as people write it
	Language    string         `json:"language,omitempty"`
	profile     *panel.Profile // it was laid out for
}

// current tells what a sign shows now, what is on it, and until when that is
// right if nothing is delivered: a day at most.
func current(shelf channel.Shelf, authority, id string, now time.Time) (Display, []events.Delivery, time.Time) {
	display, on, until := standing(shelf.Items(Kind, authority, id), authority, id, now)
	if until.IsZero() {
		until = now.Add(24 * time.Hour)
	}
	return display, on, earlier(until, now.Add(24*time.Hour))
}

// standing tells what a sign that holds items shows at a moment, and until when;
// zero: for ever.
func standing(items []events.Delivery, authority, id string, now time.Time) (Display, []events.Delivery, time.Time) {
	var (
		on    []events.Delivery
		until time.Time
	)
	alert := false
	for _, d := range items {
		switch {
		case !now.Before(d.Expires):
			continue
		case now.Before(d.NotBefore):
			until = earlier(until, d.NotBefore)
			continue
		}
		until = earlier(until, d.Expires)
		if body, err := channel.BodyOf[Body](d.Rendition); err == nil && len(body.Profile.QuietHours) > 0 && d.Class != events.ClassAlert {
			dark, change := body.dark(now)
			until = earlier(until, change)
			if dark {
				continue // what is not shown has no proof of display either
			}
		}
		alert = alert || d.Class == events.ClassAlert
		on = append(on, d)
	}
	if alert {
		on = slices.DeleteFunc(on, func(d events.Delivery) bool { return d.Class != events.ClassAlert })
	}
	slices.SortFunc(on, func(a, b events.Delivery) int {
		return cmp.Or(b.Severity.Rank()-a.Severity.Rank(), b.ApprovedAt.Compare(a.ApprovedAt), cmp.Compare(a.ID, b.ID))
	})
	display := Display{Version: 1, Authority: authority, Sign: id, TakeOver: alert, Pages: []Page{}}
	for _, d := range on {
		body, err := channel.BodyOf[Body](d.Rendition)
		if err != nil {
			continue // was decoded when it was rendered
		}
		for _, pg := range body.Pages {
			display.Pages = append(display.Pages, Page{
				Lines: pg.Lines, Title: pg.Title, Seconds: pg.Seconds, Publication: d.Publication,
				Class: d.Class, Severity: string(d.Severity), Until: d.Expires.UTC(), Said: pg.Said, Language: body.Language, profile: &body.Profile,
			})
		}
	}
	display.Hash = display.hash()
	return display, on, until
}

func (d Display) hash() string {
	d.Hash = ""
	body, _ := json.Marshal(d) // plain data
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// at returns which page is up at a moment, by the clock, so that every reader
// sees the same.
func (d Display) at(now time.Time) int {
	total := 0
	for _, p := range d.Pages {
		total += p.Seconds
	}
	if total == 0 {
		return 0
	}
	s := int(now.Unix() % int64(total))
	for i, p := range d.Pages {
		if s < p.Seconds {
			return i
		}
		s -= p.Seconds
	}
	return 0
}

// earlier is the first of two moments; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
