package registry_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

type counter struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func bucket(t *testing.T, js jetstream.JetStream, name string) jetstream.KeyValue {
	t.Helper()
	kv, err := registry.OpenBucket(t.Context(), js, jetstream.KeyValueConfig{Bucket: name, History: 5})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func must[T any](t *testing.T, err error, v T) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	repo := registry.New[counter](bucket(t, eventstest.JetStream(t), "b"), "counter")

	_, _, err := repo.Get(ctx, "a", "b")
	wantErr(t, "get of nothing", err, registry.ErrNotFound)

	rev, err := repo.Create(ctx, counter{"one", 1}, "a", "b")
	must(t, err, rev)
	_, err = repo.Create(ctx, counter{"two", 2}, "a", "b")
	wantErr(t, "second create", err, registry.ErrExists)

	rev2, err := repo.Update(ctx, counter{"one", 2}, rev, "a", "b")
	must(t, err, rev2)
	_, err = repo.Update(ctx, counter{"stale", 3}, rev, "a", "b")
	wantErr(t, "stale update", err, registry.ErrConflict)
	_, err = repo.Update(ctx, counter{"zero", 3}, 0, "a", "c")
	wantErr(t, "update of revision 0", err, registry.ErrConflict)

	got, gotRev, err := repo.Get(ctx, "a", "b")
	if err != nil || got != (counter{"one", 2}) || gotRev != rev2 {
		t.Errorf("Get = %v, %d, %v", got, gotRev, err)
	}

	wantErr(t, "stale delete", repo.DeleteRevision(ctx, rev, "a", "b"), registry.ErrConflict)
	wantErr(t, "delete of revision 0", repo.DeleteRevision(ctx, 0, "a", "b"), registry.ErrConflict)
	must(t, repo.DeleteRevision(ctx, rev2, "a", "b"), 0)
	_, _, err = repo.Get(ctx, "a", "b")
	wantErr(t, "get of deleted", err, registry.ErrNotFound)
	_, err = repo.Update(ctx, counter{}, rev2, "a", "b")
	wantErr(t, "update of deleted", err, registry.ErrConflict)
	_, err = repo.Create(ctx, counter{"again", 1}, "a", "b")
	must(t, err, 0)
	must(t, repo.Delete(ctx, "never", "there"), 0)

	_, err = repo.Put(ctx, counter{}, "a", "")
	if err == nil || !strings.Contains(err.Error(), "token 2") {
		t.Errorf("put under an empty token: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	kv := bucket(t, eventstest.JetStream(t), "b")
	repo := registry.New[counter](kv, "counter")
	if list, err := repo.List(ctx); err != nil || len(list) != 0 {
		t.Fatalf("empty: %v, %v", list, err)
	}
	for _, key := range []registry.Key{{"33", "b"}, {"33", "a"}, {"33", "a.b*"}, {"330", "c"}, {"33"}} {
		_, err := repo.Put(ctx, counter{Name: key.String()}, key...)
		must(t, err, 0)
	}
	must(t, repo.Delete(ctx, "33", "b"), 0)
	_, err := kv.PutString(ctx, "countertops.33.z", "{}") // another prefix
	must(t, err, 0)

	for _, tt := range []struct {
		name  string
		under []string
		want  string
	}{
		{"all", nil, "33 33.a 33.a=2Eb=2A 330.c"},
		{"under one", []string{"33"}, "33.a 33.a=2Eb=2A"},
		{"under nothing", []string{"34"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := repo.List(ctx, tt.under...)
			must(t, err, 0)
			var keys []string
			for _, e := range list {
				keys = append(keys, e.Key.String())
				if e.Value.Name != e.Key.String() || e.Revision == 0 || e.At.IsZero() {
					t.Errorf("entry %+v", e)
				}
			}
			if got := strings.Join(keys, " "); got != tt.want {
				t.Errorf("keys %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatCannotBeDecodedIsReported(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	kv := bucket(t, eventstest.JetStream(t), "b")
	repo := registry.New[counter](kv, "counter")
	_, err := repo.Put(ctx, counter{"good", 1}, "a")
	must(t, err, 0)
	_, err = kv.PutString(ctx, "counter.bad", `{"n":"seven"}`)
	must(t, err, 0)
	_, err = kv.PutString(ctx, "counter.newer", `{"name":"n","n":1,"later":true}`)
	must(t, err, 0)

	_, _, err = repo.Get(ctx, "bad")
	var bad *registry.DecodeError
	if !errors.As(err, &bad) || bad.Key != "counter.bad" {
		t.Errorf("Get: %v", err)
	}
	list, err := repo.List(ctx)
	if !errors.As(err, &bad) || bad.Key != "counter.bad" {
		t.Errorf("List: %v", err)
	}
	if len(list) != 2 {
		t.Errorf("List gives %d of the 2 that can be read", len(list))
	}
	if _, _, err := repo.Modify(ctx, registry.Key{"bad"}, func(c *counter) error { c.N++; return nil }); !errors.As(err, &bad) {
		t.Errorf("Modify overwrote what it could not read: %v", err)
	}
}

// TestModifyLosesNoUpdate has writers of two processes' worth of connections
// on one key.
func TestModifyLosesNoUpdate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	srv := eventstest.Server(t)
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for range writers {
		js, err := jetstream.New(eventstest.Dial(t, srv))
		must(t, err, 0)
		repo := registry.New[counter](bucket(t, js, "b"), "counter")
		wg.Go(func() {
			for range each {
				_, _, err := repo.ModifyOrCreate(ctx, registry.Key{"n"}, func(c *counter) error { c.N++; return nil })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	js, err := jetstream.New(eventstest.Dial(t, srv))
	must(t, err, 0)
	got, _, err := registry.New[counter](bucket(t, js, "b"), "counter").Get(ctx, "n")
	if err != nil || got.N != writers*each {
		t.Errorf("%d counted, %v; want %d", got.N, err, writers*each)
	}
}

// TestTwoWritersOneWins has both read, then both write.
func TestTwoWritersOneWins(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	repo := registry.New[counter](bucket(t, eventstest.JetStream(t), "b"), "counter")
	for round := range 50 {
		key := registry.Key{"k", string(rune('a'+round%26)) + strings.Repeat("x", round/26)}
		rev, err := repo.Create(ctx, counter{}, key...)
		must(t, err, 0)
		errs := make(chan error, 2)
		for w := range 2 {
			go func() {
				_, err := repo.Update(ctx, counter{N: w}, rev, key...)
				errs <- err
			}()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), registry.ErrConflict) {
			t.Fatalf("round %d: %v and %v", round, first, second)
		}
	}
}

func TestModifyEnds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	repo := registry.New[counter](bucket(t, eventstest.JetStream(t), "b"), "counter")
	key := registry.Key{"n"}
	_, _, err := repo.Modify(ctx, key, func(*counter) error { return nil })
	wantErr(t, "modify of nothing", err, registry.ErrNotFound)
	_, err = repo.Put(ctx, counter{}, key...)
	must(t, err, 0)

	refused := errors.New("refused")
	_, _, err = repo.Modify(ctx, key, func(c *counter) error { c.N = 9; return refused })
	wantErr(t, "refused change", err, refused)

	tries := 0
	_, _, err = repo.Modify(ctx, key, func(*counter) error {
		tries++
		_, err := repo.Put(ctx, counter{N: tries}, key...)
		return err
	})
	wantErr(t, "a change always overtaken", err, registry.ErrConflict)
	if tries < 2 || tries > 100 {
		t.Errorf("%d tries", tries)
	}
}

func TestRegistryWritesOnlyValidEntities(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	js := eventstest.JetStream(t)
	reg, err := registry.Open(ctx, js)
	must(t, err, 0)
	again, err := registry.Open(ctx, js)
	must(t, err, 0)

	_, err = reg.Authorities.Create(ctx, registry.Authority{ID: "talence", Name: "Talence", Kind: registry.Municipality, INSEE: []string{"33522"}})
	must(t, err, 0)
	got, _, err := again.Authorities.Get(ctx, "talence")
	if err != nil || got.TimeZone != "Europe/Paris" || got.Language != "fr" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = reg.Authorities.Put(ctx, registry.Authority{ID: "Talence"})
	if err == nil || !strings.Contains(err.Error(), "authority: id:") || !strings.Contains(err.Error(), "authority: name:") {
		t.Errorf("an invalid authority: %v", err)
	}
	src := registry.Source{Authority: "talence", ID: "site", Name: "Site", Kind: "feed"}
	_, err = reg.Sources.Put(ctx, src, "pessac", "site")
	if err == nil || !strings.Contains(err.Error(), "talence.site") {
		t.Errorf("a key that is not the value's: %v", err)
	}
	_, err = reg.Sources.Put(ctx, src)
	must(t, err, 0)
	_, _, err = reg.Sources.Modify(ctx, src.Key(), func(s *registry.Source) error { s.Kind = ""; return nil })
	if err == nil || !strings.Contains(err.Error(), "source: kind:") {
		t.Errorf("a change into an invalid value: %v", err)
	}
}
