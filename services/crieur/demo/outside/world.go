package outside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// World is the outside, listening on loopback.
type World struct {
	Inbox *Inbox

	sms, mail, web net.Listener
	push           *devices
}

// Ports are fixed, so that the configuration of a demonstration stays the same
// over restarts.
type Ports struct{ SMPP, SMTP, HTTP int }

// Listen opens the three listeners, and the inbox that a file keeps. An error
// names the port that is taken, or the file.
func Listen(p Ports, inbox string) (*World, error) {
	kept, err := openInbox(inbox)
	if err != nil {
		return nil, err
	}
	w := &World{Inbox: kept}
	w.push = &devices{inbox: w.Inbox, list: map[string]Device{}}
	for _, open := range []struct {
		name string
		port int
		l    *net.Listener
	}{{"SMSC", p.SMPP, &w.sms}, {"SMTP", p.SMTP, &w.mail}, {"social", p.HTTP, &w.web}} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", open.port))
		if err != nil {
			w.Close()
			return nil, fmt.Errorf("outside: %s: %w", open.name, err)
		}
		*open.l = l
	}
	return w, nil
}

// SMPP is the SMSC's host:port, SMTP the mail server's, and Web the base
// address of the social endpoints: Web+"/api/v1" is Mastodon's, Web+"/slack/"
// Slack's, Web+"/push/" the push service's.
func (w *World) SMPP() string { return w.sms.Addr().String() }

// SMTP returns the mail server's host:port.
func (w *World) SMTP() string { return w.mail.Addr().String() }

// Web returns the base address of the social endpoints.
func (w *World) Web() string { return "http://" + w.web.Addr().String() }

// Close closes what Listen opened. Run does it too.
func (w *World) Close() {
	for _, l := range []net.Listener{w.sms, w.mail, w.web} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// Run serves until ctx ends, and then keeps what was received.
func (w *World) Run(ctx context.Context) error {
	defer w.Close()
	g, ctx := errgroup.WithContext(ctx)
	changed := w.Inbox.Changed()
	g.Go(func() error {
		w.Inbox.keep(ctx, changed)
		return nil
	})
	g.Go(func() error { return (&smsc{inbox: w.Inbox}).serve(ctx, w.sms) })
	g.Go(func() error { return mailbox{w.Inbox}.serve(ctx, w.mail) })
	g.Go(func() error {
		srv := &http.Server{Handler: (&social{inbox: w.Inbox, base: w.Web(), next: w.Inbox.last(), done: map[string]string{}, push: w.push}).routes(), ReadHeaderTimeout: 5 * time.Second}
		stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
		defer stop()
		if err := srv.Serve(w.web); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("outside: http: %w", err)
		}
		return nil
	})
	return errors.Join(g.Wait(), w.Inbox.save())
}
