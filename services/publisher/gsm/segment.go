package gsm

import (
	"errors"
	"fmt"
)

// A part carries 140 octets of user data (TS 23.040 §9.2.3.24).
const (
	partOctets = 140
	maxParts   = 255 // the concatenation header counts parts on one octet
)

// ErrTooLong is wrapped by Segments when a text needs more than 255 parts.
var ErrTooLong = errors.New("more than 255 parts")

// Reference is the size of the concatenation reference in the header.
type Reference int

// Reference8 gives parts of 153 septets or 67 units, Reference16 152 or 66.
const (
	Reference8  Reference = iota // information element 00, one octet
	Reference16                  // information element 08, two octets
)

// Packing is the form of GSM-7 payloads.
type Packing int

// Unpacked is what SMPP submit_sm takes; Packed is what a modem's PDU takes.
const (
	Unpacked Packing = iota // one septet an octet, the SMSC packs
	Packed                  // seven bits a septet, aligned behind the header
)

// SegmentOptions choose the form of parts. The zero value suits SMPP.
type SegmentOptions struct {
	Number    uint16 // concatenation reference, the same in all parts of a text; Reference8 keeps its low octet
	Reference Reference
	Packing   Packing
}

// Part is one short message.
type Part struct {
	Text     string   // what this part shows
	Encoding Encoding // the same for all parts of a text
	UDH      []byte   // user data header with its length octet; nil when the text fits one part
	Body     []byte   // septets (see Packing) or UCS-2 octets, without the header
	Units    int      // septets or UCS-2 units in Body
}

// ShortMessage returns header and body: SMPP's short_message, at most 160 octets.
func (p Part) ShortMessage() []byte {
	return append(append(make([]byte, 0, len(p.UDH)+len(p.Body)), p.UDH...), p.Body...)
}

// ESMClass returns SMPP's esm_class: 0x40 (UDHI) when the part has a header.
func (p Part) ESMClass() byte {
	if len(p.UDH) > 0 {
		return 0x40
	}
	return 0
}

// headerOctets is the size of the concatenation header, its length octet included.
func (r Reference) headerOctets() int {
	if r == Reference16 {
		return 7
	}
	return 6
}

// Capacity returns the units a part holds: alone, and when concatenated.
func (e Encoding) Capacity(r Reference) (single, concatenated int) {
	if e == UCS2 {
		return partOctets / 2, (partOctets - r.headerOctets()) / 2
	}
	return partOctets * 8 / 7, (partOctets - r.headerOctets()) * 8 / 7
}

// split cuts text in pieces of at most the capacity, between characters: an
// escape pair or a surrogate pair stays whole.
func split(text string, e Encoding, r Reference) []string {
	single, concatenated := e.Capacity(r)
	if e.Units(text) <= single {
		return []string{text}
	}
	var pieces []string
	start, used := 0, 0
	for i, c := range text {
		w := e.width(c)
		if used+w > concatenated {
			pieces = append(pieces, text[start:i])
			start, used = i, 0
		}
		used += w
	}
	return append(pieces, text[start:])
}

// Segments cuts text into parts as it is: call Fold first. Empty text is one
// empty part. It fails with ErrTooLong beyond 255 parts.
func Segments(text string, o SegmentOptions) ([]Part, error) {
	e := EncodingOf(text)
	pieces := split(text, e, o.Reference)
	if len(pieces) > maxParts {
		return nil, fmt.Errorf("gsm: %d parts: %w", len(pieces), ErrTooLong)
	}
	parts := make([]Part, len(pieces))
	for i, piece := range pieces {
		p := Part{Text: piece, Encoding: e, Units: e.Units(piece)}
		if len(pieces) > 1 {
			p.UDH = header(o, len(pieces), i+1)
		}
		body, err := encodeBody(piece, e, o.Packing, len(p.UDH))
		if err != nil {
			return nil, err
		}
		p.Body = body
		parts[i] = p
	}
	return parts, nil
}

func header(o SegmentOptions, total, number int) []byte {
	if o.Reference == Reference16 {
		return []byte{6, 0x08, 4, byte(o.Number >> 8), byte(o.Number), byte(total), byte(number)}
	}
	return []byte{5, 0x00, 3, byte(o.Number), byte(total), byte(number)}
}

func encodeBody(piece string, e Encoding, packing Packing, headerOctets int) ([]byte, error) {
	if e == UCS2 {
		return EncodeUCS2(piece), nil
	}
	septets, err := EncodeSeptets(piece)
	if err != nil || packing == Unpacked {
		return septets, err
	}
	return Pack(septets, FillBits(headerOctets)), nil
}

// FillBits is the padding that puts the first septet after a header of that
// many octets on a septet boundary (TS 23.040 §9.2.3.24).
func FillBits(headerOctets int) int {
	return (7 - headerOctets*8%7) % 7
}
