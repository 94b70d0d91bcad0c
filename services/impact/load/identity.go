package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// identity returns the ID of these tables, made the first time: positions
// belong to it. (The UUID that ClickHouse gives a table is zero in libchdb.)
func identity(ctx context.Context, conn driver.Conn) (string, error) {
	id, err := readIdentity(ctx, conn)
	if id != "" || err != nil {
		return id, err
	}
	// One token for all: of several programs that do this at once, one is kept.
	b, err := conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token": "identity", "async_insert": 0,
	})), "INSERT INTO identity (id)")
	if err != nil {
		return "", fmt.Errorf("load: identity: %w", err)
	}
	if err := b.Append(rand.Text()); err != nil {
		return "", errors.Join(fmt.Errorf("load: identity: %w", err), b.Abort())
	}
	if err := b.Send(); err != nil {
		return "", fmt.Errorf("load: identity: %w", err)
	}
	return readIdentity(ctx, conn)
}

func readIdentity(ctx context.Context, conn driver.Conn) (string, error) {
	var id string
	if err := conn.QueryRow(ctx, "SELECT min(id) FROM identity").Scan(&id); err != nil {
		return "", fmt.Errorf("load: identity: %w", err)
	}
	return id, nil
}
