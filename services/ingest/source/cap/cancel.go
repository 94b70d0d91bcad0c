package cap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// maxParted bounds the alerts whose parts are remembered.
const maxParted = 300

// memory is what the cursor keeps.
type memory struct {
	Followed []uint64 `json:"followed"` // entries of the index, as hashes
	Parted   []parted `json:"parted,omitempty"`
}

// parted is an alert that came in parts: what cancels it names only the whole.
type parted struct {
	Identifier string   `json:"id"`
	Items      []string `json:"items"`
}

func memoryOf(cur source.Cursor) (m memory, err error) {
	switch {
	case len(cur.State) == 0:
	case cur.State[0] == '[': // as it was before alerts had parts
		err = json.Unmarshal(cur.State, &m.Followed)
	default:
		err = json.Unmarshal(cur.State, &m)
	}
	if err != nil {
		return memory{}, fmt.Errorf("cap: cursor: %w", err)
	}
	return m, nil
}

func (m *memory) learn(records []source.Record) {
	for _, r := range records {
		a, ok := r.Value.(record.Alert)
		if !ok || a.Part == "" {
			continue
		}
		at := slices.IndexFunc(m.Parted, func(p parted) bool { return p.Identifier == a.Identifier })
		if at < 0 {
			at = len(m.Parted)
			m.Parted = append(m.Parted, parted{Identifier: a.Identifier})
		}
		if p := &m.Parted[at]; !slices.Contains(p.Items, r.Item) {
			p.Items = append(p.Items, r.Item)
		}
	}
	m.Parted = m.Parted[max(0, len(m.Parted)-maxParted):]
}

// withdrawn puts in the place of the alerts that a Cancel refers to that they are
// withdrawn (CAP 1.2 §3.2.1, msgType). Only who sent an alert may cancel it, and
// neither a drill nor what a broken signature came with does.
func withdrawn(records []source.Record, known []parted) []source.Record {
	gone := map[string]bool{}
	var items []string
	for _, r := range records {
		a, ok := r.Value.(record.Alert)
		if !ok || r.Refused != nil || !strings.EqualFold(a.MsgType, "Cancel") || !strings.EqualFold(a.Status, "Actual") || strings.HasPrefix(a.Signature, signatureInvalid) {
			continue
		}
		for _, ref := range a.References {
			if ref.Sender != "" && ref.Sender != a.Sender || ref.Identifier == a.Identifier {
				continue
			}
			names := []string{ref.Identifier}
			for _, p := range known {
				if p.Identifier == ref.Identifier {
					names = append(names, p.Items...)
				}
			}
			for _, n := range names {
				if !gone[n] {
					gone[n] = true
					items = append(items, n)
				}
			}
		}
	}
	if len(items) == 0 {
		return records
	}
	records = slices.DeleteFunc(records, func(r source.Record) bool { return gone[r.Item] })
	for _, n := range items {
		records = append(records, source.Record{Item: n, Withdrawn: true})
	}
	return records
}
