package cli

import (
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/crieur/demo"
	"github.com/crieur/crieur/services/crieur/program"
)

// runningFlags name a Crieur that runs, by its configuration.
type runningFlags struct {
	configFlag
	Demo bool `help:"The demonstration's."`
}

// settings reads the configuration of the Crieur that is meant.
func (f runningFlags) settings() (*config.Config, error) {
	cfg, err := f.read()
	if err == nil && f.Demo {
		cfg.Data = demo.Folder(cfg.Data)
	}
	return cfg, err
}

func (f runningFlags) dial() (*nats.Conn, error) {
	cfg, err := f.settings()
	if err != nil {
		return nil, err
	}
	return program.Dial(cfg, slog.New(slog.DiscardHandler))
}
