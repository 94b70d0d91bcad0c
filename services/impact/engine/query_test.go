//go:build linux || darwin

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/crieur/crieur/events/eventstest"
)

func TestTypes(t *testing.T) {
	for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP} {
		t.Run(method.String(), func(t *testing.T) { testTypes(t, method) })
	}
}

func testTypes(t *testing.T, method clickhouse.CompressionMethod) {
	e := start(t)
	o := e.Options()
	o.Compression = &clickhouse.Compression{Method: method}
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	name := table(t, conn, `id UInt64, at DateTime64(3, 'UTC'), day Date, channel LowCardinality(String),
		reason LowCardinality(Nullable(String)), note Nullable(String), tags Array(String), labels Map(LowCardinality(String), UInt32),
		who UUID, cost Decimal(18, 6), outcome Enum8('sent' = 1, 'failed' = 2), hash FixedString(4), ok Bool, score Float64,
		pair Tuple(a UInt8, b String), net IPv6`)
	type row struct {
		ID      uint64            `ch:"id"`
		At      time.Time         `ch:"at"`
		Day     time.Time         `ch:"day"`
		Channel string            `ch:"channel"`
		Reason  *string           `ch:"reason"`
		Note    *string           `ch:"note"`
		Tags    []string          `ch:"tags"`
		Labels  map[string]uint32 `ch:"labels"`
		Who     uuid.UUID         `ch:"who"`
		Cost    decimal.Decimal   `ch:"cost"`
		Outcome string            `ch:"outcome"`
		Hash    string            `ch:"hash"`
		OK      bool              `ch:"ok"`
		Score   float64           `ch:"score"`
		Pair    map[string]any    `ch:"pair"`
		Net     net.IP            `ch:"net"`
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 535e6, time.UTC)
	day := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	note, reason := "Crue à Langon : évitez les quais", "expired"
	want := []row{
		{1, at, day, "sms", nil, &note, []string{"crue", "alerte"}, map[string]uint32{"fr": 2}, uuid.New(), decimal.RequireFromString("0.042500"), "sent", "abcd", true, 1.5, map[string]any{"a": uint8(1), "b": "x"}, net.ParseIP("2001:db8::1")},
		{2, at.Add(time.Millisecond), day, "sign", &reason, nil, []string{}, map[string]uint32{}, uuid.New(), decimal.RequireFromString("-12.000001"), "failed", "efgh", false, -0.25, map[string]any{"a": uint8(2), "b": "\x00\n\t'"}, net.ParseIP("::ffff:192.0.2.1")},
	}
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO "+name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range want {
		if err := batch.AppendStruct(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	var got []row
	if err := conn.Select(t.Context(), &got, "SELECT * FROM "+name+" ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	if g, w := rowsText(got), rowsText(want); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	var none []row
	if err := conn.Select(t.Context(), &none, "SELECT * FROM "+name+" WHERE id = 3"); err != nil || len(none) != 0 {
		t.Errorf("empty result: %d rows, %v", len(none), err)
	}
}

// rowsText prints rows with pointers followed.
func rowsText[T any](rows []T) string {
	var b strings.Builder
	for _, r := range rows {
		s := fmt.Sprintf("%+v", r)
		b.WriteString(pointers.ReplaceAllString(s, "&") + "\n")
	}
	return b.String()
}

func TestParameters(t *testing.T) {
	_, conn := open(t)
	for _, v := range []string{"simple", "it's", `back\slash`, "new\nline\ttab", "é 🌊", "'; DROP TABLE t; --", ""} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT {v:String}", clickhouse.Named("v", v)).Scan(&got); err != nil || got != v {
			t.Errorf("parameter %q came back %q, %v", v, got, err)
		}
		if err := conn.QueryRow(t.Context(), "SELECT ?", v).Scan(&got); err != nil || got != v {
			t.Errorf("placeholder %q came back %q, %v", v, got, err)
		}
	}
	var sum uint64
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"n": "10", "t": "numbers_table"}))
	run(t, conn, "CREATE VIEW numbers_table AS SELECT number AS n FROM numbers(100)")
	if err := conn.QueryRow(ctx, "SELECT sum(n) FROM {t:Identifier} WHERE n < {n:UInt64}").Scan(&sum); err != nil || sum != 45 {
		t.Errorf("identifier parameter: %d, %v", sum, err)
	}
}

func TestExceptions(t *testing.T) {
	_, conn := open(t)
	name := table(t, conn, "n UInt64")
	for _, c := range []struct {
		sql  string
		code int32
		says string
	}{
		{"SELECT * FROM nowhere", 60, "nowhere"},
		{"SELECT nothing FROM " + name, 47, "nothing"},
		{"SELEC 1", 62, ""},
		{"SELECT 1; SELECT 2", 62, "Multi-statements"},
		{"SELECT 1 FROM d.t", 81, "d"},
		{"CREATE TABLE " + name + " (n UInt64) ENGINE = Memory", 57, name},
		{"SELECT throwIf(1)", 395, ""},
		{"SELECT 1 FORMAT Nonsense", 73, "Nonsense"},
		{"SELECT 1 SETTINGS max_threads = 'many'", 0, "many"},
	} {
		for _, call := range []func() error{
			func() error { return conn.Exec(t.Context(), c.sql) },
			func() error {
				rows, err := conn.Query(t.Context(), c.sql)
				if err != nil {
					return err
				}
				for rows.Next() {
				}
				return errors.Join(rows.Err(), rows.Close())
			},
		} {
			err := call()
			var ex *clickhouse.Exception
			if !errors.As(err, &ex) {
				t.Errorf("%s: %v is no exception", c.sql, err)
			} else if (c.code != 0 && ex.Code != c.code) || !strings.Contains(ex.Message, c.says) {
				t.Errorf("%s: code %d %q, want %d with %q", c.sql, ex.Code, ex.Message, c.code, c.says)
			}
		}
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"no_such_setting": 1}))
	var ex *clickhouse.Exception
	if err := conn.Exec(ctx, "SELECT 1"); !errors.As(err, &ex) || ex.Code != 115 {
		t.Errorf("unknown setting: %v", err)
	}
	if n := count(t, conn, name); n != 0 {
		t.Errorf("after errors: %d rows", n)
	}
}

// TestExceptionMidStream: the first blocks have gone when the statement fails.
func TestExceptionMidStream(t *testing.T) {
	_, conn := open(t)
	rows, err := conn.Query(t.Context(), "SELECT throwIf(number = 900000, 'at nine hundred thousand') FROM numbers(1000000) SETTINGS max_threads = 1")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for rows.Next() {
		seen++
	}
	var ex *clickhouse.Exception
	if err := rows.Err(); !errors.As(err, &ex) || ex.Code != 395 || !strings.Contains(ex.Message, "nine hundred thousand") {
		t.Errorf("after %d rows: %v", seen, err)
	}
	if seen == 0 || seen > 900000 {
		t.Errorf("%d rows before the exception", seen)
	}
}

// TestSettingsDoNotLeak: connections are reused, their state must not be.
func TestSettingsDoNotLeak(t *testing.T) {
	_, conn := open(t, func(c *Config) { c.MaxReads = 1 })
	read := func(ctx context.Context) (threads, comment, db, async string) {
		t.Helper()
		if err := conn.QueryRow(ctx, "SELECT toString(getSetting('max_block_size')), getSetting('log_comment'), currentDatabase(), toString(getSetting('async_insert'))").Scan(&threads, &comment, &db, &async); err != nil {
			t.Fatal(err)
		}
		return threads, comment, db, async
	}
	before, _, _, async := read(t.Context())
	if async != "false" {
		t.Errorf("async_insert is %s", async)
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 1234, "log_comment": "d'ici", "async_insert": 1}))
	if threads, comment, _, async := read(ctx); threads != "1234" || !strings.HasPrefix(comment, "d'ici ") || async != "true" {
		t.Errorf("settings of one statement: %s %q %s", threads, comment, async)
	}
	run(t, conn, "SET max_block_size = 77")
	run(t, conn, "USE system")
	if after, comment, db, async := read(t.Context()); after != before || strings.Contains(comment, "ici") || db != "default" || async != "false" {
		t.Errorf("settings left behind: %s %q %s %s", after, comment, db, async)
	}
}

func TestCancellation(t *testing.T) {
	e, conn := open(t)
	for name, sql := range map[string]string{
		"streamed": "SELECT sleepEachRow(0.01) FROM numbers(100000) SETTINGS max_block_size = 10",
		"computed": "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))",
		"whole":    "CREATE TABLE never ENGINE = Memory AS SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				rows, err := conn.Query(ctx, sql)
				if err == nil {
					for rows.Next() {
					}
					err = errors.Join(rows.Err(), rows.Close())
				}
				ended <- err
			}()
			running := func() uint64 {
				return count(t, conn, "system.processes WHERE query NOT LIKE '%system.processes%'")
			}
			eventually(t, "the statement runs", func() bool { return running() == 1 })
			cancel()
			if err := <-ended; err == nil {
				t.Error("a cancelled statement ended well")
			}
			eventually(t, "the engine has ended it", func() bool { return running() == 0 })
		})
	}
	if h := e.Health(); h.State != Ready || h.Restarts != 0 {
		t.Errorf("health after cancellations: %+v", h)
	}
}

// TestKilledReadIsNoShortResult: a read that somebody kills must not look as if
// it had ended with fewer rows.
func TestKilledReadIsNoShortResult(t *testing.T) {
	_, conn := open(t)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"log_comment": "to be killed"}))
	rows, err := conn.Query(ctx, "SELECT sleepEachRow(0.01) FROM numbers(100000) SETTINGS max_block_size = 10")
	if err != nil {
		t.Fatal(err)
	}
	run(t, conn, "KILL QUERY WHERE startsWith(Settings['log_comment'], 'to be killed')")
	for rows.Next() {
	}
	var ex *clickhouse.Exception
	if err := rows.Err(); !errors.As(err, &ex) || ex.Code != 394 {
		t.Errorf("a killed read ended with %v", err)
	}
}

// TestConcurrency: reads run beside one another, and inserts go on while all
// connections for reads are taken.
func TestConcurrency(t *testing.T) {
	_, conn := open(t, func(c *Config) { c.MaxReads = 3 })
	name := table(t, conn, "n UInt64")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var slow sync.WaitGroup
	for range 2 {
		slow.Go(func() { _ = conn.Exec(ctx, "SELECT sleepEachRow(1) FROM numbers(3600) SETTINGS max_block_size = 1") })
	}
	eventually(t, "two slow reads run", func() bool { return count(t, conn, "system.processes WHERE query LIKE '%sleepEachRow%3600%'") >= 2 })
	var inserts sync.WaitGroup
	for i := range uint64(8) {
		inserts.Go(func() {
			if err := insertN(t.Context(), conn, name, i*1000, 1000); err != nil {
				t.Error(err)
			}
		})
	}
	inserts.Wait()
	if n := count(t, conn, name); n != 8000 {
		t.Errorf("%d rows, want 8000", n)
	}
	cancel()
	slow.Wait()
}

// TestHTTP speaks to the interface as curl would, over loopback.
func TestHTTP(t *testing.T) {
	addr := eventstest.FreeAddr(t)
	start(t, func(c *Config) { c.Listen = addr })
	post := func(query, body string) (int, string, http.Header) {
		t.Helper()
		resp, err := http.Post("http://"+addr+"/?"+query, "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b), resp.Header
	}
	big := strings.Repeat("42\tune ligne\n\n", 200_000)
	for _, c := range []struct {
		name, query, body string
		status            int
		want              string
	}{
		{"select", "", "SELECT 1 + 1", 200, "2\n"},
		{"query in the URL", "query=" + url.QueryEscape("SELECT 'é'"), "", 200, "é\n"},
		{"query in two parts", "query=SELECT", " 3", 200, "3\n"},
		{"format", "", "SELECT 1 AS a FORMAT JSONEachRow", 200, `{"a":1}` + "\n"},
		{"format and settings", "", "SELECT 1 AS a FORMAT CSVWithNames SETTINGS max_threads=1", 200, "\"a\"\n1\n"},
		{"parameter", "param_x=4", "SELECT {x:UInt8} * 2", 200, "8\n"},
		{"create", "", "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n", 200, ""},
		{"insert values", "", "INSERT INTO t VALUES (1, 'a;b'), (2, 'c\\'d')", 200, ""},
		{"insert values in the body", "query=" + url.QueryEscape("INSERT INTO t VALUES"), "(3, 'x'), (4, 'y')", 200, ""},
		{"insert inline rows", "", "INSERT INTO t FORMAT CSV\n5,e\n6,\"f\n\ng\"\n", 200, ""},
		{"insert rows, settings", "query=" + url.QueryEscape("INSERT INTO t (n, s) SETTINGS max_threads=1 FORMAT TSV"), "7\tz\n", 200, ""},
		{"count", "", "SELECT count(), sum(n) FROM t", 200, "7\t28\n"},
		{"insert select", "", "INSERT INTO t SELECT number, '' FROM numbers(3)", 200, ""},
		{"insert with default format", "query=" + url.QueryEscape("INSERT INTO t FORMAT TabSeparated") + "&input_format_tsv_skip_first_lines=0", strings.ReplaceAll(big, "\n\n", "\n"), 200, ""},
		{"count again", "", "SELECT count() FROM t", 200, "200010\n"},
		{"insert bad rows", "query=" + url.QueryEscape("INSERT INTO t FORMAT CSV"), "1,a\nnot a number,b\n", 400, ""},
		{"unknown table", "", "SELECT * FROM nowhere", 404, ""},
		{"insert unknown table", "query=" + url.QueryEscape("INSERT INTO nowhere FORMAT CSV"), "1\n", 404, ""},
		{"session", "session_id=1", "SELECT 1", 501, ""},
		{"empty", "", " ", 400, ""},
		{"unchanged by errors", "", "SELECT count() FROM t", 200, "200010\n"},
	} {
		status, body, header := post(c.query, c.body)
		if status != c.status || (c.status == 200 && body != c.want) {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, body, c.status, c.want)
		}
		if code := header.Get("X-ClickHouse-Exception-Code"); (code != "") != (c.status != 200) {
			t.Errorf("%s: exception code %q with status %d", c.name, code, status)
		}
	}
}
