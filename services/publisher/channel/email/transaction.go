package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// step is where in a transaction something happened (RFC 5321, 3.3).
type step string

const (
	stepMail step = "MAIL FROM"
	stepRcpt step = "RCPT TO"
	stepData step = "DATA"
	stepEnd  step = "the end of the message"
)

// sendOne sends one message; broken tells that the connection is of no more
// use.
func (c *Channel) sendOne(ctx context.Context, s *session, d events.Delivery, body Body, to call.Contact) (broken bool, err error) {
	message, err := c.message(d, body, to)
	if err != nil {
		return false, err
	}
	unlink := context.AfterFunc(ctx, s.cut)
	defer unlink()
	at, err := c.transaction(s, c.cfg.returnPath(to.Subscriber), to.Address.Reveal(), message)
	if err == nil {
		return false, nil
	}
	code, enhanced := reply(err)
	if broken = code == 0 || code == 421; !broken && at != stepEnd {
		broken = s.smtp.Reset() != nil
	}
	if at == stepRcpt && isDead(code, enhanced) {
		c.dead(ctx, to.Subscriber, enhanced)
	}
	return broken, verdict(at, code, enhanced)
}

// transaction hands over one message, and tells where it failed. Nobody waits
// for a server longer than the settings say.
func (c *Channel) transaction(s *session, from, to string, message []byte) (step, error) {
	if err := s.smtp.UpdateDeadline(c.cfg.Timeout); err != nil {
		return stepMail, err
	}
	if err := s.smtp.Mail("<" + from + ">"); err != nil {
		return stepMail, err
	}
	if err := s.smtp.Rcpt("<" + to + ">"); err != nil {
		return stepRcpt, err
	}
	w, err := s.smtp.Data()
	if err != nil {
		return stepData, err
	}
	if _, err := io.Copy(w, bytes.NewReader(message)); err != nil {
		return stepData, err
	}
	// Counted from here, since a large message may have taken long.
	if err := s.smtp.UpdateDeadline(c.cfg.Timeout); err != nil {
		return stepEnd, err
	}
	return stepEnd, w.Close()
}

// reply reads the code of a server's answer and its enhanced one (RFC 3463);
// 0 when it did not answer.
func reply(err error) (code int, enhanced string) {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return 0, ""
	}
	first, _, _ := strings.Cut(said.Msg, " ")
	if isEnhanced(first) {
		enhanced = first
	}
	return said.Code, enhanced
}

func isEnhanced(s string) bool {
	var class, subject, detail int
	n, err := fmt.Sscanf(s, "%1d.%3d.%3d", &class, &subject, &detail)
	return n == 3 && err == nil && (class == 2 || class == 4 || class == 5) && strings.Trim(s, "0123456789.") == ""
}

// isDead tells that there will never be anybody at the address: the
// addressing statuses, but those about the sender (RFC 3463, 3.2), and a null
// MX (RFC 7505).
func isDead(code int, enhanced string) bool {
	if code != 0 && code/100 != 5 {
		return false
	}
	switch enhanced {
	case "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1":
		return true
	}
	return false
}

// verdict is the meaning of an SMTP reply (RFC 5321, 4.2; RFC 3463). The
// reply's text may quote the address, so that only the codes are kept.
func verdict(at step, code int, enhanced string) error {
	err := fmt.Errorf("email: the server answers %d %s at %s", code, enhanced, at)
	switch {
	case code == 0 && at == stepEnd:
		return events.Transient(events.ReasonAmbiguous, errors.New("email: no answer after the message"), 0)
	case code == 0:
		return events.Transient(events.ReasonConnection, errors.New("email: connection lost at "+string(at)), 0)
	case code == 421, isOurServers(code, enhanced):
		return events.Transient(events.ReasonUnavailable, err, 0)
	case code/100 == 4:
		return events.Transient(events.ReasonRateLimited, err, 0)
	case code == 535 || code == 530:
		return events.Transient(events.ReasonUnauthorized, err, time.Minute)
	case code == 552 || strings.HasPrefix(enhanced, "5.3.4"):
		return events.Permanent(events.ReasonTooLarge, err)
	case at == stepRcpt && !strings.HasPrefix(enhanced, "5.7."):
		return events.Permanent(events.ReasonBadRecipient, err)
	}
	return events.Permanent(events.ReasonRejected, err)
}

// isOurServers tells that our own server is in trouble (its disk, its queue, its
// network), rather than that it asks for patience with one recipient: a mailbox
// that is full, a sender that is not known yet.
func isOurServers(code int, enhanced string) bool {
	if enhanced == "" {
		return code == 451 || code == 452
	}
	return strings.HasPrefix(enhanced, "4.3.") || strings.HasPrefix(enhanced, "4.4.")
}

// dead tells audience that nobody is at a subscriber's address.
func (c *Channel) dead(ctx context.Context, subscriber, status string) {
	if c.deps.OptOut == nil || subscriber == "" {
		return
	}
	_, err := c.deps.OptOut(ctx, call.OptOutRequest{
		Authority: c.spec.Authority, Kind: Kind, Subscriber: subscriber, Reason: events.ReasonBadRecipient,
		Evidence: "SMTP " + status, At: c.deps.Now(),
	})
	if err != nil && ctx.Err() == nil {
		c.deps.Logger.Warn("email: dead address is not taken off", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
	}
}

var _ channel.Batch = (*Channel)(nil)
