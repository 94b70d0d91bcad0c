package ntcip

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// faultOf names a bit of shortErrorStatus (NTCIP 1203, 5.11.2.1.1); empty: it
// says nothing of the sign.
func faultOf(bit int) string {
	return [...]string{
		1: "communications", 2: "power", 3: "attached-device", 4: "lamp", 5: "pixel", 6: "photocell", 7: "message",
		8: "controller", 9: "temperature", 10: "climate", 11: "temperature-critical", 12: "rotor", 13: "door-open", 14: "humidity",
	}[bit]
}

const lastFault = 14

// faults reads what the sign says is broken. A sign that has not the object
// says nothing.
func (d *dialog) faults() ([]string, error) {
	status, err := d.number("shortErrorStatus", shortError)
	if r := (*refused)(nil); errors.As(err, &r) && r.status == gosnmp.NoSuchName {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for bit := 1; bit <= lastFault; bit++ {
		if status&(1<<bit) != 0 {
			list = append(list, faultOf(bit))
		}
	}
	return list, nil
}

// look asks a sign how it is and what it shows, keeps it, and tells what is
// seen to be displayed. A sign that shows something else than it was given,
// after a power cut or when its controller lost us for too long, is to be
// written again. A silent one is not heard, which is how it is found.
func (c *Channel) look(ctx context.Context, id string) error {
	st := c.state[id]
	st.mu.Lock()
	defer st.mu.Unlock()
	multi, on, _, err := c.display(id, c.deps.Now())
	if err != nil {
		return err
	}
	d, err := open(ctx, *c.cfg.Signs[id], c.cfg.Timeout)
	if err != nil {
		return err
	}
	defer d.close()
	shows, err := d.shows()
	if err != nil {
		return err
	}
	faults, err := d.faults()
	if err != nil {
		return err
	}
	wrong := multi != "" && (!strings.HasSuffix(st.shown, " "+multi) || !bytes.Equal(shows, st.active))
	if wrong {
		st.shown, on = unknownText, nil
	}
	if err := c.keep(ctx, st, id, multi, wrong, on, faults); err != nil {
		return err
	}
	return c.prove(ctx, st, id, on)
}

// keep writes a sign's health.
func (c *Channel) keep(ctx context.Context, st *state, id, multi string, wrong bool, on []events.Delivery, faults []string) error {
	if c.deps.SignHealth == nil {
		return nil
	}
	keeper := c.deps.SignHealth()
	if keeper == nil {
		return nil
	}
	now := c.deps.Now().UTC()
	sum := sha256.Sum256([]byte(multi))
	h := registry.SignHealth{
		Authority: c.spec.Authority, Sign: id, Channel: c.spec.ID, LastHeard: now, EverySeconds: int(again / time.Second),
		Shows: hex.EncodeToString(sum[:16]), ShowsSince: st.health.ShowsSince, Wrong: wrong, Faults: faults,
	}
	if wrong {
		h.Shows = ""
	}
	if h.ShowsSince.IsZero() || h.Shows != st.health.Shows {
		h.ShowsSince = now
	}
	for _, d := range on {
		h.Publications = append(h.Publications, d.Publication)
	}
	if _, err := keeper.Put(ctx, h); err != nil {
		return err
	}
	st.health = h
	return nil
}

// prove tells once of each delivery that it is displayed.
func (c *Channel) prove(ctx context.Context, st *state, id string, on []events.Delivery) error {
	proven := map[string]bool{}
	for _, d := range on {
		if !st.proven[d.ID] && c.deps.Receipts != nil {
			to := []events.Recipient{{ID: id, Status: events.StatusDisplayed, At: c.deps.Now().UTC(), Units: 1}}
			if err := c.deps.Receipts.Shown(ctx, d, "displayed", to); err != nil {
				return err
			}
		}
		proven[d.ID] = true
	}
	st.proven = proven
	return nil
}
