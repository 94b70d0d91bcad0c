package audience_test

import (
	"fmt"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
)

// BenchmarkResolve asks for the contacts of one batch, over the bus, as
// publisher does.
func BenchmarkResolve(b *testing.B) {
	tw := newTown(b)
	const people = 320
	q := call.EnrolRequest{Authority: "pessac", By: "claire", Evidence: "banc"}
	for i := range people {
		q.People = append(q.People, call.Enrolment{Kind: "sms", Address: call.Address(fmt.Sprintf("063998%04d", i)), Streams: []string{"infos"}})
	}
	if reply, err := call.Ask(b.Context(), tw.nc, call.Enrol, q); err != nil || reply.Enrolled != people {
		b.Fatalf("enrol: %+v, %v", reply, err)
	}
	tw.publish(news("bench", "eau"))
	ask := call.ResolveRequest{Authority: "pessac", Stream: "infos", Kind: "sms", Class: events.ClassService}
	for len(ask.Subscribers) < people {
		for _, d := range tw.await(1) {
			ask.Subscribers = append(ask.Subscribers, d.Subscribers...)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		reply, err := call.Ask(b.Context(), tw.nc, call.Resolve, ask)
		if err != nil || len(reply.Contacts) != people || reply.Contacts[people-1].Address == "" {
			b.Fatalf("%d contacts, %v", len(reply.Contacts), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*people), "ns/contact")
}
