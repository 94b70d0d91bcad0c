package smpp

import (
	"bytes"
	"strconv"
	"time"
)

// Address is a source address with its type (SMPP 3.4, 5.2.5, 5.2.6).
type Address struct {
	TON, NPI byte
	Addr     string
}

// Sender gives a sender its type: alphanumeric (at most 11 characters), short
// code, or international number.
func Sender(s string) Address {
	digits := s
	if len(s) > 0 && s[0] == '+' {
		digits = s[1:]
	}
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		return Address{TON: 5, NPI: 0, Addr: s}
	}
	if len(digits) <= 6 {
		return Address{TON: 3, NPI: 0, Addr: digits}
	}
	return Address{TON: 1, NPI: 1, Addr: digits}
}

// Short is a submit_sm but for its recipient: written once for a batch.
type Short struct {
	Source     Address
	UDH        bool // Payload begins with a user data header
	DataCoding byte // 0 SMSC default alphabet, 8 UCS-2
	Urgent     bool
	Expires    time.Time // after which the SMSC gives up; zero leaves it to the SMSC
	Receipt    bool
	Payload    []byte // at most 254 bytes
}

// Template is a Short ready to be addressed.
type Template struct{ head, tail []byte }

// Template writes everything but the recipient.
func (s Short) Template() Template {
	head := append([]byte{0}, s.Source.TON, s.Source.NPI) // service_type: default
	head = appendCString(head, s.Source.Addr)
	head = append(head, 1, 1) // destination: international, ISDN
	var esm, priority, receipt byte
	if s.UDH {
		esm = 0x40
	}
	if s.Urgent {
		priority = 1
	}
	if s.Receipt {
		receipt = 1
	}
	tail := []byte{0, esm, 0, priority, 0} // end of the address; protocol_id; no schedule
	tail = appendCString(tail, validity(s.Expires))
	tail = append(tail, receipt, 0, s.DataCoding, 0, byte(len(s.Payload)))
	return Template{head: head, tail: append(tail, s.Payload...)}
}

// validity is an absolute time (SMPP 3.4, 7.1.1), in UTC.
func validity(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("060102150405") + "000+"
}

// append writes the submit_sm to one number, in digits.
func (t Template) append(b []byte, seq uint32, number string) []byte {
	b = appendHeader(b, submitSM, 0, seq, len(t.head)+len(number)+len(t.tail))
	b = append(b, t.head...)
	b = append(b, number...)
	return append(b, t.tail...)
}

// Delivery is a deliver_sm: a receipt or a message from a telephone.
type Delivery struct {
	Receipt    bool
	From, To   string
	DataCoding byte
	UDH        bool
	Message    []byte // short_message or message_payload; valid during the call only
	MessageID  string // receipted_message_id, when the SMSC sends it
	State      byte   // message_state, 0 when the SMSC does not send it
}

const (
	tagReceiptedID    = 0x001E
	tagMessagePayload = 0x0424
	tagMessageState   = 0x0427
)

func parseDelivery(body []byte) (Delivery, error) {
	f := fields{b: body}
	var d Delivery
	f.cstring() // service_type
	f.bytes(2)
	d.From = f.cstring()
	f.bytes(2)
	d.To = f.cstring()
	esm := f.byte()
	f.bytes(2)
	f.cstring() // schedule
	f.cstring() // validity
	f.bytes(2)
	d.DataCoding = f.byte()
	f.byte()
	d.Message = f.bytes(int(f.byte()))
	d.Receipt, d.UDH = esm&0x3C == 0x04, esm&0x40 != 0
	for {
		tag, v, ok := f.tlv()
		if !ok {
			return d, f.err
		}
		switch tag {
		case tagReceiptedID:
			d.MessageID = string(bytes.TrimRight(v, "\x00"))
		case tagMessagePayload:
			d.Message = v
		case tagMessageState:
			if len(v) == 1 {
				d.State = v[0]
			}
		}
	}
}
