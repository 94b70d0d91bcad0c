package runner

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// maxEntries bounds what is remembered of a source; those longest unseen go first.
	maxEntries = 4096
	// renameWindow is how long after its last sight an item may change its identifier.
	renameWindow = 48 * time.Hour
	// maxItemBytes is the length beyond which an identifier is replaced by its hash.
	maxItemBytes = 300
	// form is that of the hashes written now: addresses by source.Page.
	form = 1
)

// A Ledger remembers what a source has shown, to tell news from what is known.
type Ledger struct {
	Entries []*Known `json:"entries,omitempty"`
	// Read is true once the source was read with success.
	Read bool `json:"read,omitempty"`
}

// Known is one item already seen.
type Known struct {
	ID       string `json:"id"`             // as the source names it today
	Item     string `json:"item,omitempty"` // as first published, "" when equal to ID
	Hash     string `json:"h"`
	Form     int    `json:"f,omitempty"` // of Hash and Link: form, or 0 of old
	Link     uint32 `json:"l,omitempty"`
	Title    uint32 `json:"t,omitempty"`
	Revision int    `json:"r"`
	Seen     int64  `json:"s"`           // Unix seconds
	Present  bool   `json:"p,omitempty"` // in the last document
	Gone     bool   `json:"g,omitempty"` // withdrawn

	claimed bool
}

func (k *Known) item() string { return cmp.Or(k.Item, k.ID) }

// Rules are a kind's and the operator's choices.
type Rules struct {
	Now time.Time
	// BacklogAge is the age from which an item is old when its source is first read.
	BacklogAge time.Duration
	// BacklogKeep is how many recent items of a first read are news.
	BacklogKeep int
	// VanishWithdraws: an item no longer shown no longer stands.
	VanishWithdraws bool
	// Refused are the identifiers of what is shown and cannot be read: nothing says
	// that it no longer stands.
	Refused []string
	// Distinct: an identifier the source never used is a new item, even with the
	// content of another. True for pushed sources, whose sender chose it.
	Distinct bool
}

// A Change is what Apply found worth publishing.
type Change struct {
	Record    source.Record
	Item      string
	Hash      string
	Revision  int
	Withdrawn bool
	Backlog   bool
}

// sight is a record of the document being applied.
type sight struct {
	record      source.Record
	id          string
	title       uint32
	seen, older print // older is as form 0 has it, zero where none is asked
	known       *Known
}

// A print is what a text and its address are recognized by.
type print struct {
	hash string
	link uint32
}

// print gives that of s in the form that k has.
func (s *sight) print(k *Known) print {
	if k.Form == 0 {
		return s.older
	}
	return s.seen
}

func (s *sight) sameText(k *Known) bool  { return k.Hash == s.print(k).hash }
func (s *sight) sameLink(k *Known) bool  { return k.Link != 0 && k.Link == s.print(k).link }
func (s *sight) sameTitle(k *Known) bool { return k.Title != 0 && k.Title == s.title }

// Apply compares a document with what is known and returns what changed, in the
// document's order, withdrawals last. The rules, each a named test:
//
//   - the same identifier with another content is a new revision of the item;
//   - the same identifier with another link and another title is another item:
//     sites reuse identifiers;
//   - several items with one identifier in one document are all kept;
//   - another identifier with a content shown until now is the same item renamed,
//     so is one with the title and the page of one item alone, and an address in
//     https or with www. is the same identifier;
//   - order and dates of publication mean nothing;
//   - an item no longer shown is withdrawn only where the kind says so;
//   - at the first reading, what is old or undated is backlog, and later too when
//     many old items come at once, or many undated ones in the place of all others,
//     or an old one that was modified since.
func (l *Ledger) Apply(records []source.Record, rules Rules) []Change {
	first := !l.Read
	l.Read = true
	sights := look(records, slices.ContainsFunc(l.Entries, func(k *Known) bool { return k.Form == 0 }))
	l.match(sights, rules)
	var changes []Change
	for _, s := range sights {
		if c, changed := l.note(s, rules.Now); changed {
			changes = append(changes, c)
		}
	}
	markBacklog(changes, first, !first && l.moved(sights, changes, rules.Now), rules)
	for _, k := range l.Entries {
		k.claimed = k.claimed || k.Present && slices.Contains(rules.Refused, k.ID)
		if !k.claimed && k.Present && !k.Gone && rules.VanishWithdraws {
			k.Gone = true
			k.Revision++
			changes = append(changes, Change{Item: k.item(), Hash: fmt.Sprintf("withdrawn.%d", k.Revision), Revision: k.Revision, Withdrawn: true})
		}
		k.Present, k.claimed = k.claimed, false
	}
	l.trimTo(maxEntries)
	return changes
}

// look prepares the records, without those said twice in the same words; older
// says to print them in form 0 too.
func look(records []source.Record, older bool) []*sight {
	sights := make([]*sight, 0, len(records))
	seen := make(map[[2]string]bool, len(records))
	for _, r := range records {
		title, link := titleOf(r), source.CleanURL(r.URL)
		s := &sight{record: r, title: hash32(source.Text(title)), seen: print{source.Meaning(r.Value), hash32(source.Bare(link))}}
		if older {
			s.older = print{source.FormerMeaning(r.Value), hash32(link)}
		}
		s.id = cmp.Or(r.Item, link)
		if s.id == "" {
			s.id = fmt.Sprintf("%016x", xxhash.Sum64String(title+"\n"+source.Date(r.Value).String()))
		}
		if len(s.id) > maxItemBytes {
			s.id = fmt.Sprintf("%s~%016x", cut(s.id, maxItemBytes), xxhash.Sum64String(s.id))
		}
		if key := [2]string{s.id, s.seen.hash}; !seen[key] {
			seen[key] = true
			sights = append(sights, s)
		}
	}
	return sights
}

// match finds the known item of each sight, surest first.
func (l *Ledger) match(sights []*sight, rules Rules) {
	byID := make(map[string][]*Known, len(l.Entries))
	for _, k := range l.Entries {
		id := source.Bare(k.ID)
		byID[id] = append(byID[id], k)
	}
	claim := func(candidates []*Known, s *sight, same func(*Known) bool) {
		if s.known != nil {
			return
		}
		for _, k := range candidates {
			if !k.claimed && same(k) {
				k.claimed, s.known = true, k
				return
			}
		}
	}
	rounds := []func(k *Known, s *sight) bool{
		func(k *Known, s *sight) bool { return s.record.Withdrawn || s.sameText(k) },
		func(k *Known, s *sight) bool { return s.sameLink(k) && k.Title == s.title },
		func(k *Known, s *sight) bool { return s.sameLink(k) },
		func(k *Known, s *sight) bool { return s.sameTitle(k) },
		// Without two links to compare, the identifier is believed; so is an alert's,
		// that the standard makes unique.
		func(k *Known, s *sight) bool {
			_, alert := s.record.Value.(record.Alert)
			return alert || k.Link == 0 || s.seen.link == 0
		},
	}
	for _, same := range rounds {
		for _, s := range sights {
			claim(byID[source.Bare(s.id)], s, func(k *Known) bool { return same(k, s) })
		}
	}
	if rules.Distinct {
		return
	}
	l.rename(sights, byID, rules.Now, claim)
}

// rename finds under which other identifier the text, or else the page and the
// title, of a sight were known until now.
func (l *Ledger) rename(sights []*sight, byID map[string][]*Known, now time.Time, claim func([]*Known, *sight, func(*Known) bool)) {
	oldest := now.Add(-renameWindow).Unix()
	byText := make(map[string][]*Known, len(l.Entries))
	byLink := make(map[uint32][]*Known, len(l.Entries))
	for _, k := range l.Entries {
		if !k.Gone && (k.Present || k.Seen >= oldest) {
			byText[k.Hash] = append(byText[k.Hash], k)
			byLink[k.Link] = append(byLink[k.Link], k)
		}
	}
	sharing := make(map[uint32]int, len(sights))
	var unknown []*sight
	for _, s := range sights {
		sharing[s.seen.link]++
		if !s.record.Withdrawn && len(byID[source.Bare(s.id)]) == 0 {
			unknown = append(unknown, s)
		}
	}
	for _, s := range unknown {
		for _, p := range []print{s.seen, s.older} {
			claim(byText[p.hash], s, s.sameText)
		}
	}
	for _, s := range unknown {
		// An address that several items have names none of them; an alert says
		// itself which it replaces.
		if _, isEntry := s.record.Value.(record.Entry); !isEntry || sharing[s.seen.link] > 1 {
			continue
		}
		for _, p := range []print{s.seen, s.older} {
			if known := byLink[p.link]; len(known) == 1 {
				claim(known, s, func(k *Known) bool { return s.sameLink(k) && s.sameTitle(k) })
			}
		}
	}
}

// note writes a sight into the ledger and says whether it is a change.
func (l *Ledger) note(s *sight, now time.Time) (Change, bool) {
	k := s.known
	switch {
	case s.record.Withdrawn && (k == nil || k.Gone):
		return Change{}, false
	case s.record.Withdrawn:
		k.Gone, k.Seen = true, now.Unix()
		k.Revision++
		return Change{Record: s.record, Item: k.item(), Hash: fmt.Sprintf("withdrawn.%d", k.Revision), Revision: k.Revision, Withdrawn: true}, true
	case k == nil:
		k = &Known{ID: s.id, claimed: true}
		if slices.ContainsFunc(l.Entries, func(other *Known) bool { return other.item() == s.id }) {
			k.Item = s.id + "#" + s.seen.hash
		}
		l.Entries = append(l.Entries, k)
	default:
		if k.ID != s.id { // renamed: its first name stays the published one
			k.Item, k.ID = k.item(), s.id
		}
		if s.sameText(k) && !k.Gone {
			k.sees(s, now)
			return Change{}, false
		}
	}
	k.sees(s, now)
	k.Gone = false
	k.Revision++
	return Change{Record: s.record, Item: k.item(), Hash: publishedHash(k), Revision: k.Revision}, true
}

func (k *Known) sees(s *sight, now time.Time) {
	k.Hash, k.Link, k.Title, k.Form, k.Seen = s.seen.hash, s.seen.link, s.title, form, now.Unix()
}

// publishedHash tells a text put back as it was from its first publication: the
// raw's identifier is made of it.
func publishedHash(k *Known) string {
	if k.Revision <= 2 {
		return k.Hash
	}
	return fmt.Sprintf("%s.%d", k.Hash, k.Revision)
}

// trimTo forgets those longest unseen beyond n.
func (l *Ledger) trimTo(n int) {
	if len(l.Entries) <= n {
		return
	}
	slices.SortStableFunc(l.Entries, func(a, b *Known) int {
		if a.Present != b.Present {
			if a.Present {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Seen, a.Seen)
	})
	clear(l.Entries[n:])
	l.Entries = l.Entries[:n]
}

func titleOf(r source.Record) string {
	switch v := r.Value.(type) {
	case record.Entry:
		return v.Title
	case record.Alert:
		if len(v.Infos) > 0 {
			return cmp.Or(v.Infos[0].Headline, v.Infos[0].Event)
		}
	}
	return ""
}

func hash32(s string) uint32 {
	if s == "" {
		return 0
	}
	return max(uint32(xxhash.Sum64String(s)), 1)
}

func cut(s string, n int) string {
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
