//go:build linux || darwin

package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

func TestMain(m *testing.M) {
	ChildMain()
	os.Exit(m.Run())
}

// start starts an engine of the test's own. Without the library the test is
// skipped, but not in continuous integration, which must have it.
func start(t testing.TB, change ...func(*Config)) *Engine {
	t.Helper()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "ch"), Logger: slog.New(slog.NewTextHandler(testLog{t}, nil))}
	for _, c := range change {
		c(&cfg)
	}
	e, err := Start(t.Context(), cfg)
	if errors.Is(err, ErrLibraryMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	if err := e.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// open starts an engine and connects to it.
func open(t testing.TB, change ...func(*Config)) (*Engine, driver.Conn) {
	t.Helper()
	e := start(t, change...)
	return e, connect(t, e)
}

func connect(t testing.TB, e *Engine) driver.Conn {
	t.Helper()
	conn, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func run(t testing.TB, conn driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t testing.TB, conn driver.Conn, from string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually asks again and again until ok, for as long as the deadline.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within a minute", what)
		case <-again.C:
		}
	}
}

var tables atomic.Int64

// table makes a MergeTree table with the settings that make an acknowledged
// insert survive a power cut and a repeated token count once.
func table(t testing.TB, conn driver.Conn, columns string) string {
	t.Helper()
	name := fmt.Sprintf("t%d", tables.Add(1))
	run(t, conn, "CREATE TABLE "+name+" ("+columns+") ENGINE = MergeTree ORDER BY tuple() "+
		"SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1")
	return name
}

func withToken(ctx context.Context, token string) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": token}))
}

// insertN inserts the numbers [from, from+n) in one batch.
func insertN(ctx context.Context, conn driver.Conn, table string, from, n uint64) error {
	b, err := conn.PrepareBatch(ctx, "INSERT INTO "+table)
	if err != nil {
		return err
	}
	for i := range n {
		if err := b.Append(from + i); err != nil {
			return err
		}
	}
	return b.Send()
}
