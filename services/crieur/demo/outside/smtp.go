package outside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// mailbox takes every mail.
type mailbox struct{ inbox *Inbox }

// maxMailBytes bounds one mail.
const maxMailBytes = 4 << 20

func (m mailbox) serve(ctx context.Context, l net.Listener) error {
	srv := smtp.NewServer(m)
	srv.Domain, srv.MaxMessageBytes, srv.MaxRecipients = "outside.invalid", maxMailBytes, 1000
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && ctx.Err() == nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("outside: smtp: %w", err)
	}
	return nil
}

// NewSession implements smtp.Backend.
func (m mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letter{inbox: m.inbox}, nil }

// letter is one SMTP session.
type letter struct {
	inbox *Inbox
	from  string
	to    []string
}

func (l *letter) Mail(from string, _ *smtp.MailOptions) error { l.from = from; return nil }
func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error   { l.to = append(l.to, to); return nil }
func (l *letter) Reset()                                      { l.from, l.to = "", nil }
func (l *letter) Logout() error                               { return nil }

// Data reads the mail: its subject, and its plain text.
func (l *letter) Data(r io.Reader) error {
	mr, err := mail.CreateReader(r)
	if err != nil {
		return fmt.Errorf("outside: mail: %w", err)
	}
	got := Received{Kind: "email", To: strings.Join(l.to, ", "), From: l.from}
	got.Title, err = mr.Header.Subject()
	if err != nil {
		got.Title = "[?]"
	}
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("outside: mail: %w", err)
		}
		h, inline := part.Header.(*mail.InlineHeader)
		if !inline {
			continue
		}
		if kind, _, err := h.ContentType(); err == nil && kind == "text/plain" && got.Text == "" {
			body, err := io.ReadAll(io.LimitReader(part.Body, maxMailBytes))
			if err != nil {
				return fmt.Errorf("outside: mail: %w", err)
			}
			got.Text = string(body)
		}
	}
	l.inbox.add(got)
	return nil
}
