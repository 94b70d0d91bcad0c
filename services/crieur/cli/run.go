package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/crieur/demo"
	"github.com/crieur/crieur/services/crieur/program"
)

type runCmd struct {
	configFlag
	Demo bool `help:"Run the demonstration: a real commune, recorded input served locally, and the outside world's stand-ins."`
}

// Run runs everything until SIGTERM or SIGINT.
func (c runCmd) Run(g *globals) error {
	cfg, err := c.read()
	if err != nil {
		return err
	}
	var stage *demo.Stage
	if c.Demo {
		if stage, err = demo.Prepare(cfg); err != nil {
			return err
		}
	}
	return serve(g, cfg, nil, stage)
}

// serve runs the named services, with the demonstration's beside them.
func serve(g *globals, cfg *config.Config, names []string, stage *demo.Stage) (err error) {
	logger, err := run.Logger(g.stderr, cfg.Log.Format, cfg.Log.Level)
	if err != nil {
		return err
	}
	var extra program.Extra
	if stage != nil {
		extra = stage.Services
	}
	p, err := program.Open(g.ctx, cfg, logger, names, extra)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	ctx, cancel := context.WithCancel(g.ctx)
	var welcoming sync.WaitGroup
	defer welcoming.Wait()
	defer cancel()
	welcoming.Go(func() {
		select {
		case <-p.Started():
			welcome(g.stdout, cfg, names, stage)
			debug.FreeOSMemory() // what starting took: passwords hashed in 64 MiB, templates, what was read
		case <-ctx.Done():
		}
	})
	return p.Run(ctx)
}

// welcome says in a few lines where to look.
func welcome(w io.Writer, cfg *config.Config, names []string, stage *demo.Stage) {
	if len(names) > 0 {
		fmt.Fprintf(w, "crieur %s is running. Health: http://%s/readyz\n", strings.Join(names, ", "), cfg.Listen)
		return
	}
	fmt.Fprintf(w, "\nCrieur is running. Residents: %[1]s/   Officers: %[1]s/console   Impact: %[1]s/impact\n", cfg.PublicURL)
	if stage != nil {
		fmt.Fprintln(w, stage.Welcome())
	}
	if len(cfg.Authorities) == 0 {
		fmt.Fprintln(w, "The configuration declares no collectivité: begin with a copy of deployments/commune/crieur.yaml, and give it with --config.")
	}
	fmt.Fprintf(w, "Data: %s. Ctrl-C stops it; the next start goes on from there.\n\n", cfg.Data)
}

type serviceCmd struct{ configFlag }

// Run runs the one service that the command is named after.
func (c serviceCmd) Run(g *globals, k *kong.Context) error {
	cfg, err := c.read()
	if err != nil {
		return err
	}
	return serve(g, cfg, []string{k.Selected().Name}, nil)
}
