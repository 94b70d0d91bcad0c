package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/schemas"
)

const table = `CREATE TABLE IF NOT EXISTS migrations
(
    version    UInt32                          COMMENT 'number of the migration, from 1',
    name       String                          COMMENT 'name of the migration',
    sha256     FixedString(64)                 COMMENT 'of its statements, hexadecimal',
    applied_at DateTime('UTC') DEFAULT now()   COMMENT 'when it was applied'
)
ENGINE = MergeTree ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1`

// ErrChanged means that a migration is not the one that was applied.
var ErrChanged = errors.New("a migration was changed after it was applied")

// Apply applies what is missing and returns the versions it applied. Its
// errors name the migration; ErrChanged is one no retry cures.
func Apply(ctx context.Context, conn driver.Conn, migrations []schemas.Migration) ([]int, error) {
	if err := conn.Exec(ctx, table); err != nil {
		return nil, fmt.Errorf("migrate: table migrations: %w", err)
	}
	known, err := applied(ctx, conn)
	if err != nil {
		return nil, err
	}
	var done []int
	for _, m := range migrations {
		hash := sum(m)
		switch old, ok := known[m.Version]; {
		case ok && old == hash:
			continue
		case ok:
			return done, fmt.Errorf("migrate: %04d_%s: %w", m.Version, m.Name, ErrChanged)
		}
		for i, s := range m.Statements {
			if err := conn.Exec(ctx, s); err != nil {
				return done, fmt.Errorf("migrate: %04d_%s: statement %d: %w", m.Version, m.Name, i+1, err)
			}
		}
		if err := record(ctx, conn, m, hash); err != nil {
			return done, fmt.Errorf("migrate: %04d_%s: record: %w", m.Version, m.Name, err)
		}
		done = append(done, m.Version)
	}
	return done, nil
}

func applied(ctx context.Context, conn driver.Conn) (map[int]string, error) {
	rows, err := conn.Query(ctx, "SELECT DISTINCT version, toString(sha256) FROM migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate: read: %w", err)
	}
	defer func() { _ = rows.Close() }()
	known := map[int]string{}
	for rows.Next() {
		var version uint32
		var hash string
		if err := rows.Scan(&version, &hash); err != nil {
			return nil, fmt.Errorf("migrate: read: %w", err)
		}
		known[int(version)] = hash
	}
	return known, rows.Err()
}

// record is idempotent by its token: programs that migrate at once leave one row.
func record(ctx context.Context, conn driver.Conn, m schemas.Migration, hash string) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token": fmt.Sprintf("migration-%d-%s", m.Version, hash),
	}))
	b, err := conn.PrepareBatch(ctx, "INSERT INTO migrations (version, name, sha256)")
	if err != nil {
		return err
	}
	if err := b.Append(uint32(m.Version), m.Name, hash); err != nil { //nolint:gosec // from 1 to 9999
		return errors.Join(err, b.Abort())
	}
	return b.Send()
}

func sum(m schemas.Migration) string {
	h := sha256.Sum256([]byte(strings.Join(m.Statements, ";\n")))
	return hex.EncodeToString(h[:])
}
