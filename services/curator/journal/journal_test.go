package journal_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/journal"
)

func fact(action string) journal.Fact {
	return journal.Fact{Authority: "begles", Actor: "ana", Action: action, Object: "item/x", Detail: map[string]string{"stream": "infos"}, At: time.Now()}
}

func chain(n int) []events.Audit {
	var list []events.Audit
	previous := ""
	for range n {
		a := journal.Next(previous, fact("approve.item"))
		list, previous = append(list, a), a.Hash
	}
	return list
}

func TestVerifyFindsEveryTampering(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		tamper func([]events.Audit) []events.Audit
		want   string
	}{
		{name: "untouched", tamper: func(l []events.Audit) []events.Audit { return l }},
		{name: "actor changed", tamper: func(l []events.Audit) []events.Audit { l[2].Actor = "bob"; return l }, want: journal.Altered},
		{name: "detail changed", tamper: func(l []events.Audit) []events.Audit {
			l[2].Detail = map[string]string{"stream": "autre"}
			return l
		}, want: journal.Altered},
		{name: "changed and hashed again", tamper: func(l []events.Audit) []events.Audit {
			l[2].Actor = "bob"
			l[2].Hash = journal.Hash(l[2])
			return l
		}, want: journal.Unlinked},
		{name: "removed", tamper: func(l []events.Audit) []events.Audit { return slices.Delete(l, 2, 3) }, want: journal.Unlinked},
		{name: "first removed", tamper: func(l []events.Audit) []events.Audit { return l[1:] }, want: journal.Unlinked},
		{name: "last removed", tamper: func(l []events.Audit) []events.Audit { return l[:4] }, want: journal.Truncated},
		{name: "swapped", tamper: func(l []events.Audit) []events.Audit { l[1], l[2] = l[2], l[1]; return l }, want: journal.Unlinked},
		{name: "inserted", tamper: func(l []events.Audit) []events.Audit {
			return slices.Insert(l, 2, journal.Next(l[1].Hash, fact("forged")))
		}, want: journal.Unlinked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list := chain(5)
			head := list[4].Hash
			got := ""
			if f := journal.Verify(tt.tamper(list), "", head); f != nil {
				got = f.Why
			}
			if got != tt.want {
				t.Errorf("fault %q, want %q", got, tt.want)
			}
		})
	}
}

// bench is a real bus.
func bench(t *testing.T) (jetstream.JetStream, jetstream.KeyValue, *bus.Emitter) {
	t.Helper()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), bus.BucketItems)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	return js, kv, bus.NewEmitter(pub)
}

func TestManyWritersOneChain(t *testing.T) {
	t.Parallel()
	js, kv, emitter := bench(t)
	const writers, each = 3, 12
	var wg sync.WaitGroup
	for range writers {
		j := journal.New(kv, js, emitter) // as another process would
		wg.Go(func() {
			for range each {
				if _, err := j.Append(t.Context(), fact("edit.item")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	trail, err := journal.New(kv, js, emitter).Read(t.Context(), "begles", 5)
	if err != nil || trail.Fault != nil || trail.Count != writers*each || len(trail.Entries) != 5 {
		t.Errorf("trail of %d, %d shown, fault %v, %v", trail.Count, len(trail.Entries), trail.Fault, err)
	}
}

// dying stores nothing more once it has died.
type dying struct {
	journal.Emitter
	dead bool
}

func (d *dying) Publish(ctx context.Context, evs ...events.Event) error {
	if d.dead {
		return errors.New("died")
	}
	return d.Emitter.Publish(ctx, evs...)
}

func TestEntryOfADeadWriterIsStoredByTheNext(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"append", "repair"} {
		t.Run(next, func(t *testing.T) {
			t.Parallel()
			js, kv, emitter := bench(t)
			d := &dying{Emitter: emitter}
			j := journal.New(kv, js, d)
			if _, err := j.Append(t.Context(), fact("approve.item")); err != nil {
				t.Fatal(err)
			}
			d.dead = true
			if _, err := j.Append(t.Context(), fact("publish.item")); err == nil {
				t.Fatal("a dead writer stored its entry")
			}
			other, want := journal.New(kv, js, emitter), 2
			if next == "append" {
				want = 3
				if _, err := other.Append(t.Context(), fact("withdraw.item")); err != nil {
					t.Fatal(err)
				}
			} else if err := other.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			trail, err := other.Read(t.Context(), "begles", 10)
			if err != nil || trail.Fault != nil || trail.Count != want {
				t.Errorf("trail of %d, want %d, fault %v, %v", trail.Count, want, trail.Fault, err)
			}
		})
	}
}

func TestTamperedStreamIsSeen(t *testing.T) {
	t.Parallel()
	js, kv, emitter := bench(t)
	j := journal.New(kv, js, emitter)
	for range 3 {
		if _, err := j.Append(t.Context(), fact("edit.item")); err != nil {
			t.Fatal(err)
		}
	}
	forged := journal.Next("", fact("approve.item"))
	if err := emitter.Publish(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	trail, err := j.Read(t.Context(), "begles", 10)
	if err != nil || trail.Fault == nil || trail.Fault.Why != journal.Unlinked {
		t.Errorf("fault %v, %v", trail.Fault, err)
	}
	stream, err := js.Stream(t.Context(), bus.StreamAudit)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("the stream lets an entry be deleted")
	}
}

func TestHeadsLiveUnderTheirPrefix(t *testing.T) {
	t.Parallel()
	js, kv, emitter := bench(t)
	if _, err := journal.New(kv, js, emitter).Append(t.Context(), fact("edit.item")); err != nil {
		t.Fatal(err)
	}
	head, _, err := registry.New[journal.Head](kv, "journal").Get(t.Context(), "begles")
	if err != nil || head.Count != 1 {
		t.Errorf("head %+v, %v", head, err)
	}
}
