package smpp

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzPDU reads any bytes as a session and any body as a delivery: an SMSC
// that errs may not bring us down, nor have us hold more than it sent.
func FuzzPDU(f *testing.F) {
	short := Short{}
	f.Add(short.Template().append(nil, 1, "33612345678"))
	f.Add(appendHeader(nil, enquireLink, StatusOK, 7, 0))
	f.Add(append(appendHeader(nil, deliverSM, StatusOK, 1, 40), make([]byte, 40)...))
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newReader(bytes.NewReader(body))
		read := 0
		for {
			p, err := r.next()
			if err != nil {
				break
			}
			if read += 16 + len(p.body); read > len(body) {
				t.Fatalf("%d bytes read of %d", read, len(body))
			}
			_, _ = parseDelivery(p.body)
		}
		d, err := parseDelivery(body)
		again, err2 := parseDelivery(body)
		if (err == nil) != (err2 == nil) || err == nil && string(d.Message) != string(again.Message) {
			t.Errorf("the same body gives %+v, %v and %+v, %v", d, err, again, err2)
		}
	})
}

func TestLengthIsBounded(t *testing.T) {
	t.Parallel()
	for _, n := range []uint32{0, 15, 1 << 20, 1<<32 - 1} {
		header := binary.BigEndian.AppendUint32(nil, n)
		header = append(header, make([]byte, 12)...)
		if _, err := newReader(bytes.NewReader(header)).next(); err == nil {
			t.Errorf("a PDU of %d bytes is taken", n)
		}
	}
}
