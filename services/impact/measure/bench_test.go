package measure

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/services/impact/impacttest"
)

// generate makes receipts inside ClickHouse, through the views: n rows over 30
// days up to now, 90 % of them of one large authority, three channels, two
// streams, a tenth of the people clicking.
func generate(t testing.TB, conn driver.Conn, from, n uint64, now time.Time) {
	t.Helper()
	sql := fmt.Sprintf(`INSERT INTO receipts (authority, subscriber, at, stream, channel, kind, class, topic, status, informed, publication,
			revision, delivery, created_at, source_at, fetched_at, approved_at, units, cost_micro_eur, sequence)
		WITH
			cityHash64(number) AS h, intDiv(number, 20000) AS pub, if(number %% 10 = 9, 'petite', 'metropole') AS authority,
			toDateTime64(%d, 3, 'UTC') - INTERVAL (pub * 7919 %% (30 * 86400)) SECOND AS approved,
			['sms', 'email', 'push'][1 + intDiv(h, 7) %% 3] AS channel,
			multiIf(h %% 10 < 5, 'sent', h %% 10 < 9 AND channel = 'sms', 'delivered', h %% 10 < 9, 'sent', h %% 50 < 10, 'clicked', 'failed') AS state
		SELECT authority, cityHash64(intDiv(number, 4) %% 500000 + 1), approved + INTERVAL (h %% 600000) MILLISECOND, ['voirie', 'alertes'][1 + pub %% 2], channel, channel,
			['service', 'alert'][1 + pub %% 2], ['travaux', 'ecoles', 'crue'][1 + pub %% 3], state,
			state IN ('delivered', 'clicked') OR (state = 'sent' AND channel != 'sms'), toString(pub), 1, toString(intDiv(number, 400)),
			approved, approved - INTERVAL 10 MINUTE, approved - INTERVAL 9 MINUTE, approved, 1, 45000, number
		FROM numbers(%d, %d) SETTINGS max_insert_threads = 2, parallel_view_processing = 1, async_insert = 0`, now.Unix(), from, n)
	if err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	sql = fmt.Sprintf(`INSERT INTO publications (authority, publication, revision, stream, status, msg_type, class, topic, title, channels, approved_at)
		WITH number AS pub SELECT 'metropole', toString(pub), 1, ['voirie', 'alertes'][1 + pub %% 2], 'Actual', 'Alert', ['service', 'alert'][1 + pub %% 2], 'travaux',
			'Information', ['sms', 'email', 'push'], toDateTime64(%d, 3, 'UTC') - INTERVAL (pub * 7919 %% (30 * 86400)) SECOND
		FROM numbers(%d, %d)`, now.Unix(), from/20000, n/20000)
	if err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkDashboard measures what a dashboard asks, all statements of a page
// together, on CRIEUR_BENCH_RECEIPTS receipts (10 million by default).
func BenchmarkDashboard(b *testing.B) {
	total := uint64(10_000_000)
	if v, err := strconv.ParseUint(os.Getenv("CRIEUR_BENCH_RECEIPTS"), 10, 64); err == nil {
		total = v
	}
	_, conn := impacttest.Open(b)
	now := time.Now().UTC()
	began := time.Now()
	const step = 1_000_000
	for from := uint64(0); from < total; from += step {
		generate(b, conn, from, min(step, total-from), now)
	}
	b.Logf("%d receipts made in %s", total, time.Since(began).Round(time.Second))
	// Days that are past have been merged; here all were made a moment ago.
	for _, table := range []string{"receipts_hourly", "people_hourly", "people_daily", "delays_hourly", "delays_daily", "publication_receipts"} {
		if err := conn.Exec(b.Context(), "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			b.Fatal(err)
		}
	}
	reader := NewReader(conn, time.Now)
	for _, name := range []string{LastDay, LastWeek, LastMonth} {
		period, err := NewPeriod(name, "", "", now, time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		for _, channel := range []string{"", "sms"} {
			b.Run(name+"/channel="+channel, func(b *testing.B) {
				var took []time.Duration
				q := Query{Authority: "metropole", Period: period, Channel: channel}
				for b.Loop() {
					began := time.Now()
					f, err := reader.Figures(b.Context(), q)
					if err != nil {
						b.Fatal(err)
					}
					if len(f.Counts) == 0 || len(f.People) == 0 || len(f.Delays) == 0 || len(f.Publications) == 0 {
						b.Fatal("nothing is measured")
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			})
		}
	}
	b.Run("publications", func(b *testing.B) {
		period, _ := NewPeriod(LastMonth, "", "", now, time.UTC)
		for b.Loop() {
			if _, err := reader.Publications(b.Context(), Query{Authority: "metropole", Period: period}, 25); err != nil {
				b.Fatal(err)
			}
		}
	})
}
