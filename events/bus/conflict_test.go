package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

func TestIsConflict(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	revision, err := kv.Create(t.Context(), "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, again := kv.Create(t.Context(), "k", nil)
	_, stale := kv.Update(t.Context(), "k", nil, revision+1)
	_, missing := kv.Get(t.Context(), "none")
	replicated := &jetstream.APIError{Code: 400, ErrorCode: jetstream.JSErrCodeStreamWrongLastSequenceConstant}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a key that exists":      {again, true},
		"a revision that passed": {stale, true},
		"purge of one":           {kv.Purge(t.Context(), "k", jetstream.LastRevision(revision+1)), true},
		"of a replicated stream": {fmt.Errorf("put: %w", replicated), true},
		"a key that is missing":  {missing, false},
		"nothing":                {nil, false},
		"another":                {errors.New("connection closed"), false},
	} {
		if got := bus.IsConflict(c.err); got != c.want {
			t.Errorf("%s: %v: got %v, want %v", name, c.err, got, c.want)
		}
	}
}
