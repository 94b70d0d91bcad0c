package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

const (
	// AckWait is how long the server waits for a sign of life of a message's
	// handler.
	AckWait = 30 * time.Second
	// MetaMaxDeliver is the metadata key under which a consumer keeps its limit
	// of deliveries, 0 without limit; the server's own is unlimited (see the
	// package's guarantees).
	MetaMaxDeliver = "crieur-max-deliver"
)

// Options are an operator's choices for what Ensure declares.
type Options struct {
	// Replicas of every stream, consumer and bucket: 1, 3 or 5. 0 leaves what
	// exists as it is; what is new has 1.
	Replicas int
	// MaxAge sets how long a stream (by name) keeps its events, 0 for ever.
	// Only a stream named here is ever shortened, which deletes what is older.
	MaxAge map[string]time.Duration
	// MaxBytes bounds a stream (by name); when full it refuses new events.
	MaxBytes map[string]int64
}

func (o Options) validate() error {
	if o.Replicas < 0 || o.Replicas > 5 || (o.Replicas > 0 && o.Replicas%2 == 0) {
		return fmt.Errorf("bus: replicas: %d is not 1, 3 or 5", o.Replicas)
	}
	known := func(name string) bool {
		return slices.ContainsFunc(streams(), func(s stream) bool { return s.name == name })
	}
	for name, age := range o.MaxAge {
		if !known(name) || age < 0 {
			return fmt.Errorf("bus: max_age: %s: unknown stream or negative duration", name)
		}
	}
	for name, n := range o.MaxBytes {
		if !known(name) || n < 0 {
			return fmt.Errorf("bus: max_bytes: %s: unknown stream or negative number", name)
		}
	}
	return nil
}

func (o Options) replicas() int { return max(o.Replicas, 1) }

// Ensure creates or updates every stream, consumer and bucket of the topology.
// It may run at every start and in several processes at once. What exists is
// widened, never narrowed, but for what Options says.
func Ensure(ctx context.Context, js jetstream.JetStream, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	for _, s := range streams() {
		if err := ensureStream(ctx, js, s, o); err != nil {
			return fmt.Errorf("bus: stream %s: %w", s.name, err)
		}
	}
	for _, c := range consumers() {
		if err := ensureConsumer(ctx, js, c, o); err != nil {
			return err
		}
	}
	for _, r := range retired() {
		if err := js.DeleteConsumer(ctx, r.Stream, r.Consumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("bus: consumer %s of stream %s: %w", r.Consumer, r.Stream, err)
		}
	}
	for _, b := range buckets() {
		if err := ensureBucket(ctx, js, b, o); err != nil {
			return fmt.Errorf("bus: bucket %s: %w", b.name, err)
		}
	}
	return nil
}

// EnsureDeliveryConsumers creates or updates the two consumers of each channel
// kind, after Ensure.
func EnsureDeliveryConsumers(ctx context.Context, js jetstream.JetStream, o Options, kinds ...string) error {
	if err := o.validate(); err != nil {
		return err
	}
	for _, kind := range kinds {
		if !events.IsSlug(kind) {
			return fmt.Errorf("bus: channel kind %q is not a slug", kind)
		}
		for _, c := range deliveryConsumers(kind) {
			if err := ensureConsumer(ctx, js, c, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func ensureStream(ctx context.Context, js jetstream.JetStream, s stream, o Options) error {
	want := s.config()
	want.Replicas = o.replicas()
	if age, ok := o.MaxAge[s.name]; ok {
		want.MaxAge = age
	}
	if n := o.MaxBytes[s.name]; n > 0 {
		want.MaxBytes = n
	}
	if want.MaxAge > 0 {
		want.Duplicates = min(want.Duplicates, want.MaxAge)
	}
	existing, err := js.Stream(ctx, s.name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
	case err != nil:
		return err
	default:
		keepWider(&want, existing.CachedInfo().Config, o)
	}
	_, err = js.CreateOrUpdateStream(ctx, want)
	if o.MaxBytes[s.name] == 0 && isNoRoom(err) {
		return ensureSmaller(ctx, js, want)
	}
	return err
}

// ensureSmaller bounds a stream on a disk that is too small for its bound, which
// is room that the server sets aside: an eighth at most of what there is, for the
// others need some too. What an operator asked for does not give way.
func ensureSmaller(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	for {
		want.MaxBytes /= 2
		_, err := js.CreateOrUpdateStream(ctx, want)
		switch {
		case err == nil:
			want.MaxBytes /= 8
			_, err = js.CreateOrUpdateStream(ctx, want)
			return err
		case !isNoRoom(err) || want.MaxBytes < leastBytes:
			return err
		}
	}
}

// leastBytes is what a bounded stream is worth having with.
const leastBytes = 1 << 20

// isNoRoom reports that the disk, or what is left of it, is too small for a
// stream's bound (nats-server's errors.json, 10047 and 10026).
func isNoRoom(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == 10047 || api.ErrorCode == 10026)
}

// keepWider leaves what an existing stream has more of, and what cannot be
// changed without losing it.
func keepWider(want *jetstream.StreamConfig, have jetstream.StreamConfig, o Options) {
	if _, chosen := o.MaxAge[want.Name]; !chosen && want.MaxAge > 0 && (have.MaxAge == 0 || have.MaxAge > want.MaxAge) {
		want.MaxAge = have.MaxAge
	}
	if o.MaxBytes[want.Name] == 0 {
		want.MaxBytes = have.MaxBytes
	}
	for _, subject := range have.Subjects {
		if !slices.Contains(want.Subjects, subject) {
			want.Subjects = append(want.Subjects, subject)
		}
	}
	if o.Replicas == 0 {
		want.Replicas = have.Replicas
	}
	want.Metadata = have.Metadata
	want.Placement, want.Mirror, want.Sources = have.Placement, have.Mirror, have.Sources
	want.RePublish, want.SubjectTransform = have.RePublish, have.SubjectTransform
}

func ensureConsumer(ctx context.Context, js jetstream.JetStream, c consumer, o Options) error {
	config := jetstream.ConsumerConfig{
		Durable: c.name, FilterSubjects: c.filters,
		DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: cmp.Or(c.ackWait, AckWait), MaxDeliver: -1, MaxAckPending: c.ackPending, MaxWaiting: 512,
		Metadata: map[string]string{MetaMaxDeliver: strconv.Itoa(c.deliveries)},
	}
	if o.Replicas > 0 {
		config.Replicas = o.Replicas
	}
	if _, err := js.CreateOrUpdateConsumer(ctx, c.stream, config); err != nil {
		return fmt.Errorf("bus: consumer %s of stream %s: %w", c.name, c.stream, err)
	}
	return nil
}

func ensureBucket(ctx context.Context, js jetstream.JetStream, b bucket, o Options) error {
	config := b.config()
	config.Replicas = o.replicas()
	existing, err := js.KeyValue(ctx, b.name)
	switch {
	case errors.Is(err, jetstream.ErrBucketNotFound):
	case err != nil:
		return err
	default:
		status, err := existing.Status(ctx)
		if err != nil {
			return err
		}
		have := status.Config()
		if o.Replicas == 0 {
			config.Replicas = have.Replicas
		}
		if config.TTL > 0 && have.TTL > config.TTL {
			config.TTL = have.TTL
		}
		config.History = max(config.History, have.History)
		config.MaxBytes, config.Placement = have.MaxBytes, have.Placement
	}
	_, err = js.CreateOrUpdateKeyValue(ctx, config)
	return err
}
