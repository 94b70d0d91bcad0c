package measure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
)

const (
	timeout = 5 * time.Second
	// sampleRows is about how many SMS receipts the time from sent to
	// delivered is read from.
	sampleRows = 100_000
	clockForm  = "2006-01-02 15:04:05"
)

// Reader reads the tables. It is safe for concurrent use.
type Reader struct {
	conn driver.Conn
	now  func() time.Time
}

// NewReader returns a reader of the tables behind conn.
func NewReader(conn driver.Conn, now func() time.Time) *Reader { return &Reader{conn, now} }

// context makes every statement of a page one that only reads, and ends.
func readContext(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"readonly": 2, "max_threads": 1, "max_execution_time": int(timeout / time.Second), "max_memory_usage": 2_000_000_000,
		"max_result_rows": 200_000, "result_overflow_mode": "throw", "use_query_cache": 0,
	}))
}

// query runs one statement and calls scan for each row.
func (r *Reader) query(ctx context.Context, sql string, q Query, scan func(driver.Rows) error) error {
	return r.each(ctx, sql, scan,
		clickhouse.Named("authority", q.Authority), clickhouse.Named("stream", q.Stream), clickhouse.Named("channel", q.Channel),
		clickhouse.Named("from", q.Period.From.UTC().Format(clockForm)), clickhouse.Named("to", q.Period.To.UTC().Format(clockForm)))
}

// The conditions that statements share.
const (
	informing = ` AND stream != '` + events.SubscriptionStream + `'`
	narrowed  = informing + ` AND ({stream:String} = '' OR stream = {stream:String}) AND ({channel:String} = '' OR channel = {channel:String})`
	byHour    = ` WHERE authority = {authority:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}` + narrowed
	byDay     = ` WHERE authority = {authority:String} AND day >= toDate({from:DateTime('UTC')}, 'Europe/Paris') AND day <= toDate({to:DateTime('UTC')} - 1, 'Europe/Paris')` + narrowed
	approved  = ` WHERE authority = {authority:String} AND approved_at >= {from:DateTime('UTC')} AND approved_at < {to:DateTime('UTC')}` +
		` AND ({stream:String} = '' OR stream = {stream:String}) AND ({channel:String} = '' OR has(channels, {channel:String}))` +
		` AND status = 'Actual' AND msg_type != 'Cancel'`
)

// people returns the table of people for a period and its condition.
func people(p Period) (table, where, at string) {
	if p.hourly() {
		return "people_hourly", byHour, "hour"
	}
	return "people_daily", byDay, "toDateTime(day, 'Europe/Paris')"
}

// Figures reads everything a dashboard shows. The statements run side by side.
func (r *Reader) Figures(ctx context.Context, q Query) (Figures, error) {
	ctx, cancel := context.WithTimeout(readContext(ctx), timeout)
	defer cancel()
	f := Figures{At: r.now().UTC()}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	g.Go(func() error { return r.people(ctx, q, &f) })
	g.Go(func() error {
		if err := r.counts(ctx, q, &f); err != nil {
			return err
		}
		return r.sent(ctx, q, &f)
	})
	g.Go(func() error { return r.carried(ctx, q, &f) })
	g.Go(func() error { return r.delays(ctx, q, &f) })
	g.Go(func() error { return r.publications(ctx, q, &f) })
	g.Go(func() error { return r.days(ctx, q, &f) })
	return f, g.Wait()
}

func (r *Reader) counts(ctx context.Context, q Query, f *Figures) error {
	return r.query(ctx, `SELECT channel, any(kind), status, sum(receipts), sum(units), sum(duplicates), sum(cost_micro_eur)
		FROM receipts_hourly`+byHour+` GROUP BY channel, status ORDER BY channel, status`, q, func(rows driver.Rows) error {
		var c Count
		err := rows.Scan(&c.Channel, &c.Kind, &c.Status, &c.Receipts, &c.Units, &c.Duplicates, &c.CostMicroEUR)
		f.Counts = append(f.Counts, c)
		return err
	})
}

func (r *Reader) carried(ctx context.Context, q Query, f *Figures) error {
	return r.query(ctx, `SELECT channel, via, sum(receipts), sum(units), sum(cost_micro_eur)
		FROM carried_hourly`+byHour+` GROUP BY channel, via ORDER BY channel, via`, q, func(rows driver.Rows) error {
		var c Carried
		err := rows.Scan(&c.Channel, &c.Via, &c.Receipts, &c.Units, &c.CostMicroEUR)
		f.Carried = append(f.Carried, c)
		return err
	})
}

// people merges the states by channel, and those into the whole.
func (r *Reader) people(ctx context.Context, q Query, f *Figures) error {
	table, where, _ := people(q.Period)
	return r.query(ctx, `SELECT measure, toString(channel), uniqCombined64Merge(15)(states.1), uniqCombined64Merge(15)(states.2)
		FROM (SELECT measure, channel, (uniqCombined64MergeState(15)(pairs), uniqCombined64MergeState(15)(people)) AS states
			FROM `+table+where+` GROUP BY measure, channel)
		GROUP BY GROUPING SETS ((measure), (measure, channel)) ORDER BY 1, 2`, q, func(rows driver.Rows) error {
		var p People
		err := rows.Scan(&p.Measure, &p.Channel, &p.Pairs, &p.People)
		f.People = append(f.People, p)
		return err
	})
}

func (r *Reader) days(ctx context.Context, q Query, f *Figures) error {
	table, where, at := people(q.Period)
	return r.query(ctx, `SELECT `+at+` AS moment, uniqCombined64MergeIf(15)(pairs, measure = 'targeted'), uniqCombined64MergeIf(15)(pairs, measure = 'informed')
		FROM `+table+where+` AND measure IN ('targeted', 'informed') GROUP BY moment ORDER BY moment`, q, func(rows driver.Rows) error {
		var d Day
		err := rows.Scan(&d.At, &d.Targeted, &d.Informed)
		f.Days = append(f.Days, d)
		return err
	})
}

// delays reads the grid by day where the period is made of days: by hour it has
// as many rows as receipts have steps.
func (r *Reader) delays(ctx context.Context, q Query, f *Figures) error {
	from := "delays_daily" + byDay
	if q.Period.hourly() {
		from = "delays_hourly" + byHour
	}
	return r.query(ctx, `SELECT leg, if(leg IN ('approved_opted_out', 'approved_informed'), toString(topic), '') AS subject, delay_ms, sum(receipts)
		FROM `+from+` GROUP BY leg, subject, delay_ms ORDER BY leg, subject, delay_ms`, q, func(rows driver.Rows) error {
		var d Delay
		err := rows.Scan(&d.Leg, &d.Topic, &d.MS, &d.Receipts)
		f.Delays = append(f.Delays, d)
		return err
	})
}

// sent reads the SMS of a sample of people that keeps about sampleRows. What was
// approved at a millisecond stands for its delivery, whose ID is long to read.
func (r *Reader) sent(ctx context.Context, q Query, f *Figures) error {
	var total uint64
	for _, c := range f.Counts {
		if c.Kind == "sms" || c.Kind == "smshttp" {
			total += c.Receipts
		}
	}
	if total == 0 {
		return nil
	}
	f.Sent.Fraction = int(max(1, total/sampleRows)) //nolint:gosec // a count
	sample := ""
	if f.Sent.Fraction > 1 {
		sample = fmt.Sprintf(" SAMPLE 1 / %d", f.Sent.Fraction)
	}
	sql := `SELECT count(), countIf(took > 300000), ifNotFinite(quantile(0.5)(took), 0), ifNotFinite(quantile(0.95)(took), 0) FROM (
		SELECT toInt64(toUnixTimestamp64Milli(minIf(at, status = 'delivered'))) - toInt64(toUnixTimestamp64Milli(minIf(at, status = 'sent'))) AS took
		FROM receipts` + sample + strings.Replace(byDay, " WHERE ", " PREWHERE ", 1) + ` AND kind IN ('sms', 'smshttp') AND status IN ('sent', 'delivered')
			AND at >= {from:DateTime('UTC')} AND at < {to:DateTime('UTC')} AND subscriber != 0
		GROUP BY subscriber, stream, approved_at, revision HAVING countIf(status = 'sent') > 0 AND countIf(status = 'delivered') > 0)`
	return r.query(ctx, sql, q, func(rows driver.Rows) error {
		var p50, p95 float64
		err := rows.Scan(&f.Sent.Deliveries, &f.Sent.Slow, &p50, &p95)
		f.Sent.P50, f.Sent.P95 = milliseconds(p50), milliseconds(p95)
		return err
	})
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(max(ms, 0) * float64(time.Millisecond))
}

func (r *Reader) publications(ctx context.Context, q Query, f *Figures) error {
	err := r.query(ctx, `SELECT class, uniqExact(publication), uniqExactIf(publication, publication IN (
			SELECT publication FROM publication_receipts WHERE authority = {authority:String} AND informed
				AND last_at >= {from:DateTime('UTC')} AND ({channel:String} = '' OR channel = {channel:String})))
		FROM publications FINAL`+approved+` GROUP BY class ORDER BY class`, q, func(rows driver.Rows) error {
		var c ClassCount
		err := rows.Scan(&c.Class, &c.Publications, &c.Informed)
		f.Publications = append(f.Publications, c)
		return err
	})
	if err != nil {
		return err
	}
	return r.query(ctx, `SELECT toInt64(count()), toInt64(sum(channels)) FROM (
			SELECT publication, uniqExact(channel) AS channels FROM publication_receipts
			WHERE authority = {authority:String} AND informed AND last_at >= {from:DateTime('UTC')}
				AND ({channel:String} = '' OR channel = {channel:String})
				AND publication IN (SELECT publication FROM publications FINAL`+approved+`)
			GROUP BY publication)`, q, func(rows driver.Rows) error {
		var reached, channels int64
		err := rows.Scan(&reached, &channels)
		f.Reached, f.Channels = int(reached), int(channels)
		return err
	})
}

// Choices are the streams and channels that a form can offer: those of the
// last 400 days.
func (r *Reader) Choices(ctx context.Context, authority string) (streams, channels []string, err error) {
	ctx, cancel := context.WithTimeout(readContext(ctx), timeout)
	defer cancel()
	err = r.query(ctx, `SELECT arraySort(groupUniqArray(toString(stream))), arraySort(groupUniqArray(toString(channel)))
		FROM (SELECT DISTINCT stream, channel FROM people_daily WHERE authority = {authority:String}`+informing+`
			UNION ALL SELECT DISTINCT '' AS stream, channel FROM publication_receipts WHERE authority = {authority:String})`, Query{Authority: authority},
		func(rows driver.Rows) error { return rows.Scan(&streams, &channels) })
	return streams, channels, err
}
