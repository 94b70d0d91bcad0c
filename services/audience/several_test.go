package audience_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/audience"
	"github.com/crieur/crieur/services/audience/fanout"
)

const crowd = 240

// enrolCrowd gives the town subscribers, on numbers that are nobody's.
func (tw *town) enrolCrowd() {
	tw.t.Helper()
	q := call.EnrolRequest{Authority: "pessac", By: "claire", Evidence: "fiches 1 à 240"}
	for i := range crowd {
		q.People = append(q.People, call.Enrolment{Kind: "sms", Address: call.Address(fmt.Sprintf("063998%04d", i)), Streams: []string{"infos"}})
	}
	reply, err := call.Ask(tw.t.Context(), tw.nc, call.Enrol, q)
	if err != nil || reply.Enrolled != crowd {
		tw.t.Fatalf("enrol: %+v, %v", reply, err)
	}
}

// holder is who runs the fan-outs.
func (tw *town) holder() (name string) {
	tw.t.Helper()
	kv, err := tw.js.KeyValue(tw.t.Context(), bus.BucketFanout)
	if err != nil {
		tw.t.Fatal(err)
	}
	eventstest.Eventually(tw.t, func() bool {
		e, err := kv.Get(tw.t.Context(), fanout.LeaseKey)
		var held struct{ Term string }
		if err != nil || json.Unmarshal(e.Value(), &held) != nil {
			return false
		}
		name = held.Term
		return true
	}, 30*time.Second, "nobody holds the lease")
	return name
}

// answer ends batches, as publisher does.
func (tw *town) answer(list []events.Delivery) {
	tw.t.Helper()
	for _, d := range list {
		to := make([]events.Recipient, len(d.Subscribers))
		for i, s := range d.Subscribers {
			to[i] = events.Recipient{ID: s, Status: events.StatusSent, At: time.Now().UTC()}
		}
		if err := tw.emitter.Publish(tw.t.Context(), events.NewReceipt(d, "submit", time.Now().UTC(), to)); err != nil {
			tw.t.Fatal(err)
		}
	}
}

// Two instances that both notify: prometheus/alertmanager#4108.
func TestTwoProcessesNeverBothSend(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.stop()
	key, seal := filepath.Join(tw.data, "audience", "master.key"), filepath.Join(tw.data, "audience", "seal.pem")
	var conns []*nats.Conn
	var stops []func() error
	add := func() {
		nc := eventstest.Dial(t, tw.server)
		conns = append(conns, nc)
		stops = append(stops, tw.process(nc, audience.Config{
			DataDir: t.TempDir(), MasterKeyFile: key, SealKeyFile: seal, PublicURL: "https://infos.example", Window: 2,
		}.WithLeaseLife(time.Second)))
	}
	add()
	first := tw.holder()
	add()
	tw.enrolCrowd()

	told := map[string]int{}
	emitted := map[string]bool{}
	drain := func(people int) {
		t.Helper()
		eventstest.Eventually(t, func() bool {
			list := tw.queue(100)
			for _, d := range list {
				if emitted[d.ID] {
					t.Errorf("delivery %s is in the queue twice", d.ID)
				}
				emitted[d.ID] = true
				for _, s := range d.Subscribers {
					told[s]++
				}
			}
			tw.answer(list)
			return len(told) >= people
		}, 20*time.Second, fmt.Sprintf("%d people", people))
	}
	tw.publish(news("two", "eau"))
	drain(crowd / 4)
	conns[0].Close() // dead, with its lease and its window
	drain(crowd)
	if again := tw.holder(); again == first {
		t.Error("the dead process still holds the lease")
	}
	for s, n := range told {
		if n != 1 {
			t.Errorf("%s is told %d times", s, n)
		}
	}
	_ = stops[0]() // its connection is gone: so is its Run

	// The one that lives knows what the dead one sent: a correction finds them.
	corrected := news("two", "eau")
	corrected.Revision, corrected.Audience.CorrectionOf, corrected.Reason = 2, 1, "la date"
	clear(told)
	tw.publish(corrected)
	drain(crowd)

	// A clean end gives the work to the next at once, and the page that another
	// process serves knows what was sent.
	add()
	if err := stops[1](); err != nil {
		t.Fatal(err)
	}
	clear(told)
	tw.publish(news("three", "dechets"))
	drain(crowd)
}
