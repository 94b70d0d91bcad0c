package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/publisher/speech"
)

// HTTPS tells whether residents reach the web surfaces by TLS.
func (c *Config) HTTPS() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// Proxies is TrustedProxies as the web surfaces take it.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	return prefixes("trustedProxies", c.TrustedProxies)
}

// prefixes reads the ranges of a key.
func prefixes(key string, ranges []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, r := range ranges {
		prefix, err := netip.ParsePrefix(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		list = append(list, prefix)
	}
	return list, nil
}

// Sync is SyncEvery as the embedded server takes it.
func (n NATS) Sync() time.Duration { return orNone(n.SyncEvery) }

// Ingest is ingest's configuration with these bounds.
func (f Fetch) Ingest() (ingest.Config, error) {
	c := ingest.Config{Fetch: fetch.Defaults()}
	var err error
	if c.Fetch.Allow, err = prefixes("fetch.allow", f.Allow); err != nil {
		return c, err
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
