package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// session is one connection to the server. The client keeps a lock while it
// waits for a reply, so that only the connection itself can be cut.
type session struct {
	smtp *smtp.Client
	conn net.Conn
	used time.Time
}

const (
	// idleTime is how long a connection is kept: servers close them after some
	// minutes (RFC 5321, 4.5.3.2.7 asks for five).
	idleTime = time.Minute
	// quitTime is how long a server may take to say goodbye.
	quitTime = time.Second
)

// dial opens a session. The end of ctx cuts it at whatever step it is.
func (c *Channel) dial(ctx context.Context) (*session, error) {
	s, unlink := &session{}, func() bool { return true }
	client, err := c.cfg.client(func(dialling context.Context, network, address string) (net.Conn, error) {
		var d interface {
			DialContext(ctx context.Context, network, address string) (net.Conn, error)
		} = &net.Dialer{}
		if c.cfg.TLS == tlsImplicit {
			d = &tls.Dialer{Config: &tls.Config{ServerName: c.cfg.host, MinVersion: mail.DefaultTLSMinVersion}}
		}
		conn, err := d.DialContext(dialling, network, address)
		if err != nil {
			return nil, err
		}
		s.conn, unlink = conn, context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	})
	if err != nil {
		return nil, err
	}
	s.smtp, err = client.DialToSMTPClientWithContext(ctx)
	if !unlink() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.cut()
		return nil, err
	}
	return s, nil
}

// cut ends a session whose state is unknown.
func (s *session) cut() {
	if s.conn != nil {
		_ = s.conn.Close() // it may be closed already
	}
}

// quit ends a session politely.
func (s *session) quit() {
	if s.smtp.UpdateDeadline(quitTime) == nil {
		_ = s.smtp.Quit() // the server may have closed it
	}
	s.cut()
}

// alive asks the server of a session that was idle.
func (s *session) alive(ctx context.Context) bool {
	unlink := context.AfterFunc(ctx, s.cut)
	defer unlink()
	return s.smtp.UpdateDeadline(quitTime) == nil && s.smtp.Noop() == nil
}

// connect takes an idle connection, or dials.
func (c *Channel) connect(ctx context.Context) (*session, error) {
	for s := c.takeIdle(); s != nil; s = c.takeIdle() {
		if s.alive(ctx) {
			return s, nil
		}
		s.cut()
	}
	s, err := c.dial(ctx)
	if err != nil {
		var said *textproto.Error
		if errors.As(err, &said) && (said.Code == 530 || said.Code == 534 || said.Code == 535) {
			return nil, events.Transient(events.ReasonUnauthorized, errors.New("email: the server refuses our credentials"), time.Minute)
		}
		return nil, channel.FromNetwork(fmt.Errorf("email: connect: %w", err), false)
	}
	return s, nil
}

func (c *Channel) takeIdle() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	s := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return s
}

func (c *Channel) giveBack(s *session) {
	if s == nil {
		return
	}
	s.used = time.Now()
	c.mu.Lock()
	c.idle = append(c.idle, s)
	c.mu.Unlock()
}

// closeIdle closes the connections that were last used before a time; all of
// them when it is zero.
func (c *Channel) closeIdle(before time.Time) {
	c.mu.Lock()
	var kept, old []*session
	for _, s := range c.idle {
		if before.IsZero() || s.used.Before(before) {
			old = append(old, s)
		} else {
			kept = append(kept, s)
		}
	}
	c.idle = kept
	c.mu.Unlock()
	var closing sync.WaitGroup
	for _, s := range old {
		closing.Go(s.quit)
	}
	closing.Wait()
}
