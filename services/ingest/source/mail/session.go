package mail

import (
	"context"
	"errors"
	"io"
	"log"
	"slices"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"

	"github.com/crieur/crieur/events"
)

const (
	commandTimeout = 30 * time.Second
	// A server forgets who is silent for half an hour (RFC 2177); a line on which
	// nothing came of the renewal is broken.
	idleRenewed = 20 * time.Minute
	idleTimeout = idleRenewed + time.Minute
	// maxMails bounds those read at one turn, the oldest first.
	maxMails     = 50
	maxMailBytes = 10 << 20
)

// session is a mailbox opened read-only. Its errors never quote the server, which
// may repeat an address.
type session struct {
	c    *client.Client
	stop func() bool
	more chan struct{}   // the server said that mails came
	ctx  context.Context //nolint:containedctx // it lives as long as one call of Fetch or Watch
}

// open signs in and opens the mailbox.
func (m *Mailbox) open(ctx context.Context) (*session, error) {
	signIn, err := m.signIn(ctx)
	if err != nil {
		return nil, err
	}
	if m.deps.DialTLS == nil {
		return nil, events.Permanentf(events.ReasonUnsupported, "mail: no mail server can be reached from here")
	}
	conn, err := m.deps.DialTLS(ctx, m.address)
	if err != nil {
		return nil, err
	}
	s := &session{ctx: ctx, more: make(chan struct{}, 1)}
	s.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return nil, s.fail(events.ReasonConnection, "connection")
	}
	if s.c, err = client.New(conn); err != nil {
		s.stop()
		_ = conn.Close()
		return nil, s.fail(events.ReasonConnection, "no greeting of a mail server")
	}
	_ = conn.SetDeadline(time.Time{}) // from here on by command
	s.c.Timeout = commandTimeout
	s.c.ErrorLog = log.New(io.Discard, "", 0)
	news := make(chan client.Update)
	s.c.Updates = news
	go s.listen(news)
	if err := signIn(s.c); err != nil {
		m.grant.forget()
		s.close()
		return nil, s.fail(events.ReasonUnauthorized, "user, password or token refused")
	}
	if _, err := s.c.Select(m.cfg.Mailbox, true); err != nil {
		s.close()
		return nil, s.fail(events.ReasonNotFound, "mailbox cannot be opened")
	}
	return s, nil
}

// signIn finds what to sign in with, before any server is asked.
func (m *Mailbox) signIn(ctx context.Context) (func(c *client.Client) error, error) {
	if m.cfg.Password == "" {
		token, err := m.grant.get(ctx, m.deps, m.cfg.OAuth)
		if err != nil {
			return nil, err
		}
		return func(c *client.Client) error { return c.Authenticate(xoauth2{m.cfg.User, token}) }, nil
	}
	password, err := m.deps.Secret(m.cfg.Password)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "mail: password: %w", err)
	}
	return func(c *client.Client) error { return c.Login(m.cfg.User, password) }, nil
}

func (s *session) fail(reason events.Reason, what string) error {
	if err := s.ctx.Err(); err != nil {
		return events.Transient(events.ReasonConnection, err, 0)
	}
	return events.Transient(reason, errors.New("mail: "+what), 0)
}

func (s *session) close() {
	s.stop()
	_ = s.c.Terminate() // nothing was written: no farewell is needed
	<-s.c.LoggedOut()
}

// listen hears what the server says unasked, until the line ends: the client reads
// no answer while it has news that no one takes.
func (s *session) listen(news <-chan client.Update) {
	for {
		select {
		case update := <-news:
			if _, more := update.(*client.MailboxUpdate); more {
				select {
				case s.more <- struct{}{}:
				default:
				}
			}
		case <-s.c.LoggedOut():
			return
		}
	}
}

func (s *session) validity() uint32 {
	if box := s.c.Mailbox(); box != nil {
		return box.UidValidity
	}
	return 0
}

// after lists the mails after a UID that came since a time, a few, oldest first.
func (s *session) after(uid uint32, since time.Time) ([]uint32, error) {
	criteria := imap.NewSearchCriteria()
	if uid > 0 {
		criteria.Uid = new(imap.SeqSet)
		criteria.Uid.AddRange(uid+1, 0)
	} else {
		criteria.Since = since
	}
	list, err := s.c.UidSearch(criteria)
	if err != nil {
		return nil, s.fail(events.ReasonUnavailable, "search failed")
	}
	// n:* names the last mail even where its UID is below n (RFC 3501 §6.4.8).
	list = slices.DeleteFunc(list, func(n uint32) bool { return n <= uid })
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxMails)], nil
}

// body reads a mail without marking it as read: nil where it is too large, and
// no size where it is gone.
func (s *session) body(uid uint32) (body []byte, size uint32, _ error) {
	msg, err := s.one(uid, imap.FetchRFC822Size)
	if err != nil || msg == nil {
		return nil, 0, err
	}
	if size = max(msg.Size, 1); size > maxMailBytes {
		return nil, size, nil
	}
	section := &imap.BodySectionName{Peek: true}
	if msg, err = s.one(uid, section.FetchItem()); err != nil || msg == nil {
		return nil, 0, err
	}
	literal := msg.GetBody(section)
	if literal == nil {
		return nil, 0, nil
	}
	body, err = io.ReadAll(io.LimitReader(literal, maxMailBytes))
	if err != nil {
		return nil, 0, s.fail(events.ReasonConnection, "mail was cut")
	}
	return body, size, nil
}

func (s *session) one(uid uint32, item imap.FetchItem) (*imap.Message, error) {
	set := new(imap.SeqSet)
	set.AddNum(uid)
	found := make(chan *imap.Message, 8)
	done := make(chan error, 1)
	go func() { done <- s.c.UidFetch(set, []imap.FetchItem{imap.FetchUid, item}, found) }()
	var msg *imap.Message
	for m := range found { // servers add news of other mails
		if m.Uid == uid {
			msg = m
		}
	}
	if err := <-done; err != nil {
		return nil, s.fail(events.ReasonConnection, "mail cannot be fetched")
	}
	return msg, nil
}

// Watch implements source.Watcher: the server tells of new mails (IDLE), or is
// asked each minute where it cannot.
func (m *Mailbox) Watch(ctx context.Context, changed func()) error {
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	s.c.Timeout = idleTimeout
	ended := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		ended <- s.c.Idle(stop, &client.IdleOptions{LogoutTimeout: idleRenewed, PollInterval: time.Minute})
	}()
	changed() // what came since the last poll, while no one listened
	for {
		select {
		case <-s.more:
			changed()
		case err := <-ended:
			close(stop)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			return s.fail(events.ReasonConnection, "line broken")
		}
	}
}
