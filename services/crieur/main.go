// Crieur gathers what municipal services publish, has it curated once, and
// sends it out on every channel. See `crieur --help`.
package main

import (
	"os"

	"github.com/crieur/crieur/services/crieur/cli"
	"github.com/crieur/crieur/services/impact/engine"
)

func main() {
	// The embedded ClickHouse is a child process of this same program.
	engine.ChildMain()
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
