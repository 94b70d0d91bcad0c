package rows

import (
	"context"
	"encoding/json"
	"regexp"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/source"
)

// licenceAge is how long what a portal said of a licence holds.
const licenceAge = 24 * time.Hour

// terms is what the cursor remembers of a data set's licence.
type terms struct {
	Licence string `json:"licence,omitempty"`
	Asked   int64  `json:"licenceAsked,omitempty"` // Unix seconds
}

// Licensed gives the records that say no licence of their own that of their data
// set. ask finds what the portal calls it; it is asked once a day, when there is
// something to publish, and its failure costs no record. The answer travels in cur.
func Licensed(ctx context.Context, now time.Time, cur *source.Cursor, records []source.Record, ask func(context.Context) (names []string, err error)) {
	var t terms
	if json.Unmarshal(cur.State, &t) != nil { // none yet, or of another version
		t = terms{}
	}
	if len(records) > 0 && now.Sub(time.Unix(t.Asked, 0)) >= licenceAge {
		if names, err := ask(ctx); err == nil {
			t.Licence = Licence(names...)
		}
		t.Asked = now.Unix()
		if state, err := json.Marshal(t); err == nil {
			cur.State = state
		}
	}
	for i := range records {
		if e, ok := records[i].Value.(record.Entry); ok && e.Licence == "" {
			e.Licence = t.Licence
			records[i].Value = e
		}
	}
}

var (
	// spdx are identifiers of spdx.org/licenses, by what portals call them.
	spdx = []struct {
		id    string
		names *regexp.Regexp
	}{
		{"", regexp.MustCompile(`\b(?:by nc|non ?commercial|engagee|associee|(?:ouverte|licence|etalab) (?:version )?v?1)\b`)}, // known by their own name alone
		{"etalab-2.0", regexp.MustCompile(`\b(?:licence ouverte|open licence|etalab|lov2|fr lo)\b`)},
		{"ODbL-1.0", regexp.MustCompile(`\b(?:odbl|open database)\b`)},
		{"ODC-By-1.0", regexp.MustCompile(`\b(?:odc by|open data commons attribution)\b`)},
		{"PDDL-1.0", regexp.MustCompile(`\bpddl\b`)},
		{"CC0-1.0", regexp.MustCompile(`\b(?:cc0|cc zero|publicdomain zero)\b`)},
		{"CC-BY-SA-3.0", regexp.MustCompile(`\bby sa 3\b`)},
		{"CC-BY-SA-4.0", regexp.MustCompile(`\b(?:by sa|attribution share ?alike)\b`)},
		{"CC-BY-3.0", regexp.MustCompile(`\bby 3\b`)},
		{"CC-BY-4.0", regexp.MustCompile(`\b(?:cc by|licenses by|creative commons attribution)\b`)},
	}
	unsaid = regexp.MustCompile(`^(?:not ?specified|none|aucune.*|other.*)?$`)
)

// Licence is the SPDX identifier of what a portal calls a licence by identifier,
// name or address; the first name where it has none, "" where nothing is said.
func Licence(names ...string) string {
	own := ""
	for _, name := range names {
		folded := territory.Fold(name)
		for _, l := range spdx {
			if !l.names.MatchString(folded) {
				continue
			}
			if l.id != "" {
				return l.id
			}
			break
		}
		if own == "" && !unsaid.MatchString(folded) {
			own = Line(name[:min(len(name), 200)])
		}
	}
	return own
}
