package e2e_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// The few SMPP 3.4 command IDs that a limit needs.
const (
	bindTransceiver = 0x00000009
	submitSM        = 0x00000004
	enquireLink     = 0x00000015
	unbind          = 0x00000006
	response        = 0x80000000
)

// sink is the fastest SMSC there can be: it reads what is there, answers each
// with a number, and writes when nothing more is to be read.
type sink struct {
	l        net.Listener
	received atomic.Int64
	last     atomic.Int64 // Unix nanoseconds of the newest
}

func startSink(t testing.TB) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{l: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.session(conn)
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
		id, seq, err := readPDU(r)
		if err != nil {
			return
		}
		var body []byte
		switch id {
		case submitSM:
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

func readPDU(r *bufio.Reader) (id, seq uint32, err error) {
	head, err := r.Peek(16)
	if err != nil {
		return 0, 0, err
	}
	n := int(binary.BigEndian.Uint32(head))
	id, seq = binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[12:])
	if n < 16 || n > 64<<10 {
		return 0, 0, errors.New("not a PDU")
	}
	_, err = r.Discard(n)
	return id, seq, err
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
// together, and does nothing else: the limit that a fan-out is held against.
func bareClient(t testing.TB, address string, n, binds, window int) {
	t.Helper()
	done := make(chan error, binds)
	for range binds {
		go func() { done <- bareBind(address, n/binds, window/binds) }()
	}
	for range binds {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func bareBind(address string, n, window int) error {
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
	if _, _, err := readPDU(r); err != nil {
		return err
	}
	text := "Coupure d'eau rue Neuve demain de 9 h a 12 h. https://infos.example.fr/p/abcdefgh"
	body := []byte("\x00\x05\x00VILLE\x00\x01\x0133639800000\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00")
	body = append(append(body, byte(len(text))), text...)
	sent, answered := 0, 0
	for answered < n {
		for sent < n && sent-answered < window {
			sent++
			writePDU(w, submitSM, uint32(sent+1), body)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for {
			id, _, err := readPDU(r)
			if err != nil {
				return err
			}
			if id != submitSM|response {
				return io.ErrUnexpectedEOF
			}
			answered++
			if r.Buffered() < 16 || answered == n {
				break
			}
		}
	}
	return nil
}
