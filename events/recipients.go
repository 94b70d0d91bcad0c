package events

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Recipients are the outcomes of one receipt. A receipt of a large send has
// hundreds and several services read each, so that decoding them is most of
// what a receipt costs: what is written as Crieur writes it is read in one pass
// over one string, and everything else as encoding/json does.
type Recipients []Recipient

// UnmarshalJSON implements json.Unmarshaler.
func (r *Recipients) UnmarshalJSON(body []byte) error {
	p := plain{rest: string(body)}
	list := make(Recipients, 0, bytes.Count(body, []byte("{")))
	if p.recipients(&list) {
		*r = list
		return nil
	}
	return json.Unmarshal(body, (*[]Recipient)(r))
}

// plain reads valid JSON of the few shapes that a list of recipients has when
// nothing in it is escaped. Each step reports whether it was such a shape.
type plain struct{ rest string }

func (p *plain) recipients(list *Recipients) bool {
	if !p.skip('[') {
		return false
	}
	if p.skip(']') {
		return p.rest == ""
	}
	for {
		var to Recipient
		if !p.recipient(&to) {
			return false
		}
		*list = append(*list, to)
		if !p.skip(',') {
			return p.skip(']') && p.rest == ""
		}
	}
}

func (p *plain) recipient(to *Recipient) bool {
	if !p.skip('{') {
		return false
	}
	for {
		key, ok := p.text()
		if !ok || !p.skip(':') || !p.field(to, key) {
			return false
		}
		if !p.skip(',') {
			return p.skip('}')
		}
	}
}

func (p *plain) field(to *Recipient, key string) bool {
	switch key {
	case "units":
		n, ok := p.number()
		to.Units = int(n)
		return ok
	case "costMicroEUR":
		n, ok := p.number()
		to.CostMicroEUR = n
		return ok
	case "duplicates":
		n, ok := p.number()
		to.Duplicates = int(n)
		return ok
	}
	text, ok := p.text()
	switch key {
	case "id":
		to.ID = text
	case "via":
		to.Via = text
	case "status":
		to.Status = ReceiptStatus(text)
	case "reason":
		to.Reason = Reason(text)
	case "at":
		ok = ok && to.At.UnmarshalText([]byte(text)) == nil
	default:
		return false
	}
	return ok
}

func (p *plain) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// text takes a string of printable ASCII without escapes.
func (p *plain) text() (string, bool) {
	if !p.skip('"') {
		return "", false
	}
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text, true
		case c == '\\' || c < ' ' || c > '~':
			return "", false
		}
	}
	return "", false
}

// number takes digits.
func (p *plain) number() (int64, bool) {
	i := 0
	for i < len(p.rest) && '0' <= p.rest[i] && p.rest[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(p.rest[:i], 10, 32)
	p.rest = p.rest[i:]
	return n, err == nil
}
