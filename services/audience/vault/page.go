package vault

import (
	"encoding/binary"
	"slices"
)

// pageSize is how many subscribers a page holds.
const pageSize = 4096

// page is subscribers of neighbouring ordinals. It has no pointer but one, so
// that a million subscribers are next to nothing for the garbage collector.
type page struct {
	rows [pageSize]row
	// sealed is the sealed bytes of all rows. It is appended to or replaced and
	// never written over: readers have parts of it.
	sealed []byte
	stale  int // bytes of sealed that are no row's
}

// row is a subscriber in memory: 40 bytes, and his sealed bytes.
type row struct {
	id        uint64
	revision  uint64
	at, size  uint32 // of his sealed bytes in the page
	authority uint16
	language  uint8
	quiet     bool
	waiting   bool // for a code: he is in codes
	zone      uint16
	due       uint32 // minute since 1970 when a sweep has to look; 0 for never
	from, to  int16  // minutes of the day
}

// of returns the sealed bytes of a row.
func (p *page) of(r *row) []byte { return p.sealed[r.at : r.at+r.size : r.at+r.size] }

// put gives a row the sealed bytes of a record.
func (p *page) put(r *row, rec Record) {
	p.stale += int(r.size)
	at := len(p.sealed)
	p.sealed = appendPacked(p.sealed, rec)
	r.at, r.size = uint32(at), uint32(len(p.sealed)-at)
	if p.stale > len(p.sealed)/4 {
		p.compact()
	}
}

// clear empties a row. compact forgets what it had.
func (p *page) clear(r *row) {
	p.stale += int(r.size)
	// The revision stays, so that a late Apply does not bring him back.
	*r = row{revision: ^uint64(0)}
}

// compact leaves behind the bytes that are no row's.
func (p *page) compact() {
	if p.stale == 0 {
		return
	}
	kept := make([]byte, 0, len(p.sealed)-p.stale)
	for i := range p.rows {
		r := &p.rows[i]
		at := uint32(len(kept))
		kept = append(kept, p.of(r)...)
		r.at = at
	}
	p.sealed, p.stale = kept, 0
}

// appendPacked lays the sealed bytes of a record end to end: the wrapped key,
// then each contact: kind, length, bytes.
func appendPacked(b []byte, r Record) []byte {
	size := 1 + len(r.Key)
	for _, c := range r.Contacts {
		size += 3 + len(c.Sealed)
	}
	b = slices.Grow(b, size)
	b = append(append(b, byte(len(r.Key))), r.Key...)
	for _, c := range r.Contacts {
		b = append(b, c.Kind[0])
		b = binary.BigEndian.AppendUint16(b, uint16(len(c.Sealed)))
		b = append(b, c.Sealed...)
	}
	return b
}

// unpack finds the wrapped key and the contact of a kind.
func unpack(b []byte, kind string) (wrapped, sealed []byte) {
	if len(b) == 0 {
		return nil, nil
	}
	n := int(b[0])
	wrapped, b = b[1:1+n], b[1+n:]
	for len(b) > 3 {
		size := int(binary.BigEndian.Uint16(b[1:3]))
		if b[0] == kind[0] {
			return wrapped, b[3 : 3+size]
		}
		b = b[3+size:]
	}
	return wrapped, nil
}
