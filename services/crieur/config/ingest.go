package config

import (
	"fmt"
	"net/netip"

	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
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
	if f.Politeness != nil {
		if c.Runner.Gap = f.Politeness.Std(); c.Runner.Gap == 0 {
			c.Runner.Gap = -1
		}
	}
	return c, nil
}
