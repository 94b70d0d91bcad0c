package bus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// Streams.
const (
	StreamRaw          = "RAW"
	StreamMessages     = "MESSAGES"
	StreamPublications = "PUBLICATIONS"
	StreamDeliveries   = "DELIVERIES"
	StreamReceipts     = "RECEIPTS"
	StreamAudit        = "AUDIT"
	StreamDeadLetters  = "DEADLETTERS"
	StreamRejected     = "REJECTED"
)

// Durable consumers. Those of DELIVERIES are named by AlertConsumer and
// BulkConsumer.
const (
	ConsumerNormalizer       = "normalizer"
	ConsumerCurator          = "curator"
	ConsumerAudience         = "audience"
	ConsumerPublisher        = "publisher"
	ConsumerAudienceReceipts = "audience-receipts"
	ConsumerCuratorReceipts  = "curator-receipts"
)

// The names of impact in dead letters. It keeps its own place in each stream,
// beside the rows, and has no durable consumer.
const (
	ConsumerImpact             = "impact"
	ConsumerImpactMessages     = "impact-messages"
	ConsumerImpactPublications = "impact-publications"
)

// Key-value buckets.
const (
	BucketRegistry = "registry" // authorities, sources, streams, channels, officers, signs
	BucketCursors  = "cursors"  // ingest: where each source was read up to
	BucketItems    = "items"    // curator: the state of each message and publication
	BucketVault    = "vault"    // audience: sealed contacts
	BucketLedger   = "ledger"   // publisher: intent and outcome of each delivery
	BucketDisplays = "displays" // publisher: what signs and feeds show
	BucketFanout   = "fanout"   // audience: the window of batches of each publication
	BucketSessions = "sessions" // curator: signed-in officers
	BucketDedupe   = "dedupe"   // normalizer: what was seen
	BucketImpact   = "impact"   // impact: how far each stream is in ClickHouse
)

const (
	day = 24 * time.Hour
	// unlimitedDeliveries never makes a dead letter of a transient error: for
	// consumers that count by themselves what was tried.
	unlimitedDeliveries = 0
	// alertAckWait brings back the alerts that a killed process had in hand.
	alertAckWait = 5 * time.Second
	// markerTTL is how long the mark of an expired key stays for watchers.
	markerTTL = time.Minute
)

// stream declares one stream. All are in files, and all refuse the new rather
// than drop the old when an operator's limit is reached: a refused publish is
// an error that somebody sees, a dropped event is silence.
type stream struct {
	name, prefix string
	maxAge       time.Duration // 0 is for ever
	duplicates   time.Duration // how long an ID is remembered
	queue        bool          // a work queue: an event leaves when handled
	maxMsgs      int64         // 0 is without limit
	compressed   bool
	appendOnly   bool  // nothing in it can be deleted
	perSubject   int64 // the latest of each subject that are kept; 0 is all
	maxBytes     int64 // 0 is without limit
}

// streams is the place to add one.
func streams() []stream {
	return []stream{
		{name: StreamRaw, prefix: events.SubjectRaw, maxAge: 30 * day, duplicates: time.Hour, compressed: true},
		{name: StreamMessages, prefix: events.SubjectMessage, maxAge: 400 * day, duplicates: time.Hour, compressed: true},
		{name: StreamPublications, prefix: events.SubjectPublication, duplicates: day},
		{name: StreamDeliveries, prefix: events.SubjectDelivery, duplicates: time.Hour, queue: true, maxMsgs: 2_000_000},
		{name: StreamReceipts, prefix: events.SubjectReceipt, maxAge: 400 * day, duplicates: time.Hour},
		{name: StreamAudit, prefix: events.SubjectAudit, duplicates: time.Hour, appendOnly: true},
		// Of their own, because the duplicate window is a stream's.
		{name: StreamDeadLetters, prefix: events.SubjectDeadLetter, maxAge: 90 * day, duplicates: time.Hour},
		// The only stream that drops its oldest: a source that gives rubbish
		// must neither fill the disk nor hide what others gave.
		{name: StreamRejected, prefix: events.SubjectRejected, maxAge: 30 * day, duplicates: day, perSubject: 1000, maxBytes: 1 << 30, compressed: true},
	}
}

func (s stream) config() jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: s.name, Subjects: []string{events.All(s.prefix)},
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxAge: s.maxAge, MaxMsgs: -1, MaxBytes: -1, Duplicates: s.duplicates, AllowDirect: true,
		DenyDelete: s.appendOnly, DenyPurge: s.appendOnly,
	}
	if s.queue {
		c.Retention = jetstream.WorkQueuePolicy
	}
	if s.maxMsgs > 0 {
		c.MaxMsgs = s.maxMsgs
	}
	if s.perSubject > 0 {
		c.MaxMsgsPerSubject, c.Discard = s.perSubject, jetstream.DiscardOld
	}
	if s.maxBytes > 0 {
		c.MaxBytes = s.maxBytes
	}
	if s.compressed {
		c.Compression = jetstream.S2Compression
	}
	return c
}

// consumer declares one durable consumer.
type consumer struct {
	name, stream string
	filters      []string      // nil is the whole stream
	deliveries   int           // at most, then a dead letter
	ackPending   int           // at most in hand or waiting for another try, over all processes
	ackWait      time.Duration // without a sign of life, then delivered again; 0 is AckWait
}

// consumers is the place to add one.
func consumers() []consumer {
	return []consumer{
		{name: ConsumerNormalizer, stream: StreamRaw, deliveries: 10, ackPending: 2048},
		{name: ConsumerCurator, stream: StreamMessages, deliveries: 20, ackPending: 1024},
		{name: ConsumerAudience, stream: StreamPublications, deliveries: 20, ackPending: 256},
		{name: ConsumerPublisher, stream: StreamPublications, deliveries: 20, ackPending: 256},
		{name: ConsumerAudienceReceipts, stream: StreamReceipts, deliveries: 20, ackPending: 1024},
		{name: ConsumerCuratorReceipts, stream: StreamReceipts, deliveries: 20, ackPending: 1024},
	}
}

// retired are the consumers that earlier versions declared. Nobody reads them,
// and their lag would grow for ever.
func retired() []Binding {
	return []Binding{
		{StreamReceipts, ConsumerImpact}, {StreamPublications, ConsumerImpactPublications}, {StreamMessages, ConsumerImpactMessages},
	}
}

// deliveryConsumers declares a channel kind's two consumers. Their filters do
// not overlap, as a work queue demands, and alerts wait behind nothing else.
// Their deliveries are not limited here: the publisher counts what it tried, and
// a delivery that waits for its channel was not tried.
func deliveryConsumers(kind string) []consumer {
	return []consumer{
		{
			name: AlertConsumer(kind), stream: StreamDeliveries, deliveries: unlimitedDeliveries, ackPending: 1024,
			ackWait: alertAckWait,
			filters: []string{events.DeliveryFilter(kind, events.ClassAlert)},
		},
		{
			name: BulkConsumer(kind), stream: StreamDeliveries, deliveries: unlimitedDeliveries, ackPending: 4096,
			filters: []string{events.DeliveryFilter(kind, events.ClassService), events.DeliveryFilter(kind, events.ClassPromotional)},
		},
	}
}

const (
	alertSuffix = "-alert"
	bulkSuffix  = "-bulk"
)

// AlertConsumer names the consumer of a channel kind's alerts.
func AlertConsumer(kind string) string { return kind + alertSuffix }

// BulkConsumer names the consumer of a channel kind's service and promotional
// deliveries.
func BulkConsumer(kind string) string { return kind + bulkSuffix }

// Resolve finds a consumer of this topology by its name.
func Resolve(name string) (Binding, error) {
	all := consumers()
	if i := slices.IndexFunc(all, func(c consumer) bool { return c.name == name }); i >= 0 {
		return Binding{Stream: all[i].stream, Consumer: name}, nil
	}
	for _, suffix := range []string{alertSuffix, bulkSuffix} {
		if kind, ok := strings.CutSuffix(name, suffix); ok && events.IsSlug(kind) {
			return Binding{Stream: StreamDeliveries, Consumer: name}, nil
		}
	}
	return Binding{}, fmt.Errorf("bus: no consumer %q in the topology", name)
}

// bucket declares one key-value bucket, of history 1.
type bucket struct {
	name, about string
	ttl         time.Duration // 0 is for ever
}

// buckets is the place to add one.
func buckets() []bucket {
	return []bucket{
		{name: BucketRegistry, about: "authorities, sources, streams, channels, officers, signs"},
		{name: BucketCursors, about: "where each source was read up to"},
		{name: BucketItems, about: "curation state of messages and publications"},
		{name: BucketVault, about: "sealed contacts"},
		// As long as a message lives; most entries say less of themselves.
		{name: BucketLedger, about: "intent and outcome of each delivery", ttl: 400 * day},
		{name: BucketDisplays, about: "what signs and feeds show"},
		{name: BucketFanout, about: "window of batches of each publication"},
		{name: BucketSessions, about: "signed-in officers", ttl: 14 * day},
		// Longer than any message lives: a year after its onset.
		{name: BucketDedupe, about: "what the normalizer has seen", ttl: 400 * day},
		{name: BucketImpact, about: "how far each stream is in ClickHouse"},
	}
}

func (b bucket) config() jetstream.KeyValueConfig {
	c := jetstream.KeyValueConfig{
		Bucket: b.name, Description: b.about, History: 1, TTL: b.ttl, Storage: jetstream.FileStorage,
	}
	if b.ttl > 0 {
		c.LimitMarkerTTL = markerTTL
	}
	return c
}
