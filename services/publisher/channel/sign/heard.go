package sign

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
)

const (
	// keepEvery is how often the same news of a sign is written again.
	keepEvery = 30 * time.Second
	// longestRhythm, in seconds, is a sign that asks once a day.
	longestRhythm = 86_400
	maxHash       = 64
	maxSigns      = 100_000
)

// health follows what signs say. It is safe for concurrent use.
type health struct {
	logger *slog.Logger
	keeper func() channel.SignHealth

	mu   sync.Mutex
	last map[string]kept // by authority/sign
}

type kept struct {
	health  registry.SignHealth
	written time.Time
}

// hearing is one sign of life.
type hearing struct {
	sign          registry.Sign
	shows, should string // hashes
	on            []events.Delivery
	at            time.Time
}

// heard takes a sign of life. A health that cannot be written is no reason to
// refuse it: it is logged, and written at the next one.
func (h *health) heard(ctx context.Context, n hearing) {
	if h.keeper == nil {
		return
	}
	keeper := h.keeper()
	if keeper == nil {
		return
	}
	if len(n.shows) > maxHash {
		n.shows = n.shows[:maxHash]
	}
	id := n.sign.Authority + "/" + n.sign.ID
	h.mu.Lock()
	before, known := h.last[id]
	h.mu.Unlock()
	if !known {
		stored, _, err := keeper.Get(ctx, n.sign.Authority, n.sign.ID)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			h.logger.Warn("sign: read health", "authority", n.sign.Authority, "sign", n.sign.ID, "err", err)
		}
		before.health = stored
	}
	next := kept{health: nextHealth(before.health, n), written: before.written}
	news := before.health.Shows != next.health.Shows || before.health.Wrong != next.health.Wrong
	write := news || n.at.Sub(before.written) >= keepEvery
	if write {
		next.written = n.at
	}
	h.mu.Lock()
	if len(h.last) >= maxSigns {
		clear(h.last)
	}
	h.last[id] = next
	h.mu.Unlock()
	if !write {
		return
	}
	if _, err := keeper.Put(ctx, next.health); err != nil {
		h.logger.Warn("sign: keep health", "authority", n.sign.Authority, "sign", n.sign.ID, "err", err)
	}
}

// nextHealth is h after n.
func nextHealth(h registry.SignHealth, n hearing) registry.SignHealth {
	next := registry.SignHealth{
		Authority: n.sign.Authority, Sign: n.sign.ID, LastHeard: n.at.UTC(), EverySeconds: h.EverySeconds,
		Shows: n.shows, ShowsSince: h.ShowsSince, Wrong: n.shows != n.should,
	}
	if h.Shows != n.shows || h.ShowsSince.IsZero() {
		next.ShowsSince = n.at.UTC()
	}
	if !next.Wrong {
		for _, d := range n.on {
			next.Publications = append(next.Publications, d.Publication)
		}
	}
	gap := int(n.at.Sub(h.LastHeard) / time.Second)
	switch {
	case h.LastHeard.IsZero(), gap <= 0, gap > longestRhythm:
	case next.EverySeconds == 0:
		next.EverySeconds = gap
	case gap < 10*next.EverySeconds: // a longer one is a silence, no rhythm
		next.EverySeconds += (gap - next.EverySeconds) / 4
	}
	return next
}
