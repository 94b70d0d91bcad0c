package ntcip

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// again is how long a sign that failed is left alone.
const again = time.Minute

// horizon bounds how long a sign shows what nobody renews.
const horizon = 24 * time.Hour

// display is the text of a sign now, empty when it has nothing to show, what is
// in it, and until when that is right.
func (c *Channel) display(id string, now time.Time) (multi string, on []events.Delivery, until time.Time, err error) {
	until = now.Truncate(time.Hour).Add(horizon) // on the hour: a later look finds the same
	alert := false
	for _, d := range c.deps.Shelf.Items(Kind, c.spec.Authority, id) {
		switch {
		case !now.Before(d.Expires):
			continue
		case now.Before(d.NotBefore):
			until = minTime(until, d.NotBefore)
			continue
		}
		until = minTime(until, d.Expires)
		alert = alert || d.Class == events.ClassAlert
		on = append(on, d)
	}
	if alert {
		on = slices.DeleteFunc(on, func(d events.Delivery) bool { return d.Class != events.ClassAlert })
	}
	slices.SortFunc(on, func(a, b events.Delivery) int {
		return cmp.Or(b.Severity.Rank()-a.Severity.Rank(), b.ApprovedAt.Compare(a.ApprovedAt), cmp.Compare(a.ID, b.ID))
	})
	var pages []panel.Page
	for _, d := range on {
		body, err := channel.BodyOf[Body](d.Rendition)
		if err != nil {
			return "", nil, until, err
		}
		pages = append(pages, body.Pages...)
	}
	if len(pages) == 0 {
		return "", nil, until, nil
	}
	multi, err = Multi(pages, c.cfg.Signs[id].Profile)
	if err != nil {
		return "", nil, until, events.Permanent(events.ReasonInvalidContent, err)
	}
	return multi, on, until, nil
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// refresh makes a sign show what it has to, unless it does.
func (c *Channel) refresh(ctx context.Context, id string) (until time.Time, err error) {
	s, ok := c.cfg.Signs[id]
	if !ok {
		return until, events.Permanentf(events.ReasonNotFound, "ntcip: there is no sign %q", id)
	}
	st := c.state[id]
	st.mu.Lock()
	defer st.mu.Unlock()
	now := c.deps.Now()
	multi, _, until, err := c.display(id, now)
	if err != nil {
		return until, err
	}
	want := wanted(multi, until)
	if st.shown == want {
		return until, nil
	}
	st.shown = unknownText
	if st.active, err = c.put(ctx, *s, multi, until.Sub(now)); err != nil {
		return until, err
	}
	st.shown = want
	return until, nil
}

// wanted is what state.shown is of a sign that shows multi until then.
func wanted(multi string, until time.Time) string {
	if multi == "" {
		return ""
	}
	return until.UTC().Format(time.RFC3339) + " " + multi
}

// put shows a text for a time, or blanks the sign. It returns what is active.
func (c *Channel) put(ctx context.Context, s Sign, multi string, lasts time.Duration) ([]byte, error) {
	d, err := open(ctx, s, c.cfg.Timeout)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if multi == "" {
		crc, err := d.number("dmsMessageCRC", column(colCRC, blank, 1))
		if err != nil {
			return nil, err
		}
		return d.show(blank, 1, crc, maxMinutes, s.Priority)
	}
	crc, err := d.write(multi, s)
	if err != nil {
		return nil, err
	}
	minutes := int((lasts + time.Minute - 1) / time.Minute)
	return d.show(changeable, s.Message, crc, minutes, s.Priority)
}

// Run implements channel.Runner: it changes signs when something on them
// begins or expires, writes again those that failed or show something else, and
// asks each how it is. A sign that never had anything of ours is only asked.
func (c *Channel) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := c.deps.Shelf.Changed(Kind)
		next := c.round(ctx)
		timer := time.NewTimer(max(next.Sub(c.deps.Now()), 10*time.Millisecond))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// round goes to all signs, at once so that a silent one delays none, and
// returns when the next is due.
func (c *Channel) round(ctx context.Context) time.Time {
	next := c.deps.Now().Add(again)
	var mu sync.Mutex
	var signs sync.WaitGroup
	for id := range c.cfg.Signs {
		signs.Go(func() {
			until, err := c.refresh(ctx, id)
			if err == nil {
				mu.Lock()
				next = minTime(next, until)
				mu.Unlock()
			}
			if err = errors.Join(err, c.look(ctx, id)); err != nil && ctx.Err() == nil {
				c.deps.Logger.Warn("ntcip: sign", "authority", c.spec.Authority, "channel", c.spec.ID, "sign", id, "err", err)
			}
		})
	}
	signs.Wait()
	return next
}
