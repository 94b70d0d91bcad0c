package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events/bus"
)

type deadLetterCmd struct {
	List   deadLetterList   `cmd:"" help:"List them, oldest first."`
	Show   deadLetterShow   `cmd:"" help:"Show one whole, with its body."`
	Replay deadLetterReplay `cmd:"" help:"Give one, or all, to the consumer that gave up."`
}

type deadLetterList struct {
	runningFlags
	Consumer string `help:"Only those of this consumer." placeholder:"NAME"`
}

type deadLetterShow struct {
	runningFlags
	Number uint64 `arg:"" help:"Its number in the list."`
}

type deadLetterReplay struct {
	runningFlags
	Number   uint64 `arg:"" optional:"" help:"Its number in the list."`
	All      bool   `help:"Replay all of them."`
	Consumer string `help:"With --all: only those of this consumer." placeholder:"NAME"`
}

// letters reads those of a running Crieur.
func (f runningFlags) letters() (*bus.DeadLetters, *nats.Conn, error) {
	conn, err := f.dial()
	if err != nil {
		return nil, nil, err
	}
	letters, err := bus.NewDeadLetters(conn)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return letters, conn, nil
}

func (c deadLetterList) Run(g *globals) error {
	letters, conn, err := c.letters()
	if err != nil {
		return err
	}
	defer conn.Close()
	list, err := letters.List(g.ctx, bus.DeadLetterFilter{Consumer: c.Consumer})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(g.stdout, "No dead letter.")
		return err
	}
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tWHEN\tCONSUMER\tSUBJECT\tREASON\tTRIES\tERROR")
	for _, l := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", l.Number, l.At.UTC().Format(time.DateTime), l.Consumer, l.Subject, l.Reason, l.Deliveries, l.Error)
	}
	return w.Flush()
}

func (c deadLetterShow) Run(g *globals) error {
	letters, conn, err := c.letters()
	if err != nil {
		return err
	}
	defer conn.Close()
	l, err := letters.Show(g.ctx, c.Number)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "number    %d\nwhen      %s\nconsumer  %s\nsubject   %s\nreason    %s\ntries     %d\nerror     %s\n\n%s\n",
		l.Number, l.At.UTC().Format(time.RFC3339), l.Consumer, l.Subject, l.Reason, l.Deliveries, l.Error, l.Body)
	return err
}

func (c deadLetterReplay) Run(g *globals) error {
	if (c.Number == 0) != c.All {
		return fmt.Errorf("deadletter replay: name a number, or --all")
	}
	letters, conn, err := c.letters()
	if err != nil {
		return err
	}
	defer conn.Close()
	n := 1
	if c.All {
		n, err = letters.ReplayAll(g.ctx, bus.DeadLetterFilter{Consumer: c.Consumer})
	} else {
		err = letters.Replay(g.ctx, c.Number)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%d replayed.\n", n)
	return err
}
