package publisher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// BenchmarkFanout carries service deliveries of SMS from the queue to their
// receipts, against the SMSC at CRIEUR_SMSC or npm smpp. One operation is one
// recipient. The deliveries are stored before the clock starts.
func BenchmarkFanout(b *testing.B) {
	addr := os.Getenv("CRIEUR_SMSC")
	if addr == "" {
		addr = smsctest.Start(b, "none", "quiet").Addr
	}
	for _, window := range []int{64, 256, 1024} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { fanout(b, addr, window) })
	}
}

func fanout(b *testing.B, addr string, window int) {
	b.StopTimer()
	server := eventstest.Server(b)
	tw := townOn(b, server, registry.Channel{
		Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms", Window: window,
		Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "load", "password_file": %q, "sender": "MAIRIE", "receipts": false}`, addr, secretFile(b))),
	})
	audience(b, tw.nc)
	size := window / 2
	count := (b.N + size - 1) / size
	now := time.Now().UTC()
	out := make([]events.Event, 0, 512)
	rendition := benchRendition(b, tw)
	for n := range count {
		d := batchOf(rendition, events.ClassService, n, 0, window/2)
		d.CreatedAt, d.Subscribers = now, nil
		for i := range size {
			d.Subscribers = append(d.Subscribers, fmt.Sprintf("s%08d", (n*size+i)%9_999_999*10))
		}
		if out = append(out, d); len(out) == cap(out) || n == count-1 {
			if err := tw.emitter.Publish(b.Context(), out...); err != nil {
				b.Fatal(err)
			}
			out = out[:0]
		}
	}
	stream, err := tw.js.Stream(b.Context(), bus.StreamDeliveries)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	b.StartTimer()
	tw.start(b)
	eventstest.Eventually(b, func() bool {
		info, err := stream.Info(context.Background())
		return err == nil && info.State.Msgs == 0
	}, 5*time.Minute)
	b.StopTimer()
	b.ReportMetric(float64(count*size)/b.Elapsed().Seconds(), "sms/s")
}

// benchRendition asks a publisher of its own, which then leaves.
func benchRendition(b testing.TB, tw *town) events.Rendition {
	b.Helper()
	svc, err := publisher.New(run.Deps{NATS: tw.nc, JetStream: tw.js}, publisher.Config{PublicURL: "https://pessac.example"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	eventstest.Eventually(b, func() bool { return svc.Ready() == nil }, 30*time.Second)
	reply, err := call.Ask(b.Context(), tw.nc, call.Render, call.RenderRequest{Publication: publication("sms")})
	if err != nil {
		b.Fatal(err)
	}
	return reply.Rendered[0].Rendition
}
