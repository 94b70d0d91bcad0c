package engine

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
)

// logWriter turns what the child prints into log records, line by line.
//
// Errors of statements are dropped: they go to the caller, and their text
// quotes the statement and may quote its rows, which must not be logged. Those
// of background work (merges, mutations, loading) and of the child itself stay.
type logWriter struct {
	log *slog.Logger

	mu       sync.Mutex
	rest     []byte
	dropping bool
	last     string // the last line kept, to say why a child died
}

var (
	headerRe = regexp.MustCompile(`^\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d+ \[ \d+ \] \{([^}]*)\} <(\w+)> (.*)$`)
	stackRe  = regexp.MustCompile(`^\d+\. .*@ 0x[0-9a-f]+`)
)

// maxLine bounds a log line, in bytes.
const maxLine = 16 << 10

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		at := bytes.IndexByte(l.rest, '\n')
		if at < 0 && len(l.rest) < maxLine {
			return len(p), nil
		}
		if at < 0 {
			at = len(l.rest) - 1
		}
		l.line(strings.TrimRight(string(l.rest[:at]), "\r\n"))
		l.rest = l.rest[at+1:]
	}
}

func (l *logWriter) line(line string) {
	m := headerRe.FindStringSubmatch(line)
	switch {
	case m != nil:
		// libchdb ends every streamed insert with this line; nothing is wrong.
		noise := strings.HasSuffix(m[3], "current_thread contains invalid address")
		l.dropping = m[1] != "" || noise
		if l.dropping {
			return
		}
		level := slog.LevelInfo
		switch m[2] {
		case "Fatal", "Critical", "Error":
			level = slog.LevelError
		case "Warning":
			level = slog.LevelWarn
		}
		l.keep(level, m[3])
	case strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "fatal error:"), strings.HasPrefix(line, "SIG"):
		l.dropping = false
		l.keep(slog.LevelError, line)
	case l.dropping, strings.TrimSpace(line) == "", stackRe.MatchString(line):
	default:
		l.keep(slog.LevelWarn, line)
	}
}

func (l *logWriter) keep(level slog.Level, line string) {
	l.last = line
	l.log.Log(context.Background(), level, "clickhouse", "line", line)
}

func (l *logWriter) lastLine() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
