package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"time"

	"github.com/crieur/crieur/events"
)

// pseudonyms turns opaque subscriber IDs into numbers that only the holder of
// the key can link to them. It is not safe for concurrent use.
type pseudonyms struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func newPseudonyms(key []byte) *pseudonyms { return &pseudonyms{mac: hmac.New(sha256.New, key)} }

// of returns the first eight bytes of HMAC-SHA-256 of a subscriber ID, never
// 0, which stands for an endpoint.
func (p *pseudonyms) of(subscriber string) uint64 {
	p.mac.Reset()
	_, _ = p.mac.Write([]byte(subscriber)) // a hash never fails
	return max(binary.BigEndian.Uint64(p.mac.Sum(p.sum[:0])), 1)
}

const insertReceipts = `INSERT INTO receipts (authority, subscriber, at, stream, channel, kind, class, topic, endpoint,
	status, reason, informed, publication, revision, delivery, batch, created_at, source_at, fetched_at, approved_at,
	units, cost_micro_eur, duplicates, via, sequence)`

// receiptRows are the columns of insertReceipts.
type receiptRows struct {
	people *pseudonyms

	authority, stream, channel, kind, class, topic, endpoint []string
	status, reason, publication, delivery, via               []string
	subscriber, sequence                                     []uint64
	at, createdAt, sourceAt, fetchedAt, approvedAt           []time.Time
	revision, batch, units                                   []uint32
	costMicroEUR                                             []int64
	informed                                                 []bool
	duplicates                                               []uint16
}

func (r *receiptRows) len() int       { return len(r.status) }
func (r *receiptRows) insert() string { return insertReceipts }

func (r *receiptRows) columns() []any {
	return []any{
		r.authority, r.subscriber, r.at, r.stream, r.channel, r.kind, r.class, r.topic, r.endpoint,
		r.status, r.reason, r.informed, r.publication, r.revision, r.delivery, r.batch,
		r.createdAt, r.sourceAt, r.fetchedAt, r.approvedAt, r.units, r.costMicroEUR, r.duplicates, r.via, r.sequence,
	}
}

func (r *receiptRows) reset() {
	for _, column := range []*[]string{
		&r.authority, &r.stream, &r.channel, &r.kind, &r.class, &r.topic, &r.endpoint, &r.status, &r.reason, &r.publication, &r.delivery, &r.via,
	} {
		clear(*column) // holds no event's text
		*column = (*column)[:0]
	}
	for _, column := range []*[]time.Time{&r.at, &r.createdAt, &r.sourceAt, &r.fetchedAt, &r.approvedAt} {
		*column = (*column)[:0]
	}
	for _, column := range []*[]uint32{&r.revision, &r.batch, &r.units} {
		*column = (*column)[:0]
	}
	r.subscriber, r.sequence, r.costMicroEUR = r.subscriber[:0], r.sequence[:0], r.costMicroEUR[:0]
	r.informed, r.duplicates = r.informed[:0], r.duplicates[:0]
}

func (r *receiptRows) add(sequence uint64, body []byte) error {
	e, err := events.Unmarshal[events.Receipt](body)
	if err != nil {
		return err
	}
	n := len(e.Recipients)
	endpoint := toEndpoint(e)
	fill(&r.authority, e.Authority, n)
	fill(&r.stream, e.Stream, n)
	fill(&r.channel, e.Channel, n)
	fill(&r.kind, e.Kind, n)
	fill(&r.class, string(e.Class), n)
	fill(&r.topic, e.Topic, n)
	fill(&r.publication, e.Publication, n)
	fill(&r.delivery, e.Delivery, n)
	fill(&r.revision, count(e.Revision), n)
	fill(&r.batch, count(e.Batch), n)
	fill(&r.createdAt, moment(e.CreatedAt), n)
	fill(&r.sourceAt, moment(e.SourceAt), n)
	fill(&r.fetchedAt, moment(e.FetchedAt), n)
	fill(&r.approvedAt, moment(e.ApprovedAt), n)
	fill(&r.sequence, sequence, n)
	for _, to := range e.Recipients {
		r.recipient(e, to, endpoint)
	}
	return nil
}

func (r *receiptRows) recipient(e events.Receipt, to events.Recipient, endpoint bool) {
	at := to.At
	if at.IsZero() {
		at = e.CreatedAt
	}
	name, person := "", uint64(0)
	if endpoint {
		name = to.ID
	} else {
		person = r.people.of(to.ID)
	}
	r.endpoint = append(r.endpoint, name)
	r.subscriber = append(r.subscriber, person)
	r.at = append(r.at, moment(at))
	r.status = append(r.status, string(to.Status))
	r.reason = append(r.reason, string(to.Reason))
	r.informed = append(r.informed, Informed(e.Kind, to.Status))
	r.units = append(r.units, count(to.Units))
	r.costMicroEUR = append(r.costMicroEUR, to.CostMicroEUR)
	r.via = append(r.via, to.Via)
	r.duplicates = append(r.duplicates, uint16(min(max(to.Duplicates, 0), math.MaxUint16)))
}

// toEndpoint reports whether a receipt is about a sign, an account or a feed:
// a delivery's ID is derived from its endpoint, so no list of kinds is needed.
func toEndpoint(e events.Receipt) bool {
	return len(e.Recipients) == 1 &&
		events.DeliveryID(e.Publication, e.Revision, e.Channel, e.Recipients[0].ID, e.Batch) == e.Delivery
}

func fill[T any](column *[]T, value T, n int) {
	for range n {
		*column = append(*column, value)
	}
}
