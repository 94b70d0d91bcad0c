package curator

import (
	"context"
	"errors"
	"fmt"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/curator/account"
)

// DeclareOfficer creates an officer's account that does not exist yet, with
// the password in a file, its last end of line left out. Of an account that
// exists, the name, address and roles follow the declaration; its password,
// second factor, suspensions and what it chose stay. An empty passwordFile makes an account
// that cannot sign in with a password.
func DeclareOfficer(ctx context.Context, reg *registry.Registry, officer registry.Officer, passwordFile string) error {
	have, revision, err := reg.Officers.Get(ctx, officer.Key()...)
	if err == nil {
		return follow(ctx, reg, have, revision, officer)
	}
	if !errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("curator: officer %s: %w", officer.ID, err)
	}
	if passwordFile != "" {
		password, err := run.LoadSecret("password", run.Secret{}, passwordFile)
		if err != nil {
			return fmt.Errorf("curator: officer %s: %w", officer.ID, err)
		}
		if officer.PasswordHash, err = account.Hash(password.Reveal()); err != nil {
			return fmt.Errorf("curator: officer %s: password_file: %w", officer.ID, err)
		}
	}
	if _, err := reg.Officers.Create(ctx, officer); err != nil && !errors.Is(err, registry.ErrExists) {
		return fmt.Errorf("curator: officer %s: %w", officer.ID, err)
	}
	return nil
}

// follow writes what is declared over an account, when it differs.
func follow(ctx context.Context, reg *registry.Registry, have registry.Officer, revision uint64, want registry.Officer) error {
	want.SetDefaults()
	if have.Name == want.Name && have.Email == want.Email && have.Disabled == want.Disabled && sameRoles(have.Roles, want.Roles) {
		return nil
	}
	have.Name, have.Email, have.Disabled, have.Roles = want.Name, want.Email, want.Disabled, want.Roles
	have.DropPasswordLinks()
	if _, err := reg.Officers.Update(ctx, have, revision); err != nil && !errors.Is(err, registry.ErrConflict) {
		return fmt.Errorf("curator: officer %s: %w", want.ID, err)
	}
	return nil
}
