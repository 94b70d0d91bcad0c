package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/services/audience"
	"github.com/crieur/crieur/services/audience/escrow"
	"github.com/crieur/crieur/services/crieur/program"
)

// passphraseFlag is how a copy is closed and opened: never on the command line,
// which every program of the machine can read.
type passphraseFlag struct {
	PassphraseFile string `type:"existingfile" placeholder:"FILE" help:"File whose first line is the passphrase, 12 bytes or more; else $$CRIEUR_PASSPHRASE."`
}

func (f passphraseFlag) passphrase() (string, error) {
	text := os.Getenv("CRIEUR_PASSPHRASE")
	if f.PassphraseFile != "" {
		body, err := os.ReadFile(f.PassphraseFile)
		if err != nil {
			return "", fmt.Errorf("passphrase: %w", err)
		}
		text, _, _ = strings.Cut(string(body), "\n")
		text = strings.TrimSuffix(text, "\r")
	}
	if len(text) < escrow.MinPassphrase {
		return "", fmt.Errorf("passphrase: %d bytes or more are needed, by --passphrase-file or $CRIEUR_PASSPHRASE", escrow.MinPassphrase)
	}
	return text, nil
}

type escrowCmd struct {
	runningFlags
	passphraseFlag
	File string `arg:"" type:"path" help:"Where to write the copy; a file that exists is never written over."`
}

// Help is what crieur escrow --help says besides.
func (escrowCmd) Help() string {
	return "Crieur may run meanwhile. The copy holds every contact, sealed, and the master key, which only the passphrase opens: " +
		"keep it on another machine, and the passphrase elsewhere. Then try it: crieur restore --try FILE. " +
		"A copy that outlives an erasure must not outlive the time promised to residents: delete old ones."
}

func (c escrowCmd) Run(g *globals) error {
	passphrase, err := c.passphrase()
	if err != nil {
		return err
	}
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	conn, stop, err := program.Store(g.ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer stop()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("escrow: %w", err)
	}
	var done escrow.Summary
	err = create(c.File, func(w io.Writer) error {
		done, err = audience.Escrow(g.ctx, js, program.Audience(cfg), w, passphrase, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%s: %d subscribers, %d entries, key %s.\nTry it: crieur restore --try %s\n", c.File, done.Subscribers, done.Entries, done.Fingerprint, c.File)
	return err
}

// create writes a file that is whole or is not: its name is given at the end.
func create(name string, write func(io.Writer) error) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("escrow: %s exists: it is not written over", name)
	}
	part, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part-*") // readable by its owner only
	if err != nil {
		return fmt.Errorf("escrow: %w", err)
	}
	err = write(part)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Link(part.Name(), name) // refuses where somebody was faster
	}
	return errors.Join(err, os.Remove(part.Name()))
}

type restoreCmd struct {
	runningFlags
	passphraseFlag
	Try  bool   `help:"Restore into a folder that is thrown away, and say what is in the copy: nothing of this Crieur changes."`
	File string `arg:"" type:"existingfile" help:"The copy that crieur escrow wrote."`
}

// Help is what crieur restore --help says besides.
func (restoreCmd) Help() string {
	return "Stop Crieur first, or with a NATS server elsewhere the audience service. The copy is checked whole before anything is written. " +
		"What the vault has already is newer and stays; who was erased since is not brought back. " +
		"The master key is put where its file is missing."
}

func (c restoreCmd) Run(g *globals) error {
	passphrase, err := c.passphrase()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	if c.Try {
		return c.try(g, file, passphrase)
	}
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	conn, stop, err := program.Store(g.ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer stop()
	if audienceRuns(conn) {
		return errors.New("restore: Crieur runs and holds the vault's key: stop it first")
	}
	return c.restore(g, conn, program.Audience(cfg), file, passphrase)
}

// audienceRuns asks as micro services are asked, and waits for one answer.
func audienceRuns(conn *nats.Conn) bool {
	_, err := conn.Request("$SRV.PING.crieur-audience", nil, 2*time.Second)
	return err == nil // nats.ErrNoResponders comes at once
}

func (c restoreCmd) restore(g *globals, conn *nats.Conn, keys audience.Config, file io.ReadSeeker, passphrase string) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	done, err := audience.Restore(g.ctx, js, keys, file, passphrase)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "Copy of %s, key %s: %d subscribers and %d entries restored, %d kept as they are, %d erased since and left out.\n",
		done.At.UTC().Format(time.RFC3339), done.Fingerprint, done.Subscribers, done.Entries, done.Kept, done.Erased)
	return err
}

// try restores for good, elsewhere.
func (c restoreCmd) try(g *globals, file io.ReadSeeker, passphrase string) error {
	dir, err := os.MkdirTemp("", "crieur-restore-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of ours
	server, err := natsserver.Start(g.ctx, natsserver.Config{Dir: filepath.Join(dir, "nats"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer server.Close() //nolint:errcheck // what it holds is thrown away
	conn, err := server.Connect()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err == nil {
		err = bus.Ensure(g.ctx, js, bus.Options{})
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return c.restore(g, conn, audience.Config{DataDir: dir}, file, passphrase)
}
