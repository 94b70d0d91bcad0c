package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// maxModifyTries bounds Modify: with jitter, twenty writers on one key all
// pass well before it.
const maxModifyTries = 32

// Modify reads the value under key, changes it and writes it back, again when
// someone else wrote in between, up to 32 times: ErrConflict then. change may
// be called several times, each time on a fresh value; its error ends Modify,
// writes nothing and is wrapped. The value written and its revision are
// returned. ErrNotFound when nothing is there.
func (r *Repository[T]) Modify(ctx context.Context, key Key, change func(*T) error) (T, uint64, error) {
	return r.modify(ctx, key, false, change)
}

// ModifyOrCreate is Modify, where a value that does not exist starts as T's
// zero value.
func (r *Repository[T]) ModifyOrCreate(ctx context.Context, key Key, change func(*T) error) (T, uint64, error) {
	return r.modify(ctx, key, true, change)
}

func (r *Repository[T]) modify(ctx context.Context, key Key, create bool, change func(*T) error) (T, uint64, error) {
	var zero T
	for try := range maxModifyTries {
		if err := pause(ctx, try); err != nil {
			return zero, 0, fmt.Errorf("registry: modify %s.%s: %w", r.prefix, key, err)
		}
		v, revision, err := r.Get(ctx, key...)
		missing := errors.Is(err, ErrNotFound)
		if err != nil && (!missing || !create) {
			return zero, 0, err
		}
		if err := change(&v); err != nil {
			return zero, 0, fmt.Errorf("registry: modify %s.%s: %w", r.prefix, key, err)
		}
		if missing {
			revision, err = r.Create(ctx, v, key...)
		} else {
			revision, err = r.Update(ctx, v, revision, key...)
		}
		switch {
		case err == nil:
			return v, revision, nil
		case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrExists):
			return zero, 0, err
		}
	}
	return zero, 0, fmt.Errorf("registry: modify %s.%s: %d tries: %w", r.prefix, key, maxModifyTries, ErrConflict)
}

// pause waits before a new try: up to 1 ms, doubled at each, up to 64 ms, at
// random so that writers part.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(rand.N(time.Millisecond << min(try, 6)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
