package feed

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/publisher/channel"
)

// selection is what a feed holds, by its address under /feeds/ without the
// format: <authority>, <authority>/<stream>, <authority>/topic/<topic>,
// <authority>/area/<INSEE code or sector>; or <authority>/cap/<identifier>, one
// CAP message. All but that may end in .<language>, as <authority>.en: entries
// are then in that language where they are said in it.
type selection struct{ authority, stream, topic, area, message, language string }

func parse(path string) (selection, bool) {
	parts := strings.Split(path, "/")
	s := selection{}
	if last := len(parts) - 1; !strings.Contains(path, "/cap/") {
		tagged := false
		if parts[last], s.language, tagged = strings.Cut(parts[last], "."); tagged && s.language == "" {
			return s, false
		}
	}
	s.authority = parts[0]
	switch {
	case len(parts) == 1:
	case len(parts) == 2:
		s.stream = parts[1]
	case len(parts) == 3 && parts[1] == "topic" && events.IsSlug(parts[2]):
		s.topic = parts[2]
	case len(parts) == 3 && parts[1] == "area" && isArea(parts[2]):
		s.area = parts[2]
	case len(parts) == 3 && parts[1] == "cap" && parts[2] != "":
		s.message = parts[2]
	default:
		return s, false
	}
	return s, true
}

// isArea: the code of a commune or département, or a sector's slug.
func isArea(s string) bool { return events.IsSlug(strings.ToLower(s)) }

// entry is one of a feed, with what its delivery says.
type entry struct {
	Entry
	revision int
	publicID string
}

// document is what a feed holds now.
type document struct {
	Title, Description, Language string
	Self, Home, Base, Hub        string
	Authority                    string // ID
	ID                           string
	Updated                      time.Time
	Until                        time.Time // the next expiry or start
	Entries                      []entry
	Languages                    []string // that it can be read in besides
	path                         string   // of Self, without language and format
}

// epoch dates a feed that never had an entry.
func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// maxEntries in one document, newest first.
const maxEntries = 50

// document gathers what a selection holds; false when there is no such feed.
func (s *server) document(sel selection, now time.Time) (document, bool) {
	a, ok := s.deps.Directory.Authority(sel.authority)
	if !ok {
		return document{}, false
	}
	if sel.language != "" && !publishesIn(a, sel.language) {
		return document{}, false
	}
	doc := s.heading(a)
	if !s.narrow(&doc, a, sel) {
		return document{}, false
	}
	for _, d := range s.deps.Shelf.Items(Kind, sel.authority, endpoint) {
		if !s.selects(sel, d) {
			continue
		}
		switch {
		case now.Before(d.NotBefore):
			doc.Until = earlier(doc.Until, d.NotBefore)
			continue
		case !now.Before(d.Expires):
			doc.Updated = later(doc.Updated, d.Expires.Truncate(time.Second))
			continue
		}
		body, err := channel.BodyOf[Entry](d.Rendition)
		if err != nil {
			s.deps.Logger.Error("feed: entry", "delivery", d.ID, "err", err)
			continue
		}
		if sel.area != "" && len(body.Areas) > 0 && !slices.Contains(body.Areas, sel.area) {
			continue
		}
		doc.Until = earlier(doc.Until, d.Expires)
		doc.Updated = later(doc.Updated, body.Updated)
		doc.Languages = doc.spoken(a, body)
		doc.Entries = append(doc.Entries, entry{body.in(sel.language), d.Revision, d.Publication})
	}
	doc.speak(sel.language)
	doc.sort()
	return doc, true
}

// publishesIn tells whether an authority has feeds in a language: its own,
// those it publishes in besides, and plain language.
func publishesIn(a registry.Authority, language string) bool {
	return language == a.Language || slices.Contains(a.Languages, language) || events.IsPlainLanguage(language) && strings.HasPrefix(language, a.Language+"-")
}

// spoken adds the languages of an entry that the authority publishes in.
func (d *document) spoken(a registry.Authority, e Entry) []string {
	for language := range e.Variants {
		if publishesIn(a, language) && !slices.Contains(d.Languages, language) {
			d.Languages = append(d.Languages, language)
		}
	}
	return d.Languages
}

// speak makes it the feed in a language, and names it in the others.
func (d *document) speak(language string) {
	if len(d.Languages) > 0 {
		d.Languages = append(d.Languages, d.Language)
	}
	if language != "" {
		d.ID += "/in/" + language
	}
	if language != "" && language != d.Language {
		d.Title += " (" + language + ")"
		d.Language = language
	}
	d.Languages = slices.DeleteFunc(d.Languages, func(l string) bool { return l == d.Language })
	slices.Sort(d.Languages)
}

func (d *document) sort() {
	slices.SortFunc(d.Entries, func(x, y entry) int {
		return cmp.Or(y.Updated.Compare(x.Updated), strings.Compare(x.ID, y.ID))
	})
	d.Entries = d.Entries[:min(len(d.Entries), maxEntries)]
}

func (s *server) heading(a registry.Authority) document {
	base := s.deps.PublicURL
	return document{
		Title: a.Name, Description: a.Name + " : les informations", Language: a.Language, Base: base, Authority: a.ID,
		Home: base + "/c/" + a.ID, ID: "tag:" + tagHost(base) + ",2026:feed/" + a.ID, Updated: epoch(),
		Until: s.deps.Now().Add(refresh), Hub: s.hubURL,
	}
}

// narrow names the part that a selection is of; false when the authority has
// no such part for everybody.
func (s *server) narrow(doc *document, a registry.Authority, sel selection) bool {
	switch {
	case sel.stream != "":
		st, ok := s.deps.Directory.Stream(a.ID, sel.stream)
		if !ok || !st.Public {
			return false
		}
		doc.Title += " – " + st.Name
		doc.ID += "/" + sel.stream
		if st.Description != "" {
			doc.Description = oneLine(st.Description)
		}
	case sel.topic != "":
		doc.Title += " – " + topic.Name(sel.topic, a.Language)
		doc.ID += "/topic/" + sel.topic
	case sel.area != "":
		doc.Title += " – " + sel.area
		doc.ID += "/area/" + sel.area
	}
	return true
}

// selects tells whether a delivery may be in the feed; its areas are in its
// entry.
func (s *server) selects(sel selection, d events.Delivery) bool {
	if sel.stream != "" {
		return d.Stream == sel.stream
	}
	return s.public(d) && (sel.topic == "" || d.Topic == sel.topic)
}

// public tells whether d's stream has a feed that anyone reads; one that was
// deleted since keeps what it said until it expires.
func (s *server) public(d events.Delivery) bool {
	st, ok := s.deps.Directory.Stream(d.Authority, d.Stream)
	return !ok || st.Public
}

// capMessage is one revision of an alert.
type capMessage struct {
	entry    Entry
	delivery events.Delivery
}

// capMessages returns the revisions of a publication's alert on the shelf, up
// to one, oldest first.
func (s *server) capMessages(authority, publication string, revision int) []capMessage {
	var list []capMessage
	for rev := 1; rev <= revision; rev++ {
		for _, d := range s.deps.Shelf.Items(Kind, authority, historyOf(rev)) {
			if d.Publication != publication {
				continue
			}
			if e, err := channel.BodyOf[Entry](d.Rendition); err == nil && e.Alert != nil {
				list = append(list, capMessage{e, d})
			}
		}
	}
	return list
}

// alerts is the index of CAP messages: the alerts of a selection, and those
// withdrawn that are not yet over.
func (s *server) alerts(sel selection, now time.Time) (document, bool) {
	doc, ok := s.document(sel, now)
	if !ok {
		return doc, false
	}
	doc.Title += " – alertes (CAP)"
	doc.ID += "/cap"
	doc.Entries = slices.DeleteFunc(doc.Entries, func(e entry) bool { return e.Alert == nil })
	for _, d := range s.deps.Shelf.Items(Kind, sel.authority, cancelled) {
		body, err := channel.BodyOf[Entry](d.Rendition)
		if err != nil || body.Alert == nil || !s.selects(sel, d) || !now.Before(d.Expires) ||
			sel.area != "" && len(body.Areas) > 0 && !slices.Contains(body.Areas, sel.area) {
			continue
		}
		body = body.in(sel.language)
		doc.Until = earlier(doc.Until, d.Expires)
		doc.Updated = later(doc.Updated, body.Updated)
		doc.Entries = append(doc.Entries, entry{body, d.Revision, d.Publication})
	}
	doc.sort()
	return doc, true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a
}

// refresh is how long a written page holds when nothing is delivered: names
// and streams change too.
const refresh = time.Minute
