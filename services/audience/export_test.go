package audience

import (
	"context"
	"errors"
	"time"
)

// SweepAt is the sweep at a time.
func (s *Service) SweepAt(ctx context.Context, now time.Time) error {
	r := s.state.Load()
	var errs []error
	for _, id := range r.model.Due(now) {
		errs = append(errs, r.sweepOne(ctx, id, now))
	}
	return errors.Join(errs...)
}

// WithLeaseLife makes a dead process's work be taken over sooner.
func (c Config) WithLeaseLife(d time.Duration) Config { c.leaseLife = d; return c }
