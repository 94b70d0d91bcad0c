package audience

import "time"

// WithLeaseLife makes a dead process's work be taken over sooner.
func (c Config) WithLeaseLife(d time.Duration) Config { c.leaseLife = d; return c }
