package eventstest

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Peer is a Node program of testdata/peer, made of packages written by others.
// It says one JSON object a line, and {"event":"listening","port":…} first.
type Peer struct {
	Addr string // 127.0.0.1:port

	mu   sync.Mutex
	said []json.RawMessage
	more chan struct{}
}

// NodePeer starts testdata/peer/<script> and ends it with the test, by closing
// its standard input. The test is skipped where its packages are not installed,
// and fails there when CI is true.
func NodePeer(t *testing.T, script string, args ...string) *Peer {
	t.Helper()
	return PeerIn(t, filepath.Join("testdata", "peer"), "node", script, args...)
}

// PeerIn is NodePeer in another folder, run by another Node, whose path is
// from that folder when it has a slash.
func PeerIn(t *testing.T, dir, node, script string, args ...string) *Peer {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		wd, _ := os.Getwd()
		text := "the peer is not installed: npm ci --prefix " + filepath.Join(wd, dir)
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	cmd := exec.Command(node, append([]string{script}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Peer{more: make(chan struct{}, 1)}
	port, ended := make(chan int, 1), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			p.hear(append([]byte(nil), lines.Bytes()...), port)
		}
	}()
	t.Cleanup(func() { _ = in.Close(); <-ended; _ = cmd.Wait() })
	select {
	case n := <-port:
		p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
	case <-ended:
		t.Fatalf("%s ended before it listened", script)
	case <-time.After(time.Minute):
		t.Fatalf("%s does not start", script)
	}
	return p
}

func (p *Peer) hear(line []byte, port chan<- int) {
	var said struct {
		Event string
		Port  int
	}
	if json.Unmarshal(line, &said) != nil {
		return // a library's own chatter
	}
	if said.Event == "listening" {
		port <- said.Port
		return
	}
	p.mu.Lock()
	p.said = append(p.said, line)
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// Said returns the objects said so far.
func (p *Peer) Said() []json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]json.RawMessage(nil), p.said...)
}

// Hear waits for the n-th object, from 0, and decodes it.
func (p *Peer) Hear(t *testing.T, n int, into any) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if said := p.Said(); n < len(said) {
			if err := json.Unmarshal(said[n], into); err != nil {
				t.Fatalf("the peer said %s: %v", said[n], err)
			}
			return
		}
		select {
		case <-p.more:
		case <-deadline:
			t.Fatalf("the peer said %d things, want %d", len(p.Said()), n+1)
		}
	}
}
