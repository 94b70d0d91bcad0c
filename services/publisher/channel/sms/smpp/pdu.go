package smpp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Command IDs (SMPP 3.4, 5.1.2.1).
const (
	genericNack     uint32 = 0x80000000
	submitSM        uint32 = 0x00000004
	deliverSM       uint32 = 0x00000005
	unbind          uint32 = 0x00000006
	bindTransceiver uint32 = 0x00000009
	enquireLink     uint32 = 0x00000015
	response        uint32 = 0x80000000
)

// Status is a command_status (SMPP 3.4, 5.1.3).
type Status uint32

// The statuses that are told apart.
const (
	StatusOK           Status = 0x00
	StatusInvalidCmd   Status = 0x03
	StatusBindState    Status = 0x04 // incorrect bind status
	StatusSystemError  Status = 0x08
	StatusSource       Status = 0x0A // invalid source address
	StatusDestination  Status = 0x0B // invalid destination address
	StatusBindFailed   Status = 0x0D
	StatusPassword     Status = 0x0E
	StatusSystemID     Status = 0x0F
	StatusQueueFull    Status = 0x14
	StatusSubmitFailed Status = 0x45
	StatusThrottled    Status = 0x58
	StatusTryLater     Status = 0x64 // receiver temporary error: deliver again
)

func (s Status) Error() string { return fmt.Sprintf("SMSC answers status 0x%08X", uint32(s)) }

const (
	headerBytes = 16
	maxPDUBytes = 64 << 10
)

// pdu is one protocol data unit. Its body is valid until the next read.
type pdu struct {
	id     uint32
	status Status
	seq    uint32
	body   []byte
}

// reader reads PDUs, reusing one buffer.
type reader struct {
	r   *bufio.Reader
	buf []byte
}

func newReader(r io.Reader) *reader { return &reader{r: bufio.NewReaderSize(r, 64<<10)} }

// next reads one PDU. A length that is not plausible is the end: nothing after
// it could be read.
func (r *reader) next() (pdu, error) {
	var h [headerBytes]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return pdu{}, err
	}
	n := binary.BigEndian.Uint32(h[0:])
	if n < headerBytes || n > maxPDUBytes {
		return pdu{}, fmt.Errorf("smpp: command_length %d", n)
	}
	size := int(n) - headerBytes
	if cap(r.buf) < size {
		r.buf = make([]byte, max(size, 1024))
	}
	body := r.buf[:size]
	if _, err := io.ReadFull(r.r, body); err != nil {
		return pdu{}, err
	}
	return pdu{
		id: binary.BigEndian.Uint32(h[4:]), status: Status(binary.BigEndian.Uint32(h[8:])),
		seq: binary.BigEndian.Uint32(h[12:]), body: body,
	}, nil
}

// appendHeader appends a header for a body of n bytes.
func appendHeader(b []byte, id uint32, status Status, seq uint32, n int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(headerBytes+n))
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint32(b, uint32(status))
	return binary.BigEndian.AppendUint32(b, seq)
}

func appendCString(b []byte, s string) []byte { return append(append(b, s...), 0) }

// errShort is a body that ends too early.
var errShort = errors.New("smpp: body too short")

// fields reads a body field by field; after an error everything is empty.
type fields struct {
	b   []byte
	err error
}

func (f *fields) cstring() string {
	for i, c := range f.b {
		if c == 0 {
			s := string(f.b[:i])
			f.b = f.b[i+1:]
			return s
		}
	}
	f.b, f.err = nil, errShort
	return ""
}

func (f *fields) byte() byte {
	v := f.bytes(1)
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

func (f *fields) bytes(n int) []byte {
	if len(f.b) < n {
		f.b, f.err = nil, errShort
		return nil
	}
	v := f.b[:n]
	f.b = f.b[n:]
	return v
}

// tlv reads one optional parameter; ok is false at the end.
func (f *fields) tlv() (tag uint16, value []byte, ok bool) {
	if len(f.b) < 4 {
		return 0, nil, false
	}
	tag = binary.BigEndian.Uint16(f.b)
	n := int(binary.BigEndian.Uint16(f.b[2:]))
	f.bytes(4)
	value = f.bytes(n)
	return tag, value, f.err == nil
}
