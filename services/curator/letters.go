package curator

import (
	"context"
	"time"

	"github.com/crieur/crieur/events/bus"
)

// lettersEvery is how often dead letters are looked at.
const lettersEvery = 5 * time.Second

// followLetters counts what nobody could handle, for the alarms.
func (s *Service) followLetters(ctx context.Context) error {
	dead, err := bus.NewDeadLetters(s.deps.NATS)
	if err != nil {
		return err
	}
	var last, letters uint64
	for {
		l, n, err := dead.State(ctx)
		if err == nil && (l != last || n != letters) {
			var counts []bus.LetterCount
			if counts, err = dead.Count(ctx); err == nil {
				last, letters = l, n
				s.letters.Store(&counts)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.deps.Logger.Warn("curator: dead letters", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.deps.Clock.After(lettersEvery):
		}
	}
}
