package load

import (
	"fmt"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/crieur/crieur/events"
)

// rows gathers what becomes one insert, by column. It is used by one goroutine
// at a time.
type rows interface {
	// add decodes one event and adds its rows. An error is permanent, and adds
	// nothing.
	add(sequence uint64, body []byte) error
	len() int
	reset() // empties it, and keeps its memory
	// insert is the statement, columns returns their values in its order.
	insert() string
	columns() []any
}

// send inserts r as one batch.
func send(b driver.Batch, r rows) error {
	for i, values := range r.columns() {
		if err := b.Column(i).Append(values); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return b.Send()
}

// Times that ClickHouse's DateTime64 holds and a dashboard can use.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC)
)

// moment bounds a time that others wrote; the zero time becomes 1970-01-01,
// which the tables read as unknown.
func moment(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t.UTC()
}

// count bounds a number that others wrote to what UInt32 holds.
func count(n int) uint32 {
	return uint32(min(max(n, 0), math.MaxUint32)) //nolint:gosec // bounded
}

// Informed reports whether a recipient with this status had the message. A
// telephone network tells when an SMS arrives, so that sent is not enough
// there, whoever took it: a provider's report may tell that it failed; mail,
// push, posts, signs and feeds give no better than the other side's acceptance,
// nor does a telephone of gammu's.
func Informed(kind string, status events.ReceiptStatus) bool {
	switch status {
	case events.StatusDelivered, events.StatusDisplayed, events.StatusClicked,
		events.StatusUseful, events.StatusNotUseful, events.StatusAcknowledged:
		return true
	case events.StatusSent:
		return kind != "sms" && kind != "smshttp"
	}
	return false
}
