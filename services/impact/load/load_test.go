package load

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/impact/impacttest"
)

func newLoader(t testing.TB, f *fixture, conn driver.Conn, change ...func(*Config)) *Loader {
	t.Helper()
	cfg := Config{Key: testKey, Linger: time.Millisecond, Pace: time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	l, err := New(f.deps(t), conn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func awaitRows(t testing.TB, conn driver.Conn, table string, want int) {
	t.Helper()
	eventstest.Eventually(t, func() bool {
		var n uint64
		err := conn.QueryRow(t.Context(), "SELECT count() FROM "+table).Scan(&n)
		return err == nil && n >= uint64(want) //nolint:gosec // a count
	}, patience, fmt.Sprintf("%d rows in %s", want, table))
}

func TestLoadEveryStream(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	want := f.receipts(t, newWorld(1), 300, 40)
	p := events.Publication{
		ID: "p1", Revision: 1, Authority: "bordeaux", Stream: "voirie", Message: "m1", Status: events.StatusActual, MsgType: events.MsgAlert,
		Class: events.ClassAlert, Topic: "crue", Severity: events.SeveritySevere, Content: events.Content{Title: "Crue"}, Channels: []string{"sms"},
		Expires: start().Add(time.Hour), At: start(), By: []string{"rule:voirie"},
	}
	m := events.Message{
		ID: "m1", Seq: "m1-1", Revision: 1, Authority: "bordeaux", Source: "site", Status: events.StatusActual, MsgType: events.MsgAlert,
		Class: events.ClassService, Topic: "travaux", Severity: events.SeverityUnknown, Urgency: events.UrgencyUnknown, Certainty: events.CertaintyUnknown,
		Content: events.Content{Title: "Travaux", Language: "fr"}, Sent: start(), Expires: start().Add(time.Hour), CreatedAt: start(),
		Origin: []events.Provenance{{Source: "site"}},
	}
	if err := f.emitter.Publish(t.Context(), p, m); err != nil {
		t.Fatal(err)
	}
	l := newLoader(t, f, conn)
	if l.Err() == nil {
		t.Error("all is being loaded before Run")
	}
	stop := loading(t, l)
	awaitRows(t, conn, "receipts", want)
	awaitRows(t, conn, "publications", 1)
	awaitRows(t, conn, "messages", 1)
	want += f.receipts(t, newWorld(2), 10, 5)
	awaitRows(t, conn, "receipts", want)
	eventstest.Eventually(t, func() bool { return l.Err() == nil }, patience, "no error")
	if stop(); l.Err() == nil {
		t.Error("all is being loaded after Run")
	}
	if n := number(t, conn, "SELECT count() FROM receipts"); n != uint64(want) {
		t.Errorf("%d rows, want %d", n, want)
	}
	if n := number(t, conn, "SELECT count() FROM receipts WHERE (subscriber = 0) != (endpoint = 'mairie')"); n != 0 {
		t.Errorf("%d rows are neither of a person nor of a sign", n)
	}
	if n := number(t, conn, "SELECT count() FROM publications WHERE automatic AND class = 'alert' AND channels = ['sms'] AND title = 'Crue'"); n != 1 {
		t.Error("the publication is not as it was")
	}
}

// TestAggregatesEqualReceipts compares every aggregate with what a direct
// computation over the raw rows gives.
func TestAggregatesEqualReceipts(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	rows := f.receipts(t, newWorld(3), 800, 50)
	loading(t, newLoader(t, f, conn, func(c *Config) { c.MaxRows = 1000 }))
	awaitRows(t, conn, "receipts", rows)
	equalToStream(t, f, conn, rows)
}

// aggregates are statements that count the groups in which an aggregate and
// the raw rows differ.
func aggregates() map[string]string {
	differ := func(aggregate, direct string) string {
		return "SELECT count() FROM (SELECT * FROM (" + aggregate + ") EXCEPT DISTINCT SELECT * FROM (" + direct + ")" +
			" UNION ALL SELECT * FROM (" + direct + ") EXCEPT DISTINCT SELECT * FROM (" + aggregate + "))"
	}
	delay := func(leg, from, where string) string {
		grid := "multiIf(ms < 10000, ms - ms % 100, ms < 120000, ms - ms % 1000, ms < 3600000, ms - ms % 10000, ms < 86400000, ms - ms % 300000, ms - ms % 3600000)"
		return differ("SELECT authority, channel, toInt64(delay_ms) AS delay, sum(receipts) AS n FROM delays_hourly WHERE leg = '"+leg+"' GROUP BY ALL",
			"SELECT authority, channel, "+grid+" AS delay, count() AS n FROM (SELECT authority, channel, "+
				"greatest(0, toUnixTimestamp64Milli(at) - toUnixTimestamp64Milli("+from+")) AS ms FROM receipts WHERE "+where+") GROUP BY ALL")
	}
	arrives := "informed AND status IN ('sent', 'delivered', 'displayed')"
	people := func(table, by, column, measure, where string) string {
		value := map[string]string{"pairs": "cityHash64(subscriber, publication)", "people": "subscriber"}[column]
		return differ("SELECT authority, "+by+", channel, uniqCombined64Merge(15)("+column+") AS n FROM "+table+" WHERE measure = '"+measure+"' GROUP BY ALL",
			"SELECT authority, "+map[string]string{"day": "day", "hour": "toStartOfHour(at) AS hour"}[by]+", channel, uniqCombined64(15)("+value+") AS n FROM receipts WHERE subscriber != 0 AND "+where+" GROUP BY ALL")
	}
	return map[string]string{
		"receipts_hourly": differ(
			"SELECT authority, hour, stream, channel, kind, class, topic, status, reason, sum(receipts) AS n, sum(units) AS u, sum(cost_micro_eur) AS c, sum(duplicates) AS d FROM receipts_hourly GROUP BY ALL",
			"SELECT authority, toStartOfHour(at) AS hour, stream, channel, kind, class, topic, status, reason, count() AS n, sum(units) AS u, sum(cost_micro_eur) AS c, sum(toUInt64(duplicates)) AS d FROM receipts GROUP BY ALL"),
		"publication_receipts": differ(
			"SELECT authority, publication, revision, channel, status, informed, sum(receipts) AS n, sum(people) AS p, sum(cost_micro_eur) AS c, min(first_at) AS f, max(last_at) AS l FROM publication_receipts GROUP BY ALL",
			"SELECT authority, publication, revision, channel, status, informed, count() AS n, countIf(endpoint = '') AS p, sum(cost_micro_eur) AS c, min(at) AS f, max(at) AS l FROM receipts GROUP BY ALL"),
		"targeted by day":     people("people_daily", "day", "pairs", "targeted", "status != 'opted_out'"),
		"informed by day":     people("people_daily", "day", "people", "informed", "informed"),
		"informed by hour":    people("people_hourly", "hour", "pairs", "informed", "informed"),
		"clicked by hour":     people("people_hourly", "hour", "people", "clicked", "status = 'clicked'"),
		"opted out by day":    people("people_daily", "day", "people", "opted_out", "status = 'opted_out'"),
		"source to receipt":   delay("source_informed", "source_at", arrives),
		"approved to receipt": delay("approved_informed", "approved_at", arrives),
		"approved to sent":    delay("approved_sent", "approved_at", "status = 'sent'"),
		"delays by day": differ(
			"SELECT authority, day, leg, channel, topic, delay_ms, sum(receipts) AS n FROM delays_daily GROUP BY ALL",
			"SELECT authority, toDate(hour, 'Europe/Paris') AS day, leg, channel, topic, delay_ms, sum(receipts) AS n FROM delays_hourly GROUP BY ALL"),
		"approved to opt-out": delay("approved_opted_out", "approved_at", "status = 'opted_out'"),
	}
}

func TestPoisonBecomesDeadLetter(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	w := newWorld(4)
	rows := f.receipts(t, w, 5, 3)
	for _, body := range []string{"not json", `{"id":"x"}`} {
		if _, err := f.js.Publish(t.Context(), "receipt.sms.bordeaux", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	other := &nats.Msg{Subject: "receipt.sms.bordeaux", Data: []byte("not for us"), Header: nats.Header{bus.HeaderReplayFor: {bus.ConsumerAudienceReceipts}}}
	if _, err := f.js.PublishMsg(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	rows += f.receipts(t, w, 5, 3)
	loading(t, newLoader(t, f, conn))
	awaitRows(t, conn, "receipts", rows)
	dead, err := bus.NewDeadLetters(f.nc)
	if err != nil {
		t.Fatal(err)
	}
	letters, err := dead.List(t.Context(), bus.DeadLetterFilter{Consumer: bus.ConsumerImpact})
	if err != nil || len(letters) != 2 {
		t.Fatalf("%d dead letters, %v; want 2", len(letters), err)
	}
	l := letters[0]
	if l.Reason != events.ReasonInvalidEvent || l.Stream != bus.StreamReceipts || l.Sequence != 6 || string(l.Body) != "not json" || l.Subject != "receipt.sms.bordeaux" {
		t.Errorf("letter %+v", l)
	}
}

// TestTablesMadeAnewAreFilledAnew: the position belongs to the tables.
func TestTablesMadeAnewAreFilledAnew(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	rows := f.receipts(t, newWorld(5), 20, 5)
	stop := loading(t, newLoader(t, f, conn))
	equalToStream(t, f, conn, rows)
	stop()
	_, other := impacttest.Open(t)
	loading(t, newLoader(t, f, other))
	equalToStream(t, f, other, rows)
}

// TestStreamMadeAnew: sequences that are used again are new events.
func TestStreamMadeAnew(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	rows := f.receipts(t, newWorld(6), 20, 5)
	stop := loading(t, newLoader(t, f, conn))
	equalToStream(t, f, conn, rows)
	stop()
	if err := f.js.DeleteStream(t.Context(), bus.StreamReceipts); err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), f.js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	rows += f.receipts(t, newWorld(7), 20, 5)
	loading(t, newLoader(t, f, conn))
	awaitRows(t, conn, "receipts", rows)
	if n := number(t, conn, "SELECT count() FROM receipts"); n != uint64(rows) { //nolint:gosec // a count
		t.Errorf("%d rows, want %d", n, rows)
	}
}

// TestTwoProgramsCountOnce: both load; compare-and-set lets one through.
func TestTwoProgramsCountOnce(t *testing.T) {
	f := newFixture(t, eventstest.Connect(t))
	_, conn := impacttest.Open(t)
	change := func(c *Config) { c.MaxRows, c.Standby = 50, 50*time.Millisecond }
	loading(t, newLoader(t, f, conn, change))
	loading(t, newLoader(t, f, conn, change))
	w, rows := newWorld(8), 0
	for range 20 {
		rows += f.receipts(t, w, 20, 10)
	}
	awaitRows(t, conn, "receipts", rows)
	equalToStream(t, f, conn, rows)
}

func TestInformed(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, kind := range []string{"sms", "smshttp", "email", "sign"} {
		for _, s := range events.ReceiptStatuses() {
			if Informed(kind, s) {
				got[kind] = append(got[kind], string(s))
			}
		}
	}
	sms := []string{"delivered", "displayed", "clicked", "useful", "not_useful", "acknowledged"}
	want := map[string][]string{"sms": sms, "smshttp": sms, "email": append([]string{"sent"}, sms...), "sign": append([]string{"sent"}, sms...)}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whoever reads the tables cannot find the subscriber's ID, and the same
// person is one number with one key.
func TestPseudonyms(t *testing.T) {
	t.Parallel()
	a, b := newPseudonyms(testKey), newPseudonyms([]byte("another key of enough bytes"))
	if first := a.of("s-1"); first != a.of("s-1") || a.of("s-1") == a.of("s-2") || a.of("s-1") == b.of("s-1") || a.of("") == 0 {
		t.Error("pseudonyms are not keyed, stable and distinct")
	}
}
