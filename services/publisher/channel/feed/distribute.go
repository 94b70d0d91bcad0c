package feed

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// How feeds are sent to subscribers.
const (
	atOnce      = 8
	callbackFor = 10 * time.Second // one exchange
	firstRetry  = 15 * time.Second // doubled each time
	maxTries    = 8                // about an hour; the next change is tried anew
	hubPoll     = 5 * time.Minute
)

// NewFactory returns the kind: its channels, its feeds and their hub.
func NewFactory() channel.Factory {
	return newFactory(channel.Strangers(callbackFor), firstRetry)
}

func newFactory(client *http.Client, retry time.Duration) channel.Factory {
	var (
		mu   sync.Mutex
		once *hub
	)
	hubOf := func(deps channel.Deps) *hub {
		mu.Lock()
		defer mu.Unlock()
		if once == nil {
			once = newHub(deps, newServer(deps, deps.PublicURL+hubPath), client, retry)
		}
		return once
	}
	return channel.Factory{
		New: func(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
			made, err := New(spec, deps)
			if c, ok := made.(*Channel); ok && err == nil {
				c.hub = hubOf(deps)
			}
			return made, err
		},
		Routes: func(deps channel.Deps) map[string]http.Handler {
			h := hubOf(deps)
			return map[string]http.Handler{"GET /feeds/{path...}": h.feeds, "POST " + hubPath: h}
		},
	}
}

// run verifies and distributes for one authority until ctx ends. Where an
// authority has several feed channels, one of them works.
func (h *hub) run(ctx context.Context, authority string) error {
	h.mu.Lock()
	turn := h.turns[authority]
	if turn == nil {
		turn = make(chan struct{}, 1)
		h.turns[authority] = turn
	}
	h.mu.Unlock()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil
	}
	queue := make(chan request, maxWaiting)
	h.wait(authority, queue)
	defer h.wait(authority, nil)
	g, ctx := errgroup.WithContext(ctx)
	for range verifiers {
		g.Go(func() error { return h.verifyAll(ctx, queue) })
	}
	g.Go(func() error { return h.distributeAll(ctx, authority) })
	return g.Wait()
}

func (h *hub) wait(authority string, queue chan request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if queue == nil {
		delete(h.waiting, authority)
		return
	}
	h.waiting[authority] = queue
}

func (h *hub) verifyAll(ctx context.Context, queue <-chan request) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case req := <-queue:
			if err := h.verify(ctx, req); err != nil && ctx.Err() == nil {
				h.deps.Logger.Info("feed: subscription", "authority", req.authority, "subscription", req.sub.id(), "err", err)
			}
		}
	}
}

func (h *hub) distributeAll(ctx context.Context, authority string) error {
	for {
		changed := h.deps.Shelf.Changed(Kind)
		timer := time.NewTimer(h.distribute(ctx, authority))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// distribute sends each subscriber what it has not, and returns when to look
// again if nothing changes.
func (h *hub) distribute(ctx context.Context, authority string) time.Duration {
	now, next := h.deps.Now(), hubPoll
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, d := range h.deps.Shelf.Items(hubKind, authority, hubEndpoint) {
		s, err := channel.BodyOf[subscription](d.Rendition)
		if err != nil || !now.Before(d.Expires) {
			continue
		}
		page, err := h.pageOf(s.Topic)
		if err != nil || page == nil || page.plain.etag[0] == s.Sent {
			continue
		}
		if now.Before(s.RetryAt) {
			next = min(next, s.RetryAt.Sub(now))
			continue
		}
		g.Go(func() error {
			h.tell(ctx, d, s, page)
			return nil
		})
		if s.Tries+1 < maxTries {
			next = min(next, h.backoff(s.Tries))
		}
	}
	_ = g.Wait() // tell logs its errors
	return next
}

func (h *hub) backoff(tries int) time.Duration { return h.retry << min(tries, maxTries) }

// tell sends a feed and notes what came of it. 410 ends a subscription.
func (h *hub) tell(ctx context.Context, d events.Delivery, s subscription, p *page) {
	status, err := h.post(ctx, s, p)
	if ctx.Err() != nil {
		return
	}
	switch {
	case status == http.StatusGone:
		err = h.deps.Shelf.Remove(ctx, d)
	case err == nil && status/100 == 2:
		s.Sent, s.Tries, s.RetryAt = p.plain.etag[0], 0, time.Time{}
		err = h.deps.Shelf.Put(ctx, h.stored(d.Authority, s, d.Expires))
	default:
		h.deps.Logger.Info("feed: subscriber", "authority", d.Authority, "subscription", d.ID, "attempt", s.Tries+1, "status", status, "err", err)
		s.RetryAt = h.deps.Now().Add(h.backoff(s.Tries))
		if s.Tries++; s.Tries >= maxTries {
			s.Sent, s.Tries, s.RetryAt = p.plain.etag[0], 0, time.Time{}
		}
		err = h.deps.Shelf.Put(ctx, h.stored(d.Authority, s, d.Expires))
	}
	if err != nil {
		h.deps.Logger.Warn("feed: subscription is not stored", "authority", d.Authority, "subscription", d.ID, "err", err)
	}
}
