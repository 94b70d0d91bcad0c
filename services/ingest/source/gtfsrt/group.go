package gtfsrt

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/territory"
)

// lineMark is a line's name at the start of a title: "L 45", "Lignes 3 et 12 :",
// "Tram A -". A letter alone is a line only after a word that says so.
var lineMark = regexp.MustCompile(`(?i)^(?:lignes?|bus|tram(?:way)?|métro|l)[\s.]*((?:[a-z]?\d{1,3}[a-z]?|[a-z]\b)(?:\s*(?:,|/|&|\+|et)\s*(?:l[\s.]*)?(?:[a-z]?\d{1,3}[a-z]?|[a-z]\b))*)\s*[:,–-]*\s*`)

var lineName = regexp.MustCompile(`(?i)[a-z]?\d{1,3}[a-z]?|\b[a-z]\b`)

// shortestRest is how much of a title must remain once its line is taken off.
const shortestRest = 12

// unmark parts a title from the lines it begins with.
func unmark(title string) (lines []string, rest string) {
	at := lineMark.FindStringSubmatchIndex(title)
	if at == nil || len(title)-at[1] < shortestRest {
		return nil, title
	}
	names := strings.NewReplacer(" et ", " , ", " ET ", " , ").Replace(title[at[2]:at[3]])
	for _, l := range lineName.FindAllString(names, -1) {
		if !strings.EqualFold(l, "l") {
			lines = append(lines, strings.ToUpper(l))
		}
	}
	return lines, title[at[1]:]
}

// part is one alert of a group.
type part struct {
	id    string
	title string // without its lines
	whole string // with them
	body  string
	lang  string
	url   string
	lines []string
	alert *alert
}

// group is the alerts of one disruption.
type group struct {
	parts []part
}

func (g group) ids() []string {
	var ids []string
	for _, p := range g.parts {
		ids = append(ids, p.id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lines are the names of all its lines, numbers in their order.
func (g group) lines() []string {
	var out []string
	for _, p := range g.parts {
		out = append(out, p.lines...)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a, b))
	})
	return slices.Compact(out)
}

func number(line string) int {
	n, err := strconv.Atoi(strings.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if err != nil {
		return 1 << 20
	}
	return n
}

// span is from the first start to the last end; zero where one is open.
func (g group) span() (start, end time.Time) {
	openStart, openEnd := false, false
	for _, p := range g.parts[0].alert.periods {
		openStart, openEnd = openStart || p.start.IsZero(), openEnd || p.end.IsZero()
		if start.IsZero() || p.start.Before(start) {
			start = p.start
		}
		if p.end.After(end) {
			end = p.end
		}
	}
	if openStart {
		start = time.Time{}
	}
	if openEnd {
		end = time.Time{}
	}
	return start, end
}

// gather makes groups of alerts that say the same at the same times, in the
// order of their first.
func gather(parts []part) []group {
	var groups []group
	at := map[string]int{}
	for _, p := range parts {
		key := territory.Fold(p.title)
		if key == "" {
			key = "\x00" + territory.Fold(p.body)
		}
		times, _ := json.Marshal(stamps(p.alert.periods)) // integers: it cannot fail
		key += "\x00" + string(times)
		n, known := at[key]
		if !known {
			n = len(groups)
			at[key] = n
			groups = append(groups, group{})
		}
		groups[n].parts = append(groups[n].parts, p)
	}
	for _, g := range groups { // networks list in any order
		slices.SortStableFunc(g.parts, func(a, b part) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.id, b.id))
		})
	}
	return groups
}

// rank orders parts by their first line.
func (p part) rank() int {
	if len(p.lines) == 0 {
		return 0
	}
	return number(p.lines[0])
}

func stamps(periods []period) [][2]int64 {
	var out [][2]int64
	for _, p := range periods {
		out = append(out, [2]int64{p.start.Unix(), p.end.Unix()})
	}
	return out
}

// name gives each group its item: that of the group it was before, known by any
// of its alerts, else its first alert's identifier. Of two groups that come of
// one, the first keeps the item. Alerts that share an identifier share an item.
func name(groups []group, before map[string][]string) (items []string, now map[string][]string) {
	owner := map[string]string{}
	for item, ids := range before {
		for _, id := range ids {
			owner[id] = item
		}
	}
	now = make(map[string][]string, len(groups))
	for _, g := range groups {
		ids := g.ids()
		item := ""
		for _, id := range ids {
			if o := owner[id]; o != "" && now[o] == nil {
				item = o
				break
			}
		}
		if item == "" {
			item = ids[0]
			for now[item] != nil && !slices.Contains(now[item], ids[0]) {
				item += "~"
			}
		}
		items = append(items, item)
		now[item] = append(now[item], ids...)
	}
	return items, now
}
