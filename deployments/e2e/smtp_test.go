package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mailSink is an SMTP server that does as little as one can: it reads each
// message to its end, counts it and says yes.
type mailSink struct {
	l        net.Listener
	received atomic.Int64
	last     atomic.Int64 // Unix nanoseconds of the newest
	bytes    atomic.Int64 // of the newest
}

func startMailSink(t testing.TB) *mailSink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailSink{l: l}
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

func (s *mailSink) session(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReaderSize(conn, 64<<10)
	say := func(line string) bool { _, err := conn.Write([]byte(line + "\r\n")); return err == nil }
	if !say("220 sink") {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		answer := "250 ok"
		switch verb := strings.ToUpper(line[:min(4, len(line))]); verb {
		case "DATA":
			if !say("354 go on") || !s.message(r) {
				return
			}
		case "QUIT":
			answer = "221 bye"
		}
		if !say(answer) || strings.HasPrefix(answer, "221") {
			return
		}
	}
}

// message reads up to the line with a full stop.
func (s *mailSink) message(r *bufio.Reader) bool {
	size := int64(0)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if bytes.Equal(line, []byte(".\r\n")) {
			s.bytes.Store(size)
			s.received.Add(1)
			s.last.Store(now())
			return true
		}
		size += int64(len(line))
	}
}

// bareMails hands n messages of some size over, one after the other on each of
// some connections, and does nothing else: the limit of a send by mail.
func bareMails(t testing.TB, address string, n, connections int, size int64) {
	t.Helper()
	line := strings.Repeat("x", 74) + "\r\n"
	body := []byte(strings.Repeat(line, int(size)/len(line)) + ".\r\n")
	done := make(chan error, connections)
	for i := range connections {
		go func() { done <- bareMailer(address, i*n/connections, (i+1)*n/connections, body) }()
	}
	for range connections {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func bareMailer(address string, from, to int, body []byte) error {
	conn, err := textproto.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, _, err := conn.ReadResponse(220); err != nil {
		return err
	}
	say := func(code int, format string, args ...any) error {
		if err := conn.PrintfLine(format, args...); err != nil {
			return err
		}
		_, _, err := conn.ReadResponse(code)
		return err
	}
	if err := say(250, "EHLO bare"); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		if err := say(250, "MAIL FROM:<infos@ville.example>"); err != nil {
			return err
		}
		if err := say(250, "RCPT TO:<p%d@exemple.example>", i); err != nil {
			return err
		}
		if err := say(354, "DATA"); err != nil {
			return err
		}
		if _, err := conn.W.Write(body); err != nil {
			return err
		}
		if err := conn.W.Flush(); err != nil {
			return err
		}
		if _, _, err := conn.ReadResponse(250); err != nil {
			return err
		}
	}
	return say(221, "QUIT")
}

const mailConfig = `
authorities:
  - {id: ville, name: Ville, kind: municipality, insee: ["81004"]}
sources:
  - {authority: ville, id: guichet, name: Guichet, kind: webhook, trust: state, settings: {secret_file: guichet.secret}}
channels:
  - authority: ville
    id: courriel
    name: Courriel
    kind: email
    settings: {address: "%s", tls: none, from: "Ville <infos@ville.example>", connections: %d}
streams:
  - {authority: ville, id: infos, name: Infos, policy: automatic, public: true, rule: {classes: [service]}, channels: [courriel]}
`

// BenchmarkMailFanout sends one mail to each of 20,000 subscribers, from the
// source's post to the server's last answer, beside a client that only hands
// over as many bytes, over as many connections, in the same run.
func BenchmarkMailFanout(b *testing.B) {
	const n, connections = 20_000, 4
	s := startMailSink(b)
	in := install(b, fmt.Sprintf(mailConfig, s.l.Addr(), connections))
	in.counterSecret()
	in.start()
	enrolBy(b, in.bus(), "email", []string{"infos"}, n)
	for i := range b.N {
		from, start := s.received.Load(), now()
		in.post("guichet", benchSecret, notice(fmt.Sprint(i)))
		until(b, 5*time.Minute, func() bool { return s.received.Load() == from+n })
		took := time.Duration(s.last.Load() - start)
		b.ReportMetric(n/took.Seconds(), "mails/s")
		b.ReportMetric(float64(s.bytes.Load()), "bytes/mail")
		limit := startMailSink(b)
		start = now()
		bareMails(b, limit.l.Addr().String(), n, connections, s.bytes.Load())
		bare := time.Duration(now() - start)
		b.ReportMetric(n/bare.Seconds(), "bare-mails/s")
		b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
	}
}
