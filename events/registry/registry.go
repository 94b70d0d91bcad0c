package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// The buckets. What programs write all the time is kept apart from what people
// write, whose last revisions are kept.
const (
	Bucket       = "registry"
	HealthBucket = "health"
)

// Registry is all the repositories of the configuration. It is safe for
// concurrent use.
type Registry struct {
	Authorities  *Repository[Authority]    // authority.<id>
	Sources      *Repository[Source]       // source.<authority>.<id>
	SourceHealth *Repository[SourceHealth] // health.<authority>.<source>
	Streams      *Repository[Stream]       // stream.<authority>.<id>
	Channels     *Repository[Channel]      // channel.<authority>.<id>
	Signs        *Repository[Sign]         // sign.<authority>.<id>
	SignHealth   *Repository[SignHealth]   // sign.<authority>.<id> of the bucket of health
	// ChannelHealth is channel.<authority>.<id> of the same bucket.
	ChannelHealth *Repository[ChannelHealth]
	Officers      *Repository[Officer]       // officer.<id>
	AlertModels   *Repository[AlertModel]    // alertmodel.<authority>.<id>
	Abbreviations *Repository[Abbreviations] // abbreviations.<authority>
}

// Option changes how Open makes a bucket that does not exist.
type Option func(*jetstream.KeyValueConfig)

// Replicas sets on how many servers of a cluster a new bucket is kept, 1 to 5.
func Replicas(n int) Option { return func(c *jetstream.KeyValueConfig) { c.Replicas = n } }

// Open finds the buckets, or makes them, and returns the repositories. A
// bucket that exists is left as it is: its replicas and placement are the
// operator's.
func Open(ctx context.Context, js jetstream.JetStream, options ...Option) (*Registry, error) {
	kv, err := OpenBucket(ctx, js, jetstream.KeyValueConfig{
		Bucket: Bucket, History: 10, Description: "configuration of authorities",
	}, options...)
	if err != nil {
		return nil, err
	}
	health, err := OpenBucket(ctx, js, jetstream.KeyValueConfig{
		Bucket: HealthBucket, History: 1, Description: "health of sources and signs",
	}, options...)
	if err != nil {
		return nil, err
	}
	conn := js.Conn()
	return &Registry{
		Authorities:   New[Authority](kv, "authority").WithConn(conn),
		Sources:       New[Source](kv, "source").WithConn(conn),
		SourceHealth:  New[SourceHealth](health, "health").WithConn(conn),
		Streams:       New[Stream](kv, "stream").WithConn(conn),
		Channels:      New[Channel](kv, "channel").WithConn(conn),
		Signs:         New[Sign](kv, "sign").WithConn(conn),
		SignHealth:    New[SignHealth](health, "sign").WithConn(conn),
		ChannelHealth: New[ChannelHealth](health, "channel").WithConn(conn),
		Officers:      New[Officer](kv, "officer").WithConn(conn),
		AlertModels:   New[AlertModel](kv, "alertmodel").WithConn(conn),
		Abbreviations: New[Abbreviations](kv, "abbreviations").WithConn(conn),
	}, nil
}

// OpenBucket returns a bucket, made as config says if it does not exist, even
// when several programs make it at once. It is for services that keep a state
// of their own.
func OpenBucket(ctx context.Context, js jetstream.JetStream, config jetstream.KeyValueConfig, options ...Option) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, config.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		for _, o := range options {
			o(&config)
		}
		kv, err = js.CreateKeyValue(ctx, config)
		if errors.Is(err, jetstream.ErrBucketExists) {
			kv, err = js.KeyValue(ctx, config.Bucket)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("registry: bucket %s: %w", config.Bucket, err)
	}
	return kv, nil
}
