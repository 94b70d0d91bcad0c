package cap

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// part is what an alert says to the people of some places, in every language.
type part struct {
	infos []record.Info
	langs []string // of each info
	ranks []int    // of each info among those of its language
}

// split makes a record of each part of an alert (CAP 1.2 §3.2.2: an info tells
// one event, at one severity, to its own areas), so that nobody is told the
// instruction of others. An alert that has one thing to say stays whole.
func split(r source.Record) []source.Record {
	a, ok := r.Value.(record.Alert)
	if !ok {
		return []source.Record{r}
	}
	parts := merged(translated(a.Infos))
	if len(parts) < 2 {
		return []source.Record{r}
	}
	records := make([]source.Record, 0, len(parts))
	times := map[string]int{}
	for _, p := range parts {
		one := a
		one.Infos, one.Part = p.infos, p.name()
		if times[one.Part]++; times[one.Part] > 1 {
			one.Part = fmt.Sprintf("%s-%d", one.Part, times[one.Part])
		}
		record := source.Record{Item: one.Item(), URL: r.URL, Value: one, Refused: r.Refused}
		records = append(records, record)
	}
	return records
}

// translated puts each info with the same one in the other languages. Where no
// language has two, they are that; else they have the same terms and places, or,
// without codes to compare, the same rank in their languages.
func translated(infos []record.Info) []part {
	var parts []part
	ranks := map[string]int{}
	for _, i := range infos {
		ranks[tongue(i)]++
	}
	simple := true
	for _, n := range ranks {
		simple = simple && n == 1
	}
	if simple && len(infos) > 0 {
		return []part{{infos: infos}}
	}
	clear(ranks)
	for _, i := range infos {
		lang := tongue(i)
		rank := ranks[lang]
		ranks[lang]++
		at := slices.IndexFunc(parts, func(p part) bool { return !slices.Contains(p.langs, lang) && p.fits(i, rank) })
		if at < 0 {
			at = len(parts)
			parts = append(parts, part{})
		}
		p := &parts[at]
		p.infos, p.langs, p.ranks = append(p.infos, i), append(p.langs, lang), append(p.ranks, rank)
	}
	return parts
}

// tongue is the whole tag: some tell plain German ("de-LS") beside German.
func tongue(i record.Info) string { return strings.ToLower(i.Language) }

// fits reports whether an info may be the first of a part in another language.
func (p part) fits(i record.Info, rank int) bool {
	f := p.infos[0]
	if f.Severity != i.Severity || f.Urgency != i.Urgency || f.Certainty != i.Certainty || !f.Expires.Equal(i.Expires) || !slices.Equal(f.Responses, i.Responses) {
		return false
	}
	a, b := codes(f.Areas), codes(i.Areas)
	if len(a) == 0 && len(b) == 0 {
		return p.ranks[0] == rank
	}
	return slices.Equal(a, b)
}

// codes are the places of areas as far as no language names them, sorted.
func codes(areas []record.AlertArea) []string {
	var list []string
	for _, a := range areas {
		for name, values := range a.Geocodes {
			for _, v := range values {
				list = append(list, name+"="+v)
			}
		}
		list = append(append(list, a.Polygons...), a.Circles...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// merged makes one of the parts that say the same words to different places.
func merged(parts []part) []part {
	var out []part
	for _, p := range parts {
		at := slices.IndexFunc(out, func(o part) bool {
			return len(o.infos) == len(p.infos) && slices.EqualFunc(o.infos, p.infos, sameWords)
		})
		if at < 0 {
			p.infos = slices.Clone(p.infos)
			out = append(out, p)
			continue
		}
		for n, i := range p.infos {
			have := &out[at].infos[n].Areas
			*have = append(slices.Clip(*have), i.Areas...)
		}
	}
	return out
}

func sameWords(a, b record.Info) bool {
	a.Areas, b.Areas = nil, nil
	return reflect.DeepEqual(a, b)
}

// name is the same for the same event in the same places, whichever alert tells
// it: an update finds by it the part that it replaces.
func (p part) name() string {
	f := p.infos[0]
	places := codes(f.Areas)
	if len(places) == 0 {
		for _, a := range f.Areas {
			places = append(places, a.Description)
		}
		slices.Sort(places)
	}
	return fmt.Sprintf("%08x", uint32(xxhash.Sum64String(f.Event+"\n"+strings.Join(places, "\n"))))
}
