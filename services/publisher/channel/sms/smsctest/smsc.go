package smsctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
)

// Event is one thing that happened at the SMSC.
type Event struct {
	Event    string `json:"event"` // listening, bind, submit, receipt-answered, mo-answered, count
	To       string `json:"to"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Coding   int    `json:"coding"`
	ESM      int    `json:"esm"`
	Answered bool   `json:"answered"`
	Priority int    `json:"priority"`
	ID       string `json:"id"`
	Status   int    `json:"status"`
	Count    int    `json:"count"`
}

// SMSC is a running peer.
type SMSC struct {
	Addr string

	cmd  *exec.Cmd
	in   io.WriteCloser
	read sync.WaitGroup // of what it says
	mu   sync.Mutex
	all  []Event
}

// peerDir is where the peer is installed.
func peerDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "testdata", "peer")
}

// Start runs an SMSC that reports messages in a mode: none, tlv, text, hex or
// early. The test is skipped where it is not installed, but for CI=true.
func Start(t testing.TB, mode string, args ...string) *SMSC {
	t.Helper()
	dir := peerDir()
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "smpp")); err != nil {
		text := "the SMSC peer is not installed: cd services/publisher/channel/sms/testdata/peer && npm ci"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	s := &SMSC{Addr: eventstest.FreeAddr(t)} // nobody is given it while the peer is stopped
	s.start(t, dir, append([]string{mode}, args...))
	t.Cleanup(func() { s.Stop(t) })
	return s
}

func (s *SMSC) start(t testing.TB, dir string, args []string) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command("node", append([]string{"smsc.js"}, args...)...)
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "PORT="+port)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.read.Go(func() { s.hear(out) })
	s.Await(t, "listening", func(e Event) bool { return e.Event == "listening" })
}

func (s *SMSC) hear(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		s.mu.Lock()
		s.all = append(s.all, e)
		s.mu.Unlock()
	}
}

// Stop ends the peer.
func (s *SMSC) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.in.Close() // asks it to end
	s.read.Wait()
	_ = s.cmd.Wait() // it may have been killed
	s.cmd = nil
}

// Again runs a peer that was stopped, at its address.
func (s *SMSC) Again(t testing.TB, mode string) {
	t.Helper()
	s.mu.Lock()
	s.all = nil
	s.mu.Unlock()
	s.start(t, peerDir(), []string{mode})
}

// Do gives a command.
func (s *SMSC) Do(t testing.TB, command string) {
	t.Helper()
	if _, err := fmt.Fprintln(s.in, command); err != nil {
		t.Fatal(err)
	}
}

// Events returns what happened so far.
func (s *SMSC) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.all...)
}

// Submits returns the messages that came so far.
func (s *SMSC) Submits() []Event {
	var list []Event
	for _, e := range s.Events() {
		if e.Event == "submit" {
			list = append(list, e)
		}
	}
	return list
}

// Await returns the first event that matches.
func (s *SMSC) Await(t testing.TB, what string, match func(Event) bool) Event {
	t.Helper()
	var found Event
	eventstest.Eventually(t, func() bool {
		for _, e := range s.Events() {
			if match(e) {
				found = e
				return true
			}
		}
		return false
	}, 30*time.Second, "the SMSC does not say: "+what)
	return found
}
