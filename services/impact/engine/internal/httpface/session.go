//go:build linux || darwin

package httpface

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/services/impact/engine/internal/chdb"
)

// Dialer opens a connection whose log_comment is tag.
type Dialer func(tag string) (*chdb.Conn, error)

// session is one connection with what the last statement left set on it, so
// that the next one changes only what differs (a SET costs about 0.2 ms).
type session struct {
	conn     *chdb.Conn
	tag      string // in log_comment, to find its statement in system.processes
	database string
	settings map[string]string
	tainted  bool // its state is unknown: close it rather than reuse it
}

// prepare puts the connection in the state that a request asks for.
func (s *session) prepare(database string, settings map[string]string) error {
	if database == "" {
		database = "default"
	}
	if database != s.database {
		if err := s.conn.Exec("USE " + quoteName(database)); err != nil {
			return err
		}
		s.database = database
	}
	if c, ok := settings["log_comment"]; ok && !strings.HasSuffix(c, s.tag) {
		settings["log_comment"] = c + " " + s.tag
	}
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if old, ok := s.settings[name]; !ok || old != settings[name] {
			sets = append(sets, quoteName(name)+" = "+quoteString(settings[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		switch _, ok := settings[name]; {
		case ok:
		case name == "log_comment":
			sets = append(sets, "log_comment = "+quoteString(s.tag))
		case name == "async_insert": // off on every connection, see engine's doc.go
			sets = append(sets, "async_insert = 0")
		default:
			sets = append(sets, quoteName(name)+" = DEFAULT")
		}
	}
	if len(sets) == 0 {
		return nil
	}
	if err := s.conn.Exec("SET " + strings.Join(sets, ", ")); err != nil {
		s.tainted = true
		return err
	}
	s.settings = settings
	return nil
}

// pool holds up to a number of connections; a statement waits for one.
type pool struct {
	dial  Dialer
	name  string
	slots chan struct{}

	mu     sync.Mutex
	idle   []*session
	opened int
}

func newPool(dial Dialer, name string, limit int) *pool {
	return &pool{dial: dial, name: name, slots: make(chan struct{}, limit)}
}

func (p *pool) acquire(ctx context.Context) (*session, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, exceptionf(codeTooManyRequests, "TOO_MANY_SIMULTANEOUS_QUERIES", "all %d connections for %s are busy", cap(p.slots), p.name)
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return s, nil
	}
	p.opened++
	tag := fmt.Sprintf("[%s-%d]", p.name, p.opened)
	p.mu.Unlock()
	conn, err := p.dial(tag)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return &session{conn: conn, tag: tag, database: "default"}, nil
}

func (p *pool) release(s *session) {
	if s.tainted {
		s.conn.Close()
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, s)
		p.mu.Unlock()
	}
	<-p.slots
}

// killer ends statements from a connection of its own.
type killer struct {
	mu   sync.Mutex
	conn *chdb.Conn
}

// kill asks the engine to end what runs under tag.
func (k *killer) kill(tag string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.conn.Exec("KILL QUERY WHERE endsWith(Settings['log_comment'], " + quoteString(tag) + ") ASYNC")
}

// killed reports whether the last read of s was killed, and has its connection
// closed then.
func (k *killer) killed(s *session) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, err := k.conn.Query("SELECT count() > 0 FROM system.processes WHERE is_cancelled AND endsWith(Settings['log_comment'], "+quoteString(s.tag)+")", "TSV", nil)
	if err != nil {
		return false
	}
	defer r.Free()
	s.tainted = s.tainted || string(r.Bytes()) == "1\n"
	return s.tainted
}

// watch kills the statement of s when ctx ends, again and again until stop is
// called, because the statement may not have reached the engine yet. stop waits
// for a kill under way, so that none hits the next statement of s.
func (k *killer) watch(ctx context.Context, s *session) (stop func()) {
	done, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			k.kill(s.tag)
			select {
			case <-done:
				return
			case <-again.C:
			}
		}
	}()
	return func() {
		close(done)
		<-left
		if ctx.Err() != nil {
			// libchdb keeps a killed read in system.processes, with its memory,
			// for as long as its connection is open (26.7.3).
			s.tainted = true
		}
	}
}

func quoteName(s string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(s) + "`"
}

func quoteString(s string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(s) + "'"
}
