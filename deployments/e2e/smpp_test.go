package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The few SMPP 3.4 command IDs that a limit needs.
const (
	bindTransceiver = 0x00000009
	submitSM        = 0x00000004
	enquireLink     = 0x00000015
	unbind          = 0x00000006
	response        = 0x80000000
)

// sink is an SMSC that does as little as one can: it reads each message's number
// and text, answers each with an identifier, and writes when nothing more is to
// be read. The bare client and the program have one each, of the same kind.
type sink struct {
	l        net.Listener
	delay    time.Duration // from a message to its answer, as a provider far away has
	received atomic.Int64
	last     atomic.Int64 // Unix nanoseconds of the newest
}

func startSink(t testing.TB) *sink { return startSlowSink(t, 0) }

func startSlowSink(t testing.TB, delay time.Duration) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{l: l, delay: delay}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.session(&late{Conn: conn, by: delay})
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return s
}

func (s *sink) port() int {
	a, ok := s.l.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return a.Port
}

func (s *sink) session(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r, w := bufio.NewReaderSize(conn, 256<<10), bufio.NewWriterSize(conn, 256<<10)
	for {
		id, seq, said, err := readPDU(r)
		if err != nil {
			return
		}
		var body []byte
		switch id {
		case submitSM:
			if !addressed(said) {
				return
			}
			n := s.received.Add(1)
			s.last.Store(now())
			body = append(strconv.AppendInt(nil, n, 10), 0)
		case bindTransceiver:
			body = []byte("sink\x00")
		}
		writePDU(w, id|response, seq, body)
		if r.Buffered() == 0 || id == unbind {
			if w.Flush() != nil || id == unbind {
				return
			}
		}
	}
}

// late is a connection whose writes leave in their order, each some time after
// it was made.
type late struct {
	net.Conn
	by   time.Duration
	once sync.Once
	out  chan dueWrite
}

type dueWrite struct {
	at   time.Time
	body []byte
}

// Write implements net.Conn.
func (l *late) Write(b []byte) (int, error) {
	if l.by == 0 {
		return l.Conn.Write(b)
	}
	l.once.Do(func() {
		l.out = make(chan dueWrite, 4096)
		go l.send()
	})
	l.out <- dueWrite{time.Now().Add(l.by), bytes.Clone(b)}
	return len(b), nil
}

func (l *late) send() {
	defer func() { _ = l.Conn.Close() }()
	for w := range l.out {
		<-time.After(time.Until(w.at))
		_, _ = l.Conn.Write(w.body) // who is gone reads nothing
	}
}

// Close implements net.Conn, once what is due has left.
func (l *late) Close() error {
	if l.out == nil {
		return l.Conn.Close()
	}
	close(l.out)
	return nil
}

func readPDU(r *bufio.Reader) (id, seq uint32, body []byte, err error) {
	head, err := r.Peek(16)
	if err != nil {
		return 0, 0, nil, err
	}
	n := int(binary.BigEndian.Uint32(head))
	id, seq = binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[12:])
	if n < 16 || n > 64<<10 {
		return 0, 0, nil, errors.New("not a PDU")
	}
	pdu := make([]byte, n)
	_, err = io.ReadFull(r, pdu)
	return id, seq, pdu[16:], err
}

// addressed reports whether a submit_sm has a number and a text (SMPP 3.4,
// 4.4.1).
func addressed(body []byte) bool {
	_, rest, _ := bytes.Cut(body, []byte{0}) // service_type
	if len(rest) < 2 {
		return false
	}
	_, rest, _ = bytes.Cut(rest[2:], []byte{0}) // source
	if len(rest) < 2 {
		return false
	}
	number, rest, _ := bytes.Cut(rest[2:], []byte{0})
	if len(rest) < 3 {
		return false
	}
	_, rest, _ = bytes.Cut(rest[3:], []byte{0}) // schedule_delivery_time
	_, rest, _ = bytes.Cut(rest, []byte{0})     // validity_period
	return len(number) > 0 && len(rest) > 5 && int(rest[4]) == len(rest)-5
}

func writePDU(w *bufio.Writer, id, seq uint32, body []byte) {
	var head [16]byte
	binary.BigEndian.PutUint32(head[:], uint32(16+len(body)))
	binary.BigEndian.PutUint32(head[4:], id)
	binary.BigEndian.PutUint32(head[12:], seq)
	// A bufio.Writer keeps its error for Flush.
	_, _ = w.Write(head[:])
	_, _ = w.Write(body)
}

// bareClient sends n messages over some binds, with a window for all of them
// together, and does nothing else: the limit that a fan-out is held against. It
// is the windowed client of any SMPP library: each message is written for its
// number and takes a place, each answer frees one, and what was written goes
// out when no place is free.
func bareClient(t testing.TB, address string, n, binds, window int) {
	t.Helper()
	done := make(chan error, binds)
	for i := range binds {
		go func() { done <- bareBind(address, i*n/binds, (i+1)*n/binds, max(1, window/binds)) }()
	}
	for range binds {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func bareBind(address string, from, to, window int) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	writePDU(w, bindTransceiver, 1, []byte("bare\x00secret\x00\x00\x34\x00\x00\x00"))
	if err := w.Flush(); err != nil {
		return err
	}
	if _, _, _, err := readPDU(r); err != nil {
		return err
	}
	places, ended := make(chan struct{}, window), make(chan error, 1)
	go func() { ended <- bareAnswers(r, to-from, places) }()
	for i := from; i < to; i++ {
		select {
		case places <- struct{}{}:
		default:
			if err := w.Flush(); err != nil {
				return err
			}
			select {
			case places <- struct{}{}:
			case err := <-ended:
				return err
			}
		}
		writePDU(w, submitSM, uint32(i-from+2), bareMessage(i))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return <-ended
}

// bareAnswers frees a place for each answer.
func bareAnswers(r *bufio.Reader, n int, places <-chan struct{}) error {
	for range n {
		id, _, _, err := readPDU(r)
		if err != nil {
			return err
		}
		if id != submitSM|response {
			return io.ErrUnexpectedEOF
		}
		<-places
	}
	return nil
}

// bareMessage is a submit_sm of the size that the fan-out sends.
func bareMessage(i int) []byte {
	text := "Coupure d'eau rue Neuve demain de 9 h a 12 h. https://infos.example.fr/p/abcdefgh"
	body := fmt.Appendf(nil, "\x00\x05\x00VILLE\x00\x01\x01336%08d\x00", i)
	body = append(body, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(text)))
	return append(body, text...)
}
