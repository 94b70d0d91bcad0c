package ntcip

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/panel"
)

// again is how long a sign that failed is left alone.
const again = time.Minute

// display is the text of a sign now, empty when it has nothing to show, and
// until when that is right.
func (c *Channel) display(id string, now time.Time) (multi string, until time.Time, err error) {
	until = now.Add(24 * time.Hour)
	var on []events.Delivery
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
			return "", until, err
		}
		pages = append(pages, body.Pages...)
	}
	if len(pages) == 0 {
		return "", until, nil
	}
	multi, err = Multi(pages, c.cfg.Signs[id].Profile)
	if err != nil {
		return "", until, events.Permanent(events.ReasonInvalidContent, err)
	}
	return multi, until, nil
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
	multi, until, err := c.display(id, now)
	if err != nil {
		return until, err
	}
	want := ""
	if multi != "" {
		want = until.UTC().Format(time.RFC3339) + " " + multi
	}
	if st.shown == want {
		return until, nil
	}
	st.shown = unknownText
	if err := c.put(ctx, *s, multi, until.Sub(now)); err != nil {
		return until, err
	}
	st.shown = want
	return until, nil
}

// put shows a text for a time, or blanks the sign.
func (c *Channel) put(ctx context.Context, s Sign, multi string, lasts time.Duration) error {
	d, err := open(ctx, s, c.cfg.Timeout)
	if err != nil {
		return err
	}
	defer d.close()
	if multi == "" {
		crc, err := d.number("dmsMessageCRC", column(colCRC, blank, 1))
		if err != nil {
			return err
		}
		return d.show(blank, 1, crc, maxMinutes, s.Priority)
	}
	crc, err := d.write(multi, s)
	if err != nil {
		return err
	}
	minutes := int((lasts + time.Minute - 1) / time.Minute)
	return d.show(changeable, s.Message, crc, minutes, s.Priority)
}

// Run implements channel.Runner: it changes signs when something on them
// begins or expires, and writes again those that failed. A sign that never had
// anything of ours is left alone.
func (c *Channel) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := c.deps.Shelf.Changed(Kind)
		next := c.deps.Now().Add(again)
		for id := range c.cfg.Signs {
			until, err := c.refresh(ctx, id)
			if err != nil {
				c.deps.Logger.Warn("ntcip: sign not written", "authority", c.spec.Authority, "channel", c.spec.ID, "sign", id, "err", err)
				continue
			}
			next = minTime(next, until)
		}
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
