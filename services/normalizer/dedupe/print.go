package dedupe

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// family is a group of topics in which sources differ on the same thing.
type family uint8

// The families.
const (
	weather family = 1 + iota
	roads
	water
	outings
	council
	others
	energy
)

func familyOf(topic string) family {
	switch topic {
	case "meteo", "inondation", "risques", "environnement":
		return weather
	case "travaux-circulation", "transports", "urbanisme":
		return roads
	case "eau":
		return water
	case "energie":
		return energy
	case "culture", "evenements", "sport", "vie-associative", "marches", "jeunesse", "economie":
		return outings
	case "vie-municipale", "enquetes-publiques", "elections", "etat-civil":
		return council
	}
	return others
}

// Print is what is compared of a message: the distinct stems of its title and
// of its text, hashed and sorted.
type Print struct {
	Title, All []uint32
}

// Maker makes prints. It is safe for concurrent use.
type Maker struct {
	stemmer *stem.Stemmer
	seed    maphash.Seed
	common  map[string]bool
}

// NewMaker returns a Maker. Prints of two makers cannot be compared.
func NewMaker(s *stem.Stemmer) *Maker {
	m := &Maker{stemmer: s, seed: maphash.MakeSeed(), common: map[string]bool{}}
	for _, w := range s.Words(nil, territory.Fold(commonWords), -1) {
		m.common[w] = true
	}
	return m
}

// commonWords say nothing of what a message is about.
const commonWords = `le la les de du des un une et en a au aux dans pour par sur avec sans sous ce cette ces cet son sa ses leur leurs
 il elle ils elles on nous vous qui que quoi dont ou ne pas plus est sont sera seront ete etre avoir a ont afin lors jusqu jusque depuis
 entre vers tout tous toute toutes meme aussi ainsi mais donc car si votre vos notre nos se d l s n y c j qu
 raison cadre merci information informations infos commune communes ville mairie habitants bonjour madame monsieur
 lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
 heure heures h matin soir jour jours semaine date 2025 2026 2027 suite prevu prevue prevus partir compter`

const printWords = 120

// Print makes the print of a message.
func (k *Maker) Print(m *events.Message) Print {
	text := m.Content.Text
	if text == "" {
		text = m.Content.Summary
	}
	if len(text) > 2000 {
		text = text[:2000]
	}
	title := k.hashes(territory.Fold(m.Content.Title))
	all := append(slices.Clone(title), k.hashes(territory.Fold(text))...)
	slices.Sort(title)
	slices.Sort(all)
	return Print{Title: slices.Compact(title), All: slices.Compact(all)}
}

func (k *Maker) hashes(folded string) []uint32 {
	var out []uint32
	for _, w := range k.stemmer.Words(nil, folded, printWords) {
		if len(w) > 1 && !k.common[w] && strings.Trim(w, "0123456789h") != "" {
			out = append(out, uint32(maphash.String(k.seed, w)))
		}
	}
	return out
}

// The thresholds of words, set on the pairs in testdata/pairs.json.
const (
	enoughWords = 3    // stems in common, at least
	sameTitle   = 0.60 // share of the shorter title found in the other text
	sameText    = 0.50 // share of the shorter text found in the other
	sameInPlace = 0.34 // either, when the street is the same
	sameByName  = 0.25 // of the text, when a proper name and the days are the same
)

// likeness is how much two prints have in common: stems, and their share of the
// shorter text and of the shorter title. It is the same either way.
func likeness(a, b Print) (common int, text, title float64) {
	common = shared(a.All, b.All)
	text = float64(common) / float64(max(1, min(len(a.All), len(b.All))))
	for _, x := range [][2]Print{{a, b}, {b, a}} {
		if len(x[0].Title) <= len(x[1].Title) {
			title = max(title, float64(shared(x[0].Title, x[1].All))/float64(max(2, len(x[0].Title))))
		}
	}
	return common, text, title
}

// shared counts what two sorted lists have in common.
func shared(a, b []uint32) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			n++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return n
}

// near reports whether two folded places are the same street: the words of the
// shorter are all in the other, its house number apart.
func near(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(y) < len(x) {
		x, y = y, x
	}
	n := 0
	for _, w := range x {
		if w[0] >= '0' && w[0] <= '9' && len(w) <= 4 {
			continue
		}
		if !slices.Contains(y, w) {
			return false
		}
		n++
	}
	return n > 1
}
