package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/alecthomas/kong"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/config"
)

// commands is what the command line can do.
type commands struct {
	Run         runCmd         `cmd:"" help:"Run the whole of Crieur: every service and, unless servers are configured, the embedded NATS and ClickHouse."`
	Ingest      serviceCmd     `cmd:"" group:"One service alone" help:"Read the sources (needs NATS_URL)."`
	Normalizer  serviceCmd     `cmd:"" group:"One service alone" help:"Turn raw records into messages."`
	Curator     serviceCmd     `cmd:"" group:"One service alone" help:"Serve the officers' console."`
	Audience    serviceCmd     `cmd:"" group:"One service alone" help:"Serve the residents' portal and keep their contacts."`
	Publisher   serviceCmd     `cmd:"" group:"One service alone" help:"Render and deliver on every channel."`
	Impact      serviceCmd     `cmd:"" group:"One service alone" help:"Keep receipts in ClickHouse and serve the dashboards (CLICKHOUSE_URL)."`
	Source      sourceCmd      `cmd:"" group:"Tools" help:"Look at sources."`
	DeadLetter  deadLetterCmd  `cmd:"" name:"deadletter" group:"Tools" help:"List, show and replay the events nobody could handle."`
	Escrow      escrowCmd      `cmd:"" group:"Tools" help:"Copy the subscribers into a file that only a passphrase opens."`
	Restore     restoreCmd     `cmd:"" group:"Tools" help:"Put the subscribers of a copy back, or try that it can be."`
	CheckConfig checkConfigCmd `cmd:"" group:"Tools" help:"Read a configuration file and report all that is wrong in it, by line."`
	Version     versionCmd     `cmd:"" group:"Tools" help:"Print the version."`
}

// globals is what commands are given besides their own flags.
type globals struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// Main runs one command and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := run.Context()
	defer stop()
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("crieur"),
		kong.Description("Crieur, the town crier: gathers what municipal services publish, has it curated once, sends it out on every channel, and measures who was informed."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "crieur:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "crieur: %v\nTry `crieur --help`.\n", err)
		return 2
	}
	if err := k.Run(&globals{ctx: ctx, stdout: stdout, stderr: stderr}); err != nil {
		fmt.Fprintln(stderr, "crieur:", err)
		return 1
	}
	return 0
}

// configFlag is shared by the commands that read the configuration.
type configFlag struct {
	Config string `short:"c" type:"path" env:"CRIEUR_CONFIG" placeholder:"FILE" help:"Configuration file; crieur.yaml of this folder when it is there."`
}

const defaultFile = "crieur.yaml"

// read reads the file named, or the default one when there is one, or nothing.
func (f configFlag) read() (*config.Config, error) {
	name := f.Config
	if name == "" {
		if _, err := os.Stat(defaultFile); errors.Is(err, fs.ErrNotExist) {
			return config.Parse(defaultFile, nil, connectors{})
		}
		name = defaultFile
	}
	return config.Read(name, connectors{})
}
