package migrate_test

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/schemas"
	"github.com/crieur/crieur/services/impact/engine"
	"github.com/crieur/crieur/services/impact/impacttest"
	"github.com/crieur/crieur/services/impact/migrate"
)

func TestMain(m *testing.M) {
	engine.ChildMain()
	os.Exit(m.Run())
}

func migrations(t *testing.T) []schemas.Migration {
	t.Helper()
	list, err := schemas.ClickHouse()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func count(t *testing.T, conn driver.Conn, from string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestApplyTwice(t *testing.T) {
	conn := impacttest.Connect(t, impacttest.Engine(t))
	list := migrations(t)
	done, err := migrate.Apply(t.Context(), conn, list)
	if err != nil || len(done) != len(list) {
		t.Fatal(done, err)
	}
	if done, err = migrate.Apply(t.Context(), conn, list); err != nil || len(done) != 0 {
		t.Errorf("the second time applies %v, %v", done, err)
	}
	if n := count(t, conn, "migrations"); n != uint64(len(list)) {
		t.Errorf("%d rows in migrations, want %d", n, len(list))
	}
	// A program that dies between its statements and the record runs them again.
	for _, m := range list {
		for _, s := range m.Statements {
			if err := conn.Exec(t.Context(), s); err != nil {
				t.Errorf("again: %v", err)
			}
		}
	}
	changed := append([]schemas.Migration(nil), list...)
	changed[0].Statements = append([]string{"SELECT 1"}, changed[0].Statements...)
	if _, err := migrate.Apply(t.Context(), conn, changed); !errors.Is(err, migrate.ErrChanged) {
		t.Errorf("a changed migration: %v", err)
	}
	added := append(append([]schemas.Migration(nil), list...), schemas.Migration{
		Version: len(list) + 1, Name: "more", Statements: []string{"ALTER TABLE messages ADD COLUMN IF NOT EXISTS x UInt8"},
	})
	if done, err := migrate.Apply(t.Context(), conn, added); err != nil || len(done) != 1 {
		t.Errorf("one more: %v, %v", done, err)
	}
	if done, err := migrate.Apply(t.Context(), conn, list); err != nil || len(done) != 0 {
		t.Errorf("an older program: %v, %v", done, err)
	}
}

func TestApplyAtOnce(t *testing.T) {
	e := impacttest.Engine(t)
	list := migrations(t)
	var wg sync.WaitGroup
	for range 4 {
		conn := impacttest.Connect(t, e)
		wg.Go(func() {
			if _, err := migrate.Apply(t.Context(), conn, list); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	conn := impacttest.Connect(t, e)
	if n := count(t, conn, "migrations"); n != uint64(len(list)) {
		t.Errorf("%d rows in migrations, want %d", n, len(list))
	}
	if n := count(t, conn, "receipts"); n != 0 {
		t.Errorf("%d receipts", n)
	}
}

// Delays by day are those of the receipts before that table, and after.
func TestOldDelaysAreCountedByDay(t *testing.T) {
	conn := impacttest.Connect(t, impacttest.Engine(t))
	list := migrations(t)
	apply := func(list []schemas.Migration) {
		if _, err := migrate.Apply(t.Context(), conn, list); err != nil {
			t.Fatal(err)
		}
	}
	receive := func() {
		if err := conn.Exec(t.Context(), `INSERT INTO receipts (authority, subscriber, at, status, informed, source_at, fetched_at, approved_at)
			SELECT 'a', number + 1, now() - number * 1000, 'sent', true, now() - 200000000, now() - 200000000, now() - number * 1000 - 5 FROM numbers(500)`); err != nil {
			t.Fatal(err)
		}
	}
	apply(list[:3])
	receive()
	apply(list)
	receive()
	for _, m := range list[3:4] { // as after a crash before the record
		for _, s := range m.Statements {
			if err := conn.Exec(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	hourly := "SELECT leg, toDate(hour, 'Europe/Paris') AS d, delay_ms, sum(receipts) AS n FROM delays_hourly GROUP BY ALL"
	daily := "SELECT leg, day AS d, delay_ms, sum(receipts) AS n FROM delays_daily GROUP BY ALL"
	if n := count(t, conn, "("+daily+")"); n == 0 {
		t.Fatal("nothing is counted")
	}
	if n := count(t, conn, "("+hourly+" EXCEPT DISTINCT "+daily+" UNION ALL "+daily+" EXCEPT DISTINCT "+hourly+")"); n != 0 {
		t.Errorf("%d steps differ", n)
	}
}
