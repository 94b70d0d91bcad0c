package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/audience/vault"
)

// A tool for a Crieur that runs says that none does, after a clean stop and
// after a kill, which leaves an address where nothing answers.
func TestDeadLettersOfACrieurThatDoesNotRun(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	address := filepath.Join(m.dir, "data", "nats.address")
	want := "does not run with data folder " + filepath.Join(m.dir, "data")
	var left []byte
	never := func() {}
	stopped := func() {
		m.open(t, func(context.Context, *vault.Vault) {
			var err error
			if left, err = os.ReadFile(address); err != nil {
				t.Error(err)
			}
		})
		if _, err := os.Stat(address); err == nil {
			t.Error("a clean stop leaves its address")
		}
	}
	killed := func() { write(t, address, string(left)) }
	for _, tc := range []struct {
		name string
		when func()
	}{{"never started", never}, {"stopped", stopped}, {"killed", killed}} {
		tc.when()
		code, _, errs := crieur("deadletter", "list", "-c", m.file)
		if code != 1 || !strings.Contains(errs, want) || strings.Contains(errs, "no servers") {
			t.Errorf("%s: %d %s", tc.name, code, errs)
		}
	}
}
