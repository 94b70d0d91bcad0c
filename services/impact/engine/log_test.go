package engine

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogDropsWhatStatementsSay(t *testing.T) {
	var out bytes.Buffer
	l := &logWriter{log: slog.New(slog.NewTextHandler(&out, nil))}
	lines := `2026.11.23 20:35:05.781535 [ 16317 ] {d4245278-8d0d} <Error> executeQuery: Code: 60. (in query: INSERT INTO t VALUES ('0612345678',
'second line of 0612345678')), Stack trace (when copying this message, always include the lines below):

0. ? @ 0x000000001c8fa4b3
2026.11.23 20:35:05.965901 [ 16487 ] {} <Fatal> ThreadStatus: current_thread contains invalid address
2026.11.23 20:35:06.000000 [ 1 ] {} <Error> MergeTreeBackgroundExecutor: Code: 243. No space left on device
1. DB::Exception @ 0x000000001c8fa4b3
2026.11.23 20:35:06.100000 [ 1 ] {ab} <Error> executeQuery: dropped
panic: out of luck
goroutine 1 [running]:
`
	for piece := range strings.SplitSeq(lines, "5") { // as pipes cut it
		_, _ = l.Write([]byte(piece + "5"))
	}
	got := out.String()
	for _, kept := range []string{"No space left", "panic: out of luck", "goroutine 1"} {
		if !strings.Contains(got, kept) {
			t.Errorf("lost %q", kept)
		}
	}
	for _, dropped := range []string{"06123", "second line", "current_thread", "dropped", "0x0000"} {
		if strings.Contains(got, dropped) {
			t.Errorf("logged %q:\n%s", dropped, got)
		}
	}
	if last := l.lastLine(); !strings.HasPrefix(last, "goroutine 1") {
		t.Errorf("last line %q", last)
	}
}
