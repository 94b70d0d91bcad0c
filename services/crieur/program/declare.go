package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

// declare puts into the registry what the configuration declares. The file
// wins for what it names; what was made in the console stays. What is already
// so is not written again, so that a restart wakes nobody.
func declare(ctx context.Context, reg *registry.Registry, cfg *config.Config) error {
	var errs []error
	for _, a := range cfg.Authorities {
		errs = append(errs, put(ctx, reg.Authorities, a, a.Key()))
	}
	for _, s := range cfg.Sources {
		errs = append(errs, put(ctx, reg.Sources, s, s.Key()))
	}
	for _, ch := range cfg.Channels {
		errs = append(errs, put(ctx, reg.Channels, ch, ch.Key()))
	}
	for _, s := range cfg.Streams {
		errs = append(errs, put(ctx, reg.Streams, s, s.Key()))
	}
	for _, s := range cfg.Signs {
		errs = append(errs, declareSign(ctx, reg, s))
	}
	return errors.Join(errs...)
}

func put[T any](ctx context.Context, repo *registry.Repository[T], want T, key registry.Key) error {
	have, _, err := repo.Get(ctx, key...)
	switch {
	case err == nil && same(have, want):
		return nil
	case err != nil && !errors.Is(err, registry.ErrNotFound):
		return err
	}
	_, err = repo.Put(ctx, want, key...)
	return err
}

// same compares as the registry stores: an absent list and an empty one are
// the same.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		return false
	}
	var u, v any
	return json.Unmarshal(x, &u) == nil && json.Unmarshal(y, &v) == nil && reflect.DeepEqual(u, v)
}

// declareSign keeps the token a sign already has unless the file names one.
func declareSign(ctx context.Context, reg *registry.Registry, s config.Sign) error {
	have, _, err := reg.Signs.Get(ctx, s.Key()...)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	s.TokenHash = have.TokenHash
	if s.TokenFile != "" {
		body, err := os.ReadFile(s.TokenFile)
		if err != nil {
			return fmt.Errorf("sign %s/%s: token_file: %w", s.Authority, s.ID, err)
		}
		s.Sign.SetToken(strings.TrimSpace(string(body)))
	}
	return put(ctx, reg.Signs, s.Sign, s.Key())
}
