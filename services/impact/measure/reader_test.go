package measure

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/crieur/crieur/services/impact/impacttest"
)

// TestFiguresEqualReceipts compares what dashboards read with a direct
// computation over the raw rows.
func TestFiguresEqualReceipts(t *testing.T) {
	_, conn := impacttest.Open(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	generate(t, conn, 0, 100_000, now)
	// Codes of subscriptions inform nobody.
	err := conn.Exec(t.Context(), `INSERT INTO receipts (authority, subscriber, at, stream, channel, kind, class, status, informed, publication)
		SELECT 'metropole', number + 1e9, $1, 'abonnement', 'sms', 'sms', 'service', 'sent', true, 'code' FROM numbers(50000)`, now)
	if err != nil {
		t.Fatal(err)
	}
	// The provider of one channel failed, and another carried these.
	err = conn.Exec(t.Context(), `INSERT INTO receipts (authority, subscriber, at, stream, channel, kind, class, status, informed, publication, units, cost_micro_eur, via)
		SELECT 'metropole', number + 2e9, $1, 'voirie', 'sms', 'sms', 'service', if(number % 2 = 0, 'sent', 'delivered'), true, 'relais', 2, 45000, if(number < 40, 'sms-secours', '') FROM numbers(60)`, now)
	if err != nil {
		t.Fatal(err)
	}
	reader := NewReader(conn, func() time.Time { return now })
	period, err := NewPeriod(LastMonth, "", "", now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []Query{
		{Authority: "metropole", Period: period},
		{Authority: "metropole", Period: period, Channel: "sms"},
		{Authority: "petite", Period: period, Stream: "voirie"},
		{Authority: "metropole'", Period: period},
	} {
		f, err := reader.Figures(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var receipts, targeted, informed uint64
		var p95 float64
		err = conn.QueryRow(t.Context(), `SELECT count(), uniqExactIf((subscriber, publication), status != 'opted_out'), uniqExactIf((subscriber, publication), informed),
			ifNotFinite(quantileExactIf(0.95)(toFloat64(toUnixTimestamp64Milli(at) - toUnixTimestamp64Milli(source_at)) / 1000, informed AND status IN ('sent', 'delivered')), 0)
			FROM receipts WHERE stream != 'abonnement' AND authority = $1 AND ($2 = '' OR channel = $2) AND ($3 = '' OR stream = $3)`, q.Authority, q.Channel, q.Stream).
			Scan(&receipts, &targeted, &informed, &p95)
		if err != nil {
			t.Fatal(err)
		}
		var got uint64
		for _, c := range f.Counts {
			got += c.Receipts
		}
		if got != receipts {
			t.Errorf("%+v: %d receipts, want %d", q, got, receipts)
		}
		for measure, want := range map[string]uint64{"targeted": targeted, "informed": informed} {
			if got := float64(f.people(measure, "").Pairs); math.Abs(got-float64(want)) > 0.02*float64(want) {
				t.Errorf("%+v: %v %s, want %d", q, got, measure, want)
			}
		}
		var carried []Carried
		if q.Authority == "metropole" {
			carried = []Carried{{Channel: "sms", Via: "sms-secours", Receipts: 20, Units: 40, CostMicroEUR: 900_000}}
		}
		if !slices.Equal(f.Carried, carried) {
			t.Errorf("%+v: carried %+v, want %+v", q, f.Carried, carried)
		}
		if got := f.leg(LegSourceInformed).quantile(0.95).Seconds(); math.Abs(got-p95) > 10 {
			t.Errorf("%+v: p95 %v s, want %v", q, got, p95)
		}
	}
}

// How long an SMS was on its way is told whoever takes it, a provider's HTTP
// interface or an SMSC.
func TestSMSOfEveryKindAreTimed(t *testing.T) {
	_, conn := impacttest.Open(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for kind, took := range map[string]int{"sms": 2, "smshttp": 4, "email": 100} {
		err := conn.Exec(t.Context(), `INSERT INTO receipts (authority, subscriber, at, stream, channel, kind, class, status, publication, approved_at)
			SELECT 'begles', 1 + intDiv(number, 2), if(number % 2 = 0, $1, addSeconds($1, $2)), 'voirie', $3, $3, 'service', if(number % 2 = 0, 'sent', 'delivered'), $3, addSeconds($1, -$2)
			FROM numbers(20)`, now.Add(-time.Hour), took, kind)
		if err != nil {
			t.Fatal(err)
		}
	}
	period, err := NewPeriod(LastMonth, "", "", now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewReader(conn, func() time.Time { return now }).Figures(t.Context(), Query{Authority: "begles", Period: period})
	if err != nil {
		t.Fatal(err)
	}
	if f.Sent.Deliveries != 20 || f.Sent.P50 != 3*time.Second {
		t.Errorf("%d SMS timed, half within %s", f.Sent.Deliveries, f.Sent.P50)
	}
}

// TestStatementsOnlyRead: a mistake in a statement cannot change the tables.
func TestStatementsOnlyRead(t *testing.T) {
	_, conn := impacttest.Open(t)
	err := conn.Exec(readContext(t.Context()), "INSERT INTO identity (id) VALUES ('x')")
	if err == nil {
		t.Error("a page's statement writes")
	}
}
