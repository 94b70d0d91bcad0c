package impacttest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/schemas"
	"github.com/crieur/crieur/services/impact/engine"
	"github.com/crieur/crieur/services/impact/migrate"
)

// Engine starts an engine of the test's own. Without the library the test is
// skipped, but not in continuous integration, which must have it.
func Engine(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")})
	if errors.Is(err, engine.ErrLibraryMissing) && os.Getenv("CI") == "" {
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

// Connect returns a connection to e that the test's end closes.
func Connect(t testing.TB, e *engine.Engine) driver.Conn {
	t.Helper()
	conn, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Open starts an engine and makes the tables.
func Open(t testing.TB) (*engine.Engine, driver.Conn) {
	t.Helper()
	e := Engine(t)
	conn := Connect(t, e)
	Migrate(t, conn)
	return e, conn
}

// Migrate makes the tables.
func Migrate(t testing.TB, conn driver.Conn) {
	t.Helper()
	list, err := schemas.ClickHouse()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Apply(t.Context(), conn, list); err != nil {
		t.Fatal(err)
	}
}
