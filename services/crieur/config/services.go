package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/publisher/speech"
)

// Ingest is ingest's configuration with these bounds.
func (f Fetch) Ingest() (ingest.Config, error) {
	c := ingest.Config{Fetch: fetch.Defaults()}
	for _, r := range f.Allow {
		prefix, err := netip.ParsePrefix(r)
		if err != nil {
			return c, fmt.Errorf("fetch.allow: %w", err)
		}
		c.Fetch.Allow = append(c.Fetch.Allow, prefix)
	}
	if f.UserAgent != "" {
		c.Fetch.UserAgent = f.UserAgent
	}
	c.Runner.Gap = orNone(f.Politeness)
	return c, nil
}

// Voice is the publisher's configuration of what speaks.
func (s Speech) Voice() speech.Config {
	c := speech.Config{Command: s.Command, Languages: s.Languages, Type: s.Type, MaxBytes: s.MaxMegabytes << 20}
	if s.Timeout != nil {
		c.Timeout = s.Timeout.Std()
	}
	return c
}

// Undo is UndoWithin as the curator takes it.
func (c Curator) Undo() time.Duration { return orNone(c.UndoWithin) }

// orNone writes "the default" and "none", nil and zero here, as the services
// do: 0 and -1.
func orNone(d *registry.Duration) time.Duration {
	switch {
	case d == nil:
		return 0
	case *d == 0:
		return -1
	}
	return d.Std()
}
