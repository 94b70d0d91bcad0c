package natsserver

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
)

// outOfSpace is how ENOSPC reads in nats-server's log, its only report of it.
const outOfSpace = "no space left"

// serverLog passes nats-server's log on to slog and keeps the first fatal
// line: nats-server reports a failed start only there.
type serverLog struct {
	log *slog.Logger
	// full is set once the server failed to write for want of space.
	full atomic.Bool

	mu    sync.Mutex
	fatal string
	died  chan struct{}
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, died: make(chan struct{})}
}

func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}

// Warnf leaves out one warning that is not one here: the in-process password
// is clear because it is made at random for this run and never leaves it.
func (l *serverLog) Warnf(format string, v ...any) {
	if strings.HasPrefix(format, "Plaintext passwords detected") {
		return
	}
	l.log.Warn("nats: " + fmt.Sprintf(format, v...))
}

func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if strings.Contains(text, outOfSpace) {
		l.full.Store(true)
	}
	l.log.Error("nats: " + text)
}

func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == "" {
		l.fatal = text
		close(l.died)
	}
	l.log.Error("nats: " + text)
}

// Debugf and Tracef stay silent: a trace would show message bodies.
func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) fatalText() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}
