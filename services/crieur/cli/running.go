package cli

import (
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/services/crieur/demo"
	"github.com/crieur/crieur/services/crieur/program"
)

// runningFlags name a Crieur that runs, by its configuration.
type runningFlags struct {
	configFlag
	Demo bool `help:"The demonstration's."`
}

func (f runningFlags) dial() (*nats.Conn, error) {
	cfg, err := f.read()
	if err != nil {
		return nil, err
	}
	if f.Demo {
		cfg.Data = demo.Folder(cfg.Data)
	}
	return program.Dial(cfg, slog.New(slog.DiscardHandler))
}
