package cli_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/crieur/cli"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/crieur/program"
)

// machine is a data folder and the configuration of it.
type machine struct{ dir, file string }

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{dir: t.TempDir()}
	m.file = filepath.Join(m.dir, "crieur.yaml")
	write(t, m.file, "data: "+filepath.Join(m.dir, "data")+"\n")
	return m
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open gives the vault of a machine, as the audience service does.
func (m machine) open(t *testing.T, use func(context.Context, *vault.Vault)) {
	t.Helper()
	cfg, err := config.Read(m.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, stop, err := program.Store(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), bus.BucketVault)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(cfg.Data, "audience", "master.key")
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	master, err := vault.LoadMaster(key, true)
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(kv, master, vault.NewModel(master, consent.NewIndex(), slog.New(slog.DiscardHandler)))
	if err := v.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	use(t.Context(), v)
}

func crieur(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = cli.Main(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestEscrowAndRestore(t *testing.T) {
	t.Parallel()
	here, there := newMachine(t), newMachine(t)
	secret := filepath.Join(here.dir, "passphrase")
	write(t, secret, "le tambour du garde champêtre\nanother line\n")
	here.open(t, func(ctx context.Context, v *vault.Vault) {
		for _, number := range []string{"+33612345678", "+33687654321"} {
			if _, err := v.Enrol(ctx, "albi", "sms", number, "fr", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	})
	copied := filepath.Join(here.dir, "copy")
	escrow := []string{"escrow", "-c", here.file, "--passphrase-file", secret, copied}
	code, out, errs := crieur(escrow...)
	if code != 0 || !strings.Contains(out, "2 subscribers") || strings.Contains(out+errs, "tambour") {
		t.Fatalf("escrow: %d %s %s", code, out, errs)
	}
	if s, err := os.Stat(copied); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v %v", s, err)
	}
	if code, _, errs := crieur(escrow...); code == 0 || !strings.Contains(errs, "exists") {
		t.Errorf("over the copy: %d %s", code, errs)
	}
	if left, err := filepath.Glob(copied + ".part-*"); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}

	if code, out, errs := crieur("restore", "--try", "-c", there.file, "--passphrase-file", secret, copied); code != 0 || !strings.Contains(out, "2 subscribers") {
		t.Errorf("try: %d %s %s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(there.dir, "data")); !os.IsNotExist(err) {
		t.Errorf("trying made something: %v", err)
	}
	restore := []string{"restore", "-c", there.file, "--passphrase-file", secret, copied}
	if code, out, errs := crieur(restore...); code != 0 || !strings.Contains(out, "2 subscribers") {
		t.Fatalf("restore: %d %s %s", code, out, errs)
	}
	there.open(t, func(ctx context.Context, v *vault.Vault) {
		if r, err := v.Find(ctx, "albi", "sms", "+33612345678"); err != nil || r.ID == "" {
			t.Errorf("restored: %v", err)
		}
	})
	if code, out, errs := crieur(restore...); code != 0 || !strings.Contains(out, "0 subscribers and 0 entries restored") {
		t.Errorf("again: %d %s %s", code, out, errs)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	right, short := filepath.Join(m.dir, "right"), filepath.Join(m.dir, "short")
	write(t, right, "le tambour du garde champêtre\n")
	write(t, short, "court\n")
	nothing := filepath.Join(m.dir, "nothing")
	write(t, nothing, "{}\n")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"a short passphrase":    {[]string{"restore", "--try", "--passphrase-file", short, nothing}, "12 bytes"},
		"no passphrase":         {[]string{"restore", "--try", nothing}, "--passphrase-file"},
		"what is no copy":       {[]string{"restore", "--try", "--passphrase-file", right, nothing}, "not a copy"},
		"a file that is not":    {[]string{"restore", "--passphrase-file", right, filepath.Join(m.dir, "none")}, "none"},
		"a folder that is none": {[]string{"escrow", "-c", m.file, "--passphrase-file", right, filepath.Join(m.dir, "no", "copy")}, "escrow"},
	} {
		if code, _, errs := crieur(tt.args...); code == 0 || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
}

// What runs holds the key: the vault of another key is not put under it.
func TestRestoreRefusesWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	secret, copied := filepath.Join(m.dir, "passphrase"), filepath.Join(m.dir, "copy")
	write(t, secret, "le tambour du garde champêtre\n")
	m.open(t, func(ctx context.Context, v *vault.Vault) {
		if _, err := v.Enrol(ctx, "albi", "sms", "+33612345678", "fr", time.Now()); err != nil {
			t.Fatal(err)
		}
	})
	if code, _, errs := crieur("escrow", "-c", m.file, "--passphrase-file", secret, copied); code != 0 {
		t.Fatal(errs)
	}
	cfg, err := config.Read(m.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, stop, err := program.Store(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	service, err := call.NewServer(t.Context(), conn, "audience", "0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Stop() //nolint:errcheck // the connection ends with it
	if code, _, errs := crieur("restore", "-c", m.file, "--passphrase-file", secret, copied); code == 0 || !strings.Contains(errs, "stop it first") {
		t.Errorf("%d %s", code, errs)
	}
}
