package sms

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
	"github.com/crieur/crieur/services/publisher/gsm"
)

// incoming takes what the SMSC delivers.
func (c *Channel) incoming(d smpp.Delivery, done func(smpp.Status)) {
	if d.Receipt {
		c.receipt(d, done)
		return
	}
	if !IsStop(textOf(d)) {
		done(smpp.StatusOK) // not for us: nobody reads it
		return
	}
	select {
	case c.stops <- struct{}{}:
	default:
		done(smpp.StatusTryLater)
		return
	}
	go func() {
		defer func() { <-c.stops }()
		done(c.optOut(d.From))
	}()
}

// optOutTimeout bounds one question to audience.
const optOutTimeout = 10 * time.Second

func (c *Channel) optOut(from string) smpp.Status {
	ctx, cancel := context.WithTimeout(context.Background(), optOutTimeout)
	defer cancel()
	_, err := c.deps.OptOut(ctx, Stop(c.spec.Authority, from, c.deps.Now()))
	if err != nil {
		c.deps.Logger.Error("sms: opt-out not stored; the SMSC will repeat it", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
		return smpp.StatusTryLater
	}
	return smpp.StatusOK
}

func textOf(d smpp.Delivery) string {
	m := d.Message
	if d.UDH && len(m) > 0 && int(m[0])+1 <= len(m) {
		m = m[int(m[0])+1:]
	}
	if d.DataCoding&0x0C == 0x08 {
		return gsm.DecodeUCS2(m)
	}
	if d.DataCoding == 3 { // Latin-1
		r := make([]rune, len(m))
		for i, b := range m {
			r[i] = rune(b)
		}
		return string(r)
	}
	return gsm.DecodeSeptets(m)
}

// receipt reports a delivery receipt and acknowledges it once it is stored.
func (c *Channel) receipt(d smpp.Delivery, done func(smpp.Status)) {
	said, ok := parseReceipt(d, c.deps.Now())
	if !ok {
		done(smpp.StatusOK) // an intermediate state, or not one we can read
		return
	}
	c.deps.Receipts.Later(c.spec.Authority, c.spec.ID, said, func(err error) {
		if err != nil && events.OutcomeOf(err).Kind == events.TransientFailure {
			done(smpp.StatusTryLater)
			return
		}
		done(smpp.StatusOK)
	})
}

// parseReceipt reads the parameters, then the text (SMPP 3.4, appendix B):
// "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…".
func parseReceipt(d smpp.Delivery, now time.Time) (channel.Later, bool) {
	text := string(d.Message)
	said := channel.Later{Remote: d.MessageID, At: now}
	if said.Remote == "" {
		said.Remote = field(text, "id:")
	}
	if said.Remote == "" {
		return said, false
	}
	said.Or = otherWritings(said.Remote)
	if id := field(text, "id:"); id != "" && id != said.Remote {
		said.Or = append(append(said.Or, id), otherWritings(id)...)
	}
	var ok bool
	if said.Status, said.Reason, ok = meaning(d.State, field(text, "stat:")); !ok {
		return said, false
	}
	return said, true
}

func field(text, name string) string {
	at := strings.Index(text, name)
	if at < 0 {
		return ""
	}
	v, _, _ := strings.Cut(text[at+len(name):], " ")
	return strings.TrimSpace(v)
}

// otherWritings of a message ID: SMSCs answer in hexadecimal and report in
// decimal, or the other way round, with or without leading zeros.
func otherWritings(id string) []string {
	var list []string
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		hex := strconv.FormatUint(n, 16)
		list = append(list, hex, strings.ToUpper(hex), strconv.FormatUint(n, 10))
	}
	if n, err := strconv.ParseUint(id, 16, 64); err == nil {
		list = append(list, strconv.FormatUint(n, 10))
	}
	return list
}

// meaning of message_state (SMPP 3.4, 5.2.28), or of stat: when there is none.
func meaning(state byte, stat string) (events.ReceiptStatus, events.Reason, bool) {
	if state == 0 {
		switch strings.ToUpper(stat) {
		case "DELIVRD":
			state = 2
		case "EXPIRED":
			state = 3
		case "DELETED":
			state = 4
		case "UNDELIV":
			state = 5
		case "UNKNOWN":
			state = 7
		case "REJECTD":
			state = 8
		}
	}
	switch state {
	case 2:
		return events.StatusDelivered, events.ReasonNone, true
	case 3:
		return events.StatusFailed, events.ReasonExpired, true
	case 4, 8:
		return events.StatusFailed, events.ReasonRejected, true
	case 5: // it may have been off
		return events.StatusFailed, events.ReasonUnavailable, true
	case 7:
		return events.StatusUnknown, events.ReasonAmbiguous, true
	}
	return "", "", false
}
