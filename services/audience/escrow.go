package audience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/audience/escrow"
	"github.com/crieur/crieur/services/audience/vault"
)

// Escrow writes a copy of the vault, its master key included, that only the
// passphrase opens. The service may run meanwhile.
func Escrow(ctx context.Context, js jetstream.JetStream, cfg Config, w io.Writer, passphrase string, now time.Time) (escrow.Summary, error) {
	file, _ := cfg.masterKey()
	master, err := vault.LoadMaster(file, false)
	if err != nil {
		return escrow.Summary{}, fmt.Errorf("audience: escrow: %w", err)
	}
	kv, err := js.KeyValue(ctx, bus.BucketVault)
	if err != nil {
		return escrow.Summary{}, fmt.Errorf("audience: escrow: bucket %s: %w", bus.BucketVault, err)
	}
	if err := vault.New(kv, master, nil).Check(ctx); err != nil {
		return escrow.Summary{}, fmt.Errorf("audience: escrow: %w", err)
	}
	return escrow.Write(ctx, w, kv, master, passphrase, now)
}

// Restore puts back what the vault lacks of a copy, and the master key where
// its file is missing. The service must not run on that key's file meanwhile.
func Restore(ctx context.Context, js jetstream.JetStream, cfg Config, r io.ReadSeeker, passphrase string) (escrow.Summary, error) {
	kv, err := js.KeyValue(ctx, bus.BucketVault)
	if err != nil {
		return escrow.Summary{}, fmt.Errorf("audience: restore: bucket %s: %w", bus.BucketVault, err)
	}
	master, done, err := escrow.Restore(ctx, r, kv, passphrase)
	if err != nil {
		return done, fmt.Errorf("audience: restore: %w", err)
	}
	file, _ := cfg.masterKey()
	if err = master.Save(file); errors.Is(err, fs.ErrExist) {
		var there *vault.Master
		if there, err = vault.LoadMaster(file, false); err == nil && there.Fingerprint() != master.Fingerprint() {
			err = fmt.Errorf("%w: %s: take it away, then restore again", vault.ErrWrongKey, file)
		}
	}
	if err != nil {
		return done, fmt.Errorf("audience: restore: %w", err)
	}
	return done, nil
}
