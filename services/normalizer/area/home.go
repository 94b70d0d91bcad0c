package area

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events/territory"
)

// Home is where a source's messages apply when they do not say: INSEE codes of
// communes, or of a département whose communes are then all at home.
type Home struct {
	codes       []string
	departement string            // of the first code
	byName      map[string]string // folded name to code; nil when the home is one commune
	maxWords    int

	around          []string            // the codes of communes, an arrondissement's as its commune's
	arrondissements map[string][]string // by commune; of those where it is not at home itself
}

// NewHome prepares a home. Codes that are no commune, département or region
// stand for themselves.
func NewHome(codes []string) *Home {
	h := &Home{codes: slices.Clone(codes)}
	if len(codes) == 0 {
		return h
	}
	for _, c := range codes {
		if parent := territory.Parent(c); parent != "" && !slices.Contains(codes, parent) {
			if h.arrondissements == nil {
				h.arrondissements = map[string][]string{}
			}
			h.arrondissements[parent] = append(h.arrondissements[parent], c)
			c = parent
		}
		h.around = append(h.around, c)
	}
	h.departement = territory.DepartementOf(codes[0])
	france := territory.France()
	var communes []territory.Commune
	for _, c := range codes {
		if len(c) < 5 {
			communes = append(communes, france.In(c)...)
		} else if x, ok := france.Commune(c); ok {
			communes = append(communes, x)
		}
	}
	if len(communes) < 2 {
		return h
	}
	h.byName = make(map[string]string, len(communes))
	for _, c := range communes {
		name := territory.Fold(c.Name)
		if _, taken := h.byName[name]; !taken {
			h.byName[name] = c.Code
		}
		h.maxWords = max(h.maxWords, strings.Count(name, " ")+1)
	}
	return h
}

// Codes returns the home's own codes.
func (h *Home) Codes() []string { return slices.Clone(h.codes) }

const maxMentions = 30

// mentions returns the codes of the home's communes that a folded text names
// after a word of place ("à", "de la commune de", "sur"), or anywhere in a
// title.
func (h *Home) mentions(title, body string) []string {
	if h.byName == nil {
		return nil
	}
	codes := h.scan(title, true)
	if len(codes) == 0 {
		codes = h.scan(body, false)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func (h *Home) scan(folded string, anywhere bool) []string {
	if len(folded) > 4000 {
		folded = folded[:4000]
	}
	words := strings.Split(folded, " ")
	var codes []string
	listed := false // after a commune, "et" and a list go on
	for i := 0; i < len(words) && len(codes) < maxMentions; {
		place := anywhere || listed || i > 0 && placeWord(words[i-1])
		n, code := 0, ""
		if place && len(words[i]) > 0 {
			n, code = h.longest(words[i:])
		}
		if n == 0 || anywhere && len(words[i]) < 4 && n == 1 {
			listed = listed && (words[i] == "et" || words[i] == "ou")
			i++
			continue
		}
		codes = append(codes, code)
		i += n
		listed = true
	}
	return codes
}

// longest returns how many words the longest name at the start of words has.
func (h *Home) longest(words []string) (int, string) {
	for n := min(h.maxWords, len(words)); n > 0; n-- {
		if code, ok := h.byName[strings.Join(words[:n], " ")]; ok {
			return n, code
		}
	}
	return 0, ""
}

func placeWord(w string) bool {
	switch w {
	case "a", "au", "aux", "sur", "de", "d", "commune", "communes", "ville", "mairie", "entre", "vers", "secteur":
		return true
	}
	return false
}
