package events

import "encoding/json"

// Recipients are the outcomes of one receipt. A receipt of a large send has
// hundreds that mostly ended alike, it is kept for more than a year and several
// services read it: on the wire, neighbours of the same outcome share it.
type Recipients []Recipient

// shared is an outcome on the wire, and whose it is. Recipient's own ID is read
// only: one outcome each is how receipts were written before.
type shared struct {
	IDs []string `json:"ids,omitempty"`
	Recipient
}

// MarshalJSON implements json.Marshaler.
func (r Recipients) MarshalJSON() ([]byte, error) {
	list := make([]shared, 0, 8)
	ids := make([]string, len(r))
	for i, to := range r {
		ids[i], to.ID = to.ID, ""
		if n := len(list) - 1; n >= 0 && list[n].Recipient == to {
			list[n].IDs = list[n].IDs[:len(list[n].IDs)+1]
			continue
		}
		list = append(list, shared{ids[i : i+1], to})
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler. An outcome of nobody is one of a
// recipient without ID, which Validate refuses.
func (r *Recipients) UnmarshalJSON(body []byte) error {
	var list []shared
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	n := 0
	for _, s := range list {
		n += max(len(s.IDs), 1)
	}
	out := make(Recipients, 0, n)
	for _, s := range list {
		to := s.Recipient
		if to.ID != "" || len(s.IDs) == 0 {
			out = append(out, to)
		}
		for _, to.ID = range s.IDs {
			out = append(out, to)
		}
	}
	*r = out
	return nil
}
