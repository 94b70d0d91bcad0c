package bus_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
)

const (
	benchMessages = 20_000
	benchBatch    = 1_000
	benchBytes    = 512
)

// BenchmarkPublish compares batched Publish with bare asynchronous publishing
// of the same messages, in turns; the budget is a ratio of 0.8.
func BenchmarkPublish(b *testing.B) {
	f := newFixture(b)
	pub := f.publisher(b, bus.PublisherConfig{})
	bare, err := jetstream.New(f.nc, jetstream.WithPublishAsyncMaxPending(bus.DefaultMaxInFlight))
	if err != nil {
		b.Fatal(err)
	}
	id := 0
	body := make([]byte, benchBytes)
	var ours, theirs time.Duration
	for b.Loop() {
		begun := time.Now()
		for range benchMessages / benchBatch {
			batch := make([]*message.Message, benchBatch)
			for i := range batch {
				batch[i] = message.NewMessage(strconv.Itoa(id), body)
				id++
			}
			if err := pub.Publish("t.x", batch...); err != nil {
				b.Fatal(err)
			}
		}
		ours += time.Since(begun)
		begun = time.Now()
		for range benchMessages {
			header := nats.Header{jetstream.MsgIDHeader: {strconv.Itoa(id)}}
			id++
			msg := &nats.Msg{Subject: "t.x", Header: header, Data: body}
			if _, err := bare.PublishMsgAsync(msg, jetstream.WithStallWait(time.Minute)); err != nil {
				b.Fatal(err)
			}
		}
		<-bare.PublishAsyncComplete()
		theirs += time.Since(begun)
	}
	report(b, ours, theirs)
}

// BenchmarkSubscribe compares the Subscriber, every message handed over and
// acknowledged, with a bare Consume that acknowledges.
func BenchmarkSubscribe(b *testing.B) {
	f := newFixture(b)
	var ours, theirs time.Duration
	for b.Loop() {
		b.StopTimer()
		refill(b, f)
		b.StartTimer()
		sub, messages := f.subscribe(b, bus.SubscriberConfig{Concurrency: 64, Prefetch: 448})
		begun := time.Now()
		for range benchMessages {
			m := <-messages
			m.Ack()
		}
		ours += time.Since(begun)
		if err := sub.Close(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		refill(b, f)
		b.StartTimer()
		theirs += consumeBare(b, f)
	}
	report(b, ours, theirs)
}

func consumeBare(b *testing.B, f *fixture) time.Duration {
	b.Helper()
	c, err := f.js.Consumer(b.Context(), "T", "c")
	if err != nil {
		b.Fatal(err)
	}
	all := make(chan struct{})
	n := 0
	begun := time.Now()
	cc, err := c.Consume(func(m jetstream.Msg) {
		_ = m.Ack()
		if n++; n == benchMessages {
			close(all)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	<-all
	took := time.Since(begun)
	cc.Stop()
	<-cc.Closed()
	return took
}

// refill empties T and its consumer and stores benchMessages anew.
func refill(b *testing.B, f *fixture) {
	b.Helper()
	if err := f.js.DeleteStream(b.Context(), "T"); err != nil {
		b.Fatal(err)
	}
	if _, err := f.js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "T", Subjects: []string{"t.>"}}); err != nil {
		b.Fatal(err)
	}
	f.consumer(b, time.Minute, 0)
	if err := f.publisher(b, bus.PublisherConfig{}).Publish("t.x", numbered(0, benchMessages)...); err != nil {
		b.Fatal(err)
	}
}

func report(b *testing.B, ours, theirs time.Duration) {
	b.Helper()
	n := float64(b.N) * benchMessages
	b.ReportMetric(n/ours.Seconds(), "msg/s")
	b.ReportMetric(n/theirs.Seconds(), "bare-msg/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op")
}
