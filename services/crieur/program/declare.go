package program

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/curator"
)

// What the registry's bucket keeps of files: under declaredKey what was said last
// of each entity, and under declaresPrefix which entities a program's file has.
const (
	declaredKey    = "declared"
	declaresPrefix = "declares"
)

// A declaration puts into the registry what the configuration declares. An
// entity is written when the file says something new of it; otherwise what
// officers made of it in the console stays, a removal too. What the file had and
// has no longer is paused. A restart wakes nobody.
type declaration struct {
	reg     *registry.Registry
	kv      jetstream.KeyValue
	files   *registry.Repository[[]string]
	program string // programs of one installation may each declare a part
	logger  *slog.Logger

	before   map[string]string // entity to the hash of what was said of it last
	revision uint64            // of before; 0: nothing was said yet
	now      map[string]string
	here     map[string]bool // the entities of this file
}

// declare puts what a program's configuration declares into the registry.
func declare(ctx context.Context, js jetstream.JetStream, reg *registry.Registry, program string, logger *slog.Logger, cfg *config.Config) error {
	kv, err := js.KeyValue(ctx, bus.BucketRegistry)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bus.BucketRegistry, err)
	}
	d := &declaration{reg: reg, kv: kv, files: registry.New[[]string](kv, declaresPrefix), program: program, logger: logger}
	for {
		if err := d.read(ctx); err != nil {
			return err
		}
		if err := d.entities(ctx, cfg); err != nil {
			return err
		}
		had, err := d.withdraw(ctx)
		if err != nil {
			return err
		}
		err = d.save(ctx)
		if bus.IsConflict(err) {
			continue // another program declared meanwhile
		}
		if list := slices.Sorted(maps.Keys(d.here)); err == nil && !slices.Equal(list, had) {
			_, err = d.files.Put(ctx, list, program)
		}
		return err
	}
}

// entities puts each entity of the file.
func (d *declaration) entities(ctx context.Context, cfg *config.Config) error {
	var errs []error
	for _, a := range cfg.Authorities {
		errs = append(errs, put(ctx, d, d.reg.Authorities, a, a.Key(), a))
	}
	for _, s := range cfg.Sources {
		errs = append(errs, put(ctx, d, d.reg.Sources, s, s.Key(), s))
	}
	for _, ch := range cfg.Channels {
		errs = append(errs, put(ctx, d, d.reg.Channels, ch, ch.Key(), ch))
	}
	for _, s := range cfg.Streams {
		errs = append(errs, put(ctx, d, d.reg.Streams, s, s.Key(), s))
	}
	for _, s := range cfg.Signs {
		errs = append(errs, d.sign(ctx, s))
	}
	for _, o := range cfg.Officers {
		errs = append(errs, d.officer(ctx, o))
	}
	return errors.Join(errs...)
}

// entity is the name of what a repository has under a key.
func entity[T any](repo *registry.Repository[T], key registry.Key) string {
	return repo.Prefix() + "." + key.String()
}

// read reads what was said before.
func (d *declaration) read(ctx context.Context) error {
	d.before, d.revision, d.here = map[string]string{}, 0, map[string]bool{}
	entry, err := d.kv.Get(ctx, declaredKey)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case err != nil:
		return fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
	default:
		d.revision = entry.Revision()
		if err := json.Unmarshal(entry.Value(), &d.before); err != nil {
			return fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
		}
	}
	d.now = maps.Clone(d.before)
	return nil
}

// save comes last: what was not declared to its end is declared again.
func (d *declaration) save(ctx context.Context) error {
	if maps.Equal(d.now, d.before) {
		return nil
	}
	body, err := json.Marshal(d.now)
	if err != nil {
		return err
	}
	// Revision 0 is that there is none yet.
	if _, err := d.kv.Update(ctx, declaredKey, body, d.revision); err != nil {
		return fmt.Errorf("bucket %s: %s: %w", bus.BucketRegistry, declaredKey, err)
	}
	return nil
}

// withdraw pauses what this program's file had and has no longer, unless
// another's has it. It returns what the file had.
func (d *declaration) withdraw(ctx context.Context) ([]string, error) {
	files, err := d.files.List(ctx)
	if err != nil {
		return nil, err
	}
	var had []string
	elsewhere := map[string]string{} // entity to a program that declares it
	for _, f := range files {
		if slices.Equal(f.Key, registry.Key{d.program}) {
			had = f.Value
			continue
		}
		for _, name := range f.Value {
			elsewhere[name] = f.Key.String()
		}
	}
	for _, name := range had {
		if d.here[name] {
			continue
		}
		if other := elsewhere[name]; other != "" {
			d.logger.Warn("the configuration declares it no longer, another program's does: it goes on", "entity", name, "program", other)
			continue
		}
		// Declared again, it is as the file says, pause or not.
		delete(d.now, name)
		if err := d.pause(ctx, name); err != nil {
			return nil, err
		}
	}
	return had, nil
}

// pause pauses an entity, by its name. An authority cannot be, and an account is
// not: somebody may need it.
func (d *declaration) pause(ctx context.Context, name string) error {
	var paused bool
	var err error
	switch prefix, _, _ := strings.Cut(name, "."); prefix {
	case d.reg.Sources.Prefix():
		paused, err = pause(ctx, d.reg.Sources, name, func(s *registry.Source) *bool { return &s.Paused })
	case d.reg.Channels.Prefix():
		paused, err = pause(ctx, d.reg.Channels, name, func(ch *registry.Channel) *bool { return &ch.Paused })
	case d.reg.Streams.Prefix():
		paused, err = pause(ctx, d.reg.Streams, name, func(s *registry.Stream) *bool { return &s.Paused })
	case d.reg.Signs.Prefix():
		paused, err = pause(ctx, d.reg.Signs, name, func(s *registry.Sign) *bool { return &s.Paused })
	case d.reg.Officers.Prefix():
		d.logger.Warn("the configuration declares it no longer: it stays until it is suspended in the console", "entity", name)
	default:
		d.logger.Warn("the configuration declares it no longer: it stays", "entity", name)
	}
	if paused {
		d.logger.Warn("the configuration declares it no longer: paused", "entity", name)
	}
	return err
}

// pause tells whether it paused what is under a name; what is gone or paused
// stays so.
func pause[T any](ctx context.Context, repo *registry.Repository[T], name string, flag func(*T) *bool) (bool, error) {
	key, err := registry.SplitKey(repo.Prefix(), name)
	if err != nil {
		return false, err
	}
	for {
		v, revision, err := repo.Get(ctx, key...)
		if errors.Is(err, registry.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		paused := flag(&v)
		if *paused {
			return false, nil
		}
		*paused = true
		if _, err := repo.Update(ctx, v, revision); !errors.Is(err, registry.ErrConflict) {
			return err == nil, err
		}
	}
}

// put writes want unless the same was said of it last.
func put[T any](ctx context.Context, d *declaration, repo *registry.Repository[T], want T, key registry.Key, said ...any) error {
	news, err := d.say(entity(repo, key), said)
	if err != nil || !news {
		return err
	}
	_, err = repo.Put(ctx, want, key...)
	return err
}

// say notes what the file says of an entity, and reports whether it is new.
func (d *declaration) say(name string, said any) (news bool, err error) {
	body, err := json.Marshal(said)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	d.now[name], d.here[name] = hash, true
	return d.before[name] != hash, nil
}

// officer leaves to an account what the file does not say: its password, second
// factor and suspensions.
func (d *declaration) officer(ctx context.Context, o config.Officer) error {
	news, err := d.say(entity(d.reg.Officers, o.Key()), o.Officer)
	if err != nil || !news {
		return err
	}
	return curator.DeclareOfficer(ctx, d.reg, o.Officer, o.PasswordFile)
}

// sign keeps the token a sign already has unless the file names one.
func (d *declaration) sign(ctx context.Context, s config.Sign) error {
	have, _, err := d.reg.Signs.Get(ctx, s.Key()...)
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
	return put(ctx, d, d.reg.Signs, s.Sign, s.Key(), said, token)
}
