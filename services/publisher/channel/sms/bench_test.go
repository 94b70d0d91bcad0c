package sms_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// BenchmarkDeliverBatch sends batches of 32 with two in hand, against the SMSC
// at CRIEUR_SMSC or npm smpp.
func BenchmarkDeliverBatch(b *testing.B) {
	addr := os.Getenv("CRIEUR_SMSC")
	if addr == "" {
		addr = smsctest.Start(b, "none", "quiet").Addr
	}
	for _, batches := range []int{2, 8} {
		b.Run(fmt.Sprintf("batches=%d", batches), func(b *testing.B) {
			s := newSetup(b, settings(addr, fmt.Sprintf("bind_window: %d", 32*batches), "receipts: false"))
			d := delivery(b, s.channel, events.ClassAlert, "Coupure d'eau demain 8h-12h rue de la Republique")
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.channel.Run(ctx) }()
			b.Cleanup(func() { cancel(); <-ended })
			eventstest.Eventually(b, func() bool { return s.channel.Ready() == nil }, 20*time.Second)
			contacts := make([]call.Contact, 32)
			for i := range contacts {
				contacts[i].Address = call.Address(fmt.Sprintf("+336%08d", i+5000))
			}
			b.ReportAllocs()
			slots := make(chan struct{}, batches)
			for b.Loop() {
				slots <- struct{}{}
				go func() {
					s.channel.DeliverBatch(ctx, channel.Send{Delivery: d, Contacts: contacts}, func(int, channel.Result) {})
					<-slots
				}()
			}
			for range batches {
				slots <- struct{}{}
			}
			b.ReportMetric(float64(32*b.N)/b.Elapsed().Seconds(), "sms/s")
		})
	}
}
