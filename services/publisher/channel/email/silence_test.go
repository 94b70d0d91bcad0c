package email_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
)

// A stop waits for no server, at whatever step it became silent, and leaves no
// connection open.
func TestAStopWaitsForNoServer(t *testing.T) {
	for _, step := range []string{"", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run("silent at "+step, func(t *testing.T) {
			eventstest.NoLeak(t)
			peer := newSilent(t, step)
			c := newChannel(t, peer.addr, "connections: 1")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-peer.reached
				cancel()
			}()
			began := time.Now()
			var r channel.Result
			c.DeliverBatch(ctx, channel.Send{
				Delivery: delivery(t, c), Contacts: []call.Contact{{Subscriber: "s", Address: "anna@example.org"}},
			}, func(_ int, got channel.Result) { r = got })
			// The settings' timeout is half a minute.
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			if r.Outcome.Kind != events.TransientFailure || r.Ambiguous() != (step == ".") {
				t.Errorf("result %+v", r)
			}
			select {
			case <-peer.closed:
			case <-time.After(20 * time.Second):
				t.Error("the connection is still open")
			}
		})
	}
}

// silent is a server that answers no more from a command on.
type silent struct {
	addr            string
	reached, closed chan struct{}
}

func newSilent(t *testing.T, from string) silent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := silent{l.Addr().String(), make(chan struct{}), make(chan struct{})}
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close(); close(s.closed) }()
		s.talk(conn, from)
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return s
}

func (s silent) talk(conn net.Conn, from string) {
	lines := bufio.NewScanner(conn)
	say := func(line string) { _, _ = fmt.Fprint(conn, line+"\r\n") }
	reached, writing := false, false
	if from == "" {
		reached = true
		close(s.reached)
	} else {
		say("220 silent.example")
	}
	for lines.Scan() {
		line := lines.Text()
		switch {
		case reached:
		case from == "." && line == ".", from != "." && strings.HasPrefix(line, from):
			reached = true
			close(s.reached)
		case line == "DATA":
			say("354 go on")
			writing = true
		case !writing:
			say("250 silent.example")
		}
	}
}
