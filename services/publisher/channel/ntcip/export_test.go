package ntcip

import (
	"context"
	"time"
)

// Round goes to all signs once.
func (c *Channel) Round(ctx context.Context) time.Time { return c.round(ctx) }
