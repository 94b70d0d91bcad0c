package curator

import (
	"context"
	"errors"
	"fmt"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/console"
	"github.com/crieur/crieur/services/curator/rule"
)

// consoleName is the name of the officers' own source where a source's name is
// shown outside the console.
const consoleName = "Saisie dans la console"

// declareConsole declares, for each authority that has a stream, the source of
// what its officers write. It is how the normalizer knows that their word is
// the authority's, and whom residents read it from. It is paused: there is
// nothing to fetch.
func declareConsole(ctx context.Context, back *console.Back) error {
	done := map[string]bool{}
	for _, s := range back.Streams.All() {
		if done[s.Authority] {
			continue
		}
		done[s.Authority] = true
		if _, ok := back.Sources.Get(s.Authority, rule.ConsoleSource); ok {
			continue
		}
		source := registry.Source{
			Authority: s.Authority, ID: rule.ConsoleSource, Name: consoleName, Kind: console.Kind, Trust: registry.TrustOwn, Paused: true,
		}
		if a, ok := back.Authorities.Get(s.Authority); ok {
			source.Attribution = a.Name
		}
		if _, err := back.Registry.Sources.Create(ctx, source); err != nil && !errors.Is(err, registry.ErrExists) {
			return fmt.Errorf("curator: %w", err)
		}
	}
	return nil
}

func (s *Service) poke() {
	select {
	case s.streams <- struct{}{}:
	default:
	}
}

// followStreams declares the console of authorities that get their first
// stream later.
func (s *Service) followStreams(ctx context.Context, back *console.Back) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.streams:
		}
		if err := declareConsole(ctx, back); err != nil && ctx.Err() == nil {
			s.deps.Logger.Error("source of the console", "err", err)
		}
	}
}
