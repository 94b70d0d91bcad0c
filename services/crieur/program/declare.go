package program

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

// declaredKey is where the registry's bucket keeps what the file said last.
const declaredKey = "declared"

// A declaration puts into the registry what the configuration declares. An
// entity is written when the file says something new of it; otherwise what
// officers made of it in the console stays, a removal too. A restart wakes
// nobody.
type declaration struct {
	kv     jetstream.KeyValue
	before map[string]string // entity to the hash of what the file said
	now    map[string]string
}

func declare(ctx context.Context, js jetstream.JetStream, reg *registry.Registry, cfg *config.Config) error {
	d, err := openDeclaration(ctx, js)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range cfg.Authorities {
		errs = append(errs, put(ctx, d, reg.Authorities, a, a.Key(), a))
	}
	for _, s := range cfg.Sources {
		errs = append(errs, put(ctx, d, reg.Sources, s, s.Key(), s))
	}
	for _, ch := range cfg.Channels {
		errs = append(errs, put(ctx, d, reg.Channels, ch, ch.Key(), ch))
	}
	for _, s := range cfg.Streams {
		errs = append(errs, put(ctx, d, reg.Streams, s, s.Key(), s))
	}
	for _, s := range cfg.Signs {
		errs = append(errs, declareSign(ctx, d, reg, s))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.save(ctx)
}

func openDeclaration(ctx context.Context, js jetstream.JetStream) (*declaration, error) {
	kv, err := js.KeyValue(ctx, bus.BucketRegistry)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", bus.BucketRegistry, err)
	}
	d := &declaration{kv: kv, before: map[string]string{}, now: map[string]string{}}
	entry, err := kv.Get(ctx, declaredKey)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return d, nil
	case err != nil:
		return nil, fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
	}
	if err := json.Unmarshal(entry.Value(), &d.before); err != nil {
		return nil, fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
	}
	// Programs of one installation may each declare a part.
	maps.Copy(d.now, d.before)
	return d, nil
}

// save comes last: what was not declared to its end is declared again.
func (d *declaration) save(ctx context.Context) error {
	body, err := json.Marshal(d.now)
	if err != nil {
		return err
	}
	if _, err := d.kv.Put(ctx, declaredKey, body); err != nil {
		return fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
	}
	return nil
}

// put writes want unless the file said the same of it at the last start.
func put[T any](ctx context.Context, d *declaration, repo *registry.Repository[T], want T, key registry.Key, said ...any) error {
	body, err := json.Marshal(said)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	name, hash := repo.Prefix()+"."+key.String(), hex.EncodeToString(sum[:])
	d.now[name] = hash
	if d.before[name] == hash {
		return nil
	}
	_, err = repo.Put(ctx, want, key...)
	return err
}

// declareSign keeps the token a sign already has unless the file names one.
func declareSign(ctx context.Context, d *declaration, reg *registry.Registry, s config.Sign) error {
	have, _, err := reg.Signs.Get(ctx, s.Key()...)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	said, token := s.Sign, ""
	s.TokenHash = have.TokenHash
	if s.TokenFile != "" {
		body, err := os.ReadFile(s.TokenFile)
		if err != nil {
			return fmt.Errorf("sign %s/%s: token_file: %w", s.Authority, s.ID, err)
		}
		token = strings.TrimSpace(string(body))
		s.Sign.SetToken(token)
	}
	return put(ctx, d, reg.Signs, s.Sign, s.Key(), said, token)
}
