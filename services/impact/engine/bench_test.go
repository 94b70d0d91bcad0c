//go:build linux || darwin

package engine

import (
	"fmt"
	"testing"
)

// BenchmarkInsert measures rows a second, in batches as the receipts' sink
// makes them, durable and with a token.
func BenchmarkInsert(b *testing.B) {
	_, conn := open(b)
	for _, rows := range []uint64{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			name := table(b, conn, "n UInt64, s LowCardinality(String) DEFAULT 'sms', at DateTime64(3) DEFAULT now64()")
			var from uint64
			for b.Loop() {
				if err := insertN(withToken(b.Context(), fmt.Sprint(from)), conn, name+" (n)", from, rows); err != nil {
					b.Fatal(err)
				}
				from += rows
			}
			b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkQuery measures the latency of a point and of an aggregation over ten
// million rows, and the rows a second of a large result.
func BenchmarkQuery(b *testing.B) {
	_, conn := open(b)
	run(b, conn, "CREATE TABLE r (n UInt64, channel LowCardinality(String)) ENGINE = MergeTree ORDER BY n")
	run(b, conn, "INSERT INTO r SELECT number, ['sms', 'email', 'sign'][1 + number % 3] FROM numbers(10000000)")
	for _, q := range []struct{ name, sql string }{
		{"one", "SELECT 1"},
		{"point", "SELECT channel FROM r WHERE n = 4242424"},
		{"group", "SELECT channel, count(), sum(n) FROM r GROUP BY channel"},
		{"large", "SELECT n FROM r LIMIT 1000000"},
	} {
		b.Run(q.name, func(b *testing.B) {
			seen := 0
			for b.Loop() {
				rows, err := conn.Query(b.Context(), q.sql)
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
					seen++
				}
				if err := rows.Err(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(seen)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
