//go:build linux || darwin

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestInsertMillion(t *testing.T) {
	_, conn := open(t)
	name := table(t, conn, "n UInt64")
	if err := insertN(t.Context(), conn, name, 0, 1_000_000); err != nil {
		t.Fatal(err)
	}
	var n, sum uint64
	if err := conn.QueryRow(t.Context(), "SELECT count(), sum(n) FROM "+name).Scan(&n, &sum); err != nil {
		t.Fatal(err)
	}
	if n != 1_000_000 || sum != 499_999_500_000 {
		t.Errorf("%d rows, sum %d", n, sum)
	}
	rows, err := conn.Query(t.Context(), "SELECT n FROM "+name+" ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	var next, got uint64
	for ; rows.Next(); next++ {
		if err := rows.Scan(&got); err != nil || got != next {
			t.Fatalf("row %d: %d, %v", next, got, err)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || next != 1_000_000 {
		t.Errorf("read back %d rows, %v", next, err)
	}
}

// TestTokenCountsOnce: the same token twice counts once, in the table and in
// each materialised view behind it, in every order and over a restart; rows
// that are equal under different tokens count twice.
func TestTokenCountsOnce(t *testing.T) {
	e, conn := open(t)
	name := table(t, conn, "n UInt64")
	run(t, conn, "CREATE MATERIALIZED VIEW "+name+"_sum (k UInt8, total UInt64, rows UInt64) ENGINE = SummingMergeTree ORDER BY k "+
		"SETTINGS non_replicated_deduplication_window = 1000 AS SELECT 0 AS k, sum(n) AS total, count() AS rows FROM "+name)
	run(t, conn, "CREATE MATERIALIZED VIEW "+name+"_agg (parity UInt8, c AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY parity "+
		"SETTINGS non_replicated_deduplication_window = 1000 AS SELECT toUInt8(n % 2) AS parity, countState() AS c FROM "+name+" GROUP BY parity")
	insert := func(token string) {
		t.Helper()
		ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{
			"insert_deduplication_token":                         token,
			"deduplicate_blocks_in_dependent_materialized_views": 1,
		}))
		if err := insertN(ctx, conn, name, 1, 1000); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, times uint64) {
		t.Helper()
		var total, rows, agg uint64
		if err := conn.QueryRow(t.Context(), "SELECT sum(total), sum(rows) FROM "+name+"_sum").Scan(&total, &rows); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(t.Context(), "SELECT countMerge(c) FROM "+name+"_agg").Scan(&agg); err != nil {
			t.Fatal(err)
		}
		if n := count(t, conn, name); n != 1000*times || rows != 1000*times || total != 500500*times || agg != 1000*times {
			t.Errorf("%s: table %d, sum view %d rows total %d, aggregate view %d; want %d times 1000", when, n, rows, total, agg, times)
		}
	}
	insert("RAW-1-1000")
	check("first", 1)
	insert("RAW-1-1000")
	check("again", 1)
	insert("RAW-1001-2000")
	check("equal rows, another token", 2)
	insert("RAW-1-1000")
	check("the first again", 2)
	killChild(t, e)
	insert("RAW-1-1000")
	insert("RAW-1001-2000")
	check("again over a restart", 2)
}

// TestTokenWithoutRows: a kill between the commit of an insert's token and that
// of its rows must not make the retry a repetition.
func TestTokenWithoutRows(t *testing.T) {
	e, conn := open(t)
	name := table(t, conn, "n UInt64")
	for i := range uint64(4) {
		if err := insertN(withToken(t.Context(), fmt.Sprint("token", i)), conn, name, i*10, 10); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			run(t, conn, "OPTIMIZE TABLE "+name+" FINAL") // the first three live on in one part
		}
	}
	dir := e.cfg.Dir
	_ = conn.Close()
	e.Stop()
	last, err := filepath.Glob(filepath.Join(dir, "store", "*", "*", "all_4_4_0"))
	if err != nil || len(last) != 1 {
		t.Fatalf("parts %v, %v", last, err)
	}
	if err := os.RemoveAll(last[0]); err != nil {
		t.Fatal(err)
	}
	_, conn = open(t, func(c *Config) { c.Dir = dir })
	if n := count(t, conn, name); n != 30 {
		t.Fatalf("%d rows after the loss", n)
	}
	for i := range uint64(4) {
		if err := insertN(withToken(t.Context(), fmt.Sprint("token", i)), conn, name, i*10, 10); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, conn, name); n != 40 {
		t.Errorf("%d rows after the retries, want 40", n)
	}
}

// TestKillLosesNothing kills the engine again and again under inserts that are
// retried with their token: each acknowledged insert is there, once.
func TestKillLosesNothing(t *testing.T) {
	e, conn := open(t)
	name := table(t, conn, "n UInt64")
	run(t, conn, "CREATE MATERIALIZED VIEW "+name+"_mv (rows UInt64) ENGINE = SummingMergeTree ORDER BY tuple() "+
		"SETTINGS non_replicated_deduplication_window = 1000 AS SELECT count() AS rows FROM "+name)
	const writers, batches, rows = 3, 20, 500
	var done sync.WaitGroup
	for w := range uint64(writers) {
		done.Go(func() {
			for b := range uint64(batches) {
				from := (w*batches + b) * rows
				ctx := withToken(t.Context(), fmt.Sprint("w", from))
				eventually(t, "an insert is acknowledged", func() bool { return insertN(ctx, conn, name, from, rows) == nil })
			}
		})
	}
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()
	for kills := 0; kills < 5; kills++ {
		before := count2(t.Context(), e, name)
		eventually(t, "inserts go on", func() bool {
			select {
			case <-finished:
				return true
			default:
				return count2(t.Context(), e, name) > before
			}
		})
		killChild(t, e)
	}
	<-finished
	var n, distinct, mv uint64
	if err := conn.QueryRow(t.Context(), "SELECT count(), uniqExact(n) FROM "+name).Scan(&n, &distinct); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "SELECT sum(rows) FROM "+name+"_mv").Scan(&mv); err != nil {
		t.Fatal(err)
	}
	if want := uint64(writers * batches * rows); n != want || distinct != want || mv != want {
		t.Errorf("table %d rows, %d distinct, view %d; want %d", n, distinct, mv, want)
	}
	if r := e.Health().Restarts; r < 5 {
		t.Errorf("%d restarts", r)
	}
}

// count2 counts without failing the test: the engine may be down.
func count2(ctx context.Context, e *Engine, from string) (n uint64) {
	conn, err := e.Open()
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.QueryRow(ctx, "SELECT count() FROM "+from).Scan(&n)
	return n
}

// killChild kills the engine's process and waits for the next.
func killChild(t testing.TB, e *Engine) {
	t.Helper()
	before := e.Health()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a restarted child", func() bool {
		h := e.Health()
		return h.State == Ready && h.PID != before.PID
	})
}
