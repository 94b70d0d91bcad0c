package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/impact/impacttest"
)

// bulk makes a receipt of a large send: 500 people of one batch.
func bulk(n int) events.Receipt {
	r := events.Receipt{
		Step: "submit", Publication: events.NewID("p", fmt.Sprint(n/200)), Revision: 1, Authority: "bordeaux", Stream: "voirie",
		Channel: "sms", Kind: "sms", Class: events.ClassService, Topic: "travaux", Batch: n,
		SourceAt: start(), FetchedAt: start().Add(time.Second), ApprovedAt: start().Add(time.Minute), CreatedAt: start().Add(2 * time.Minute),
	}
	r.Delivery = events.DeliveryID(r.Publication, 1, r.Channel, "", n)
	r.ID = events.ReceiptID(r.Delivery, r.Step)
	for i := range 500 {
		r.Recipients = append(r.Recipients, events.Recipient{
			ID: events.NewID("subscriber", fmt.Sprint(n*500+i)), Status: events.StatusDelivered, Units: 1, CostMicroEUR: 45_000,
			At: r.CreatedAt.Add(time.Duration(i%7000) * time.Millisecond),
		})
	}
	return r
}

// BenchmarkReceipts measures receipts a second from the stream into ClickHouse
// and, in the same run, the bare batch insert of the same rows into the same
// tables in batches of the same size.
func BenchmarkReceipts(b *testing.B) {
	const receipts, rows = 2000, 1_000_000
	f := newFixture(b, eventstest.Connect(b))
	list := make([]events.Event, receipts)
	ready := &receiptRows{people: newPseudonyms(testKey)}
	for i := range list {
		r := bulk(i)
		list[i] = r
	}
	if err := f.emitter.Publish(b.Context(), list...); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		b.StopTimer()
		_, bare := impacttest.Open(b)
		var bareTime time.Duration
		for i := 0; i < receipts; i += 100 {
			*ready = receiptRows{people: ready.people}
			for n, e := range list[i : i+100] {
				body, err := events.Marshal(e)
				if err != nil {
					b.Fatal(err)
				}
				if err := ready.add(uint64(i+n+1), body); err != nil { //nolint:gosec // a count
					b.Fatal(err)
				}
			}
			began := time.Now()
			batch, err := bare.PrepareBatch(clickhouse.Context(b.Context(), clickhouse.WithSettings(clickhouse.Settings{
				"insert_deduplication_token": fmt.Sprint(i), "async_insert": 0, "parallel_view_processing": 1,
			})), ready.insert())
			if err != nil {
				b.Fatal(err)
			}
			if err := send(batch, ready); err != nil {
				b.Fatal(err)
			}
			bareTime += time.Since(began)
		}
		_, conn := impacttest.Open(b)
		l := newLoader(b, f, conn, func(c *Config) { c.Linger, c.Pace, c.MaxRows = 0, 0, 0 })
		b.StartTimer()
		began := time.Now()
		stop := loading(b, l)
		awaitRows(b, conn, "receipts", rows)
		took := time.Since(began)
		b.StopTimer()
		stop()
		b.ReportMetric(rows/took.Seconds(), "receipts/s")
		b.ReportMetric(rows/bareTime.Seconds(), "bare-rows/s")
		b.ReportMetric(100*bareTime.Seconds()/took.Seconds(), "%-of-bare")
	}
}

// BenchmarkLatency measures the time from a receipt's publication to its being
// in the aggregates, when nothing else flows.
func BenchmarkLatency(b *testing.B) {
	f := newFixture(b, eventstest.Connect(b))
	_, conn := impacttest.Open(b)
	loading(b, newLoader(b, f, conn, func(c *Config) { c.Linger, c.Pace = 0, 0 }))
	w, rows := newWorld(20), 0
	rows += f.receipts(b, w, 1, 1)
	awaitRows(b, conn, "receipts_hourly", 1)
	for b.Loop() {
		b.StopTimer()
		pause := time.NewTimer(time.Second) // the stream is idle
		<-pause.C
		b.StartTimer()
		rows += f.receipts(b, w, 1, 1)
		eventstest.Eventually(b, func() bool {
			return number(b, conn, "SELECT sum(receipts) FROM publication_receipts") >= uint64(rows) //nolint:gosec // a count
		}, patience)
	}
}
