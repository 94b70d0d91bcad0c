package cap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	maxChains = 300
	maxLinks  = 50 // alerts of one chain
)

// memory is what the cursor keeps.
type memory struct {
	Followed []uint64 `json:"followed"` // entries of the index, as hashes
	Chains   []chain  `json:"chains,omitempty"`
}

// chain is an alert with those that update or cancel it (CAP 1.2 §3.2.1): one thing
// to tell, under the name of the first, so that people are told what became of it.
type chain struct {
	IDs   []string `json:"ids"`   // of the alerts, in the order of their references
	Items []string `json:"items"` // told of it now: the whole, or its parts
	Over  bool     `json:"over,omitempty"`
}

func (c *chain) last() string { return c.IDs[len(c.IDs)-1] }

func (c *chain) add(id string) {
	c.IDs = append(c.IDs, id)
	if len(c.IDs) > maxLinks { // the first names the items
		c.IDs = slices.Delete(c.IDs, 1, 2)
	}
}

func memoryOf(cur source.Cursor) (m memory, err error) {
	switch {
	case len(cur.State) == 0:
	case cur.State[0] == '[': // as it was before alerts had chains
		err = json.Unmarshal(cur.State, &m.Followed)
	default:
		err = json.Unmarshal(cur.State, &m)
	}
	if err != nil {
		return memory{}, fmt.Errorf("cap: cursor: %w", err)
	}
	return m, nil
}

func (m *memory) of(id string) *chain {
	at := slices.IndexFunc(m.Chains, func(c chain) bool { return slices.Contains(c.IDs, id) })
	if at < 0 {
		return nil
	}
	return &m.Chains[at]
}

func (m *memory) add(c chain) *chain {
	m.Chains = append(m.Chains, c)
	m.Chains = m.Chains[max(0, len(m.Chains)-maxChains):]
	return &m.Chains[len(m.Chains)-1]
}

// settle names the records after the first alert of their chain, leaves out those
// that others replace, and withdraws what is told no more.
func (m *memory) settle(records []source.Record) []source.Record {
	byID := map[string][]record.Alert{}
	var order []record.Alert // one an identifier, oldest first
	for _, r := range records {
		a, ok := r.Value.(record.Alert)
		if !ok || r.Refused != nil || a.Identifier == "" {
			continue
		}
		if byID[a.Identifier] == nil {
			order = append(order, a)
		}
		byID[a.Identifier] = append(byID[a.Identifier], a)
	}
	slices.SortStableFunc(order, func(a, b record.Alert) int { return a.Sent.Compare(b.Sent) })
	var gone []string
	for _, a := range order {
		gone = append(gone, m.take(a, byID[a.Identifier])...)
	}
	kept := make([]source.Record, 0, len(records)+len(gone))
	told := map[string]bool{}
	for _, r := range records {
		if a, ok := r.Value.(record.Alert); ok && r.Refused == nil {
			c := m.of(a.Identifier)
			switch {
			case c != nil && c.last() != a.Identifier:
				continue // replaced
			case c != nil && !c.Over:
				r.Item = record.PartOf(c.IDs[0], a.Part)
			}
		}
		told[r.Item] = true
		kept = append(kept, r)
	}
	for _, item := range gone {
		if !told[item] {
			told[item] = true
			kept = append(kept, source.Record{Item: item, Withdrawn: true})
		}
	}
	return kept
}

// take puts an alert, whole or in parts, in its chain, and returns the items that it
// ends.
func (m *memory) take(a record.Alert, parts []record.Alert) (gone []string) {
	if c := m.of(a.Identifier); c != nil { // read again
		if c.last() == a.Identifier && !c.Over {
			return c.tell(parts)
		}
		return nil
	}
	var c *chain
	for _, ref := range replaced(a) {
		switch found := m.of(ref); {
		case c == nil && found == nil:
			c = m.add(chain{IDs: []string{ref}, Items: []string{ref}})
		case c == nil:
			c = found
		case found == nil:
			gone = append(gone, ref)
			c.add(ref)
		case found != c:
			gone = append(gone, found.Items...)
			for _, id := range found.IDs {
				c.add(id)
			}
			*found = chain{}
		}
	}
	switch {
	case c == nil && len(parts) > 1:
		c = m.add(chain{})
	case c == nil:
		return nil
	}
	c.add(a.Identifier)
	if c.Over = strings.EqualFold(a.MsgType, "Cancel"); c.Over {
		parts = nil
	}
	return append(gone, c.tell(parts)...)
}

// tell makes items of the parts of the last alert, and returns those that are told no
// more.
func (c *chain) tell(parts []record.Alert) (gone []string) {
	var items []string
	for _, p := range parts {
		items = append(items, record.PartOf(c.IDs[0], p.Part))
	}
	gone = slices.DeleteFunc(c.Items, func(item string) bool { return slices.Contains(items, item) })
	c.Items = items
	return gone
}

// replaced are the alerts that one updates or cancels. Only who sent an alert may,
// and neither a drill nor what a broken signature came with does.
func replaced(a record.Alert) []string {
	if !strings.EqualFold(a.MsgType, "Update") && !strings.EqualFold(a.MsgType, "Cancel") ||
		!strings.EqualFold(a.Status, "Actual") || strings.HasPrefix(a.Signature, signatureInvalid) {
		return nil
	}
	var ids []string
	for _, ref := range a.References {
		if (ref.Sender == "" || ref.Sender == a.Sender) && ref.Identifier != a.Identifier && !slices.Contains(ids, ref.Identifier) {
			ids = append(ids, ref.Identifier)
		}
	}
	return ids
}
