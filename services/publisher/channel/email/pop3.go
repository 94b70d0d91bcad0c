package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/run"
)

// POP3 is a mailbox read by RFC 1939.
type POP3 struct {
	Address      string        `yaml:"address"` // host:port; empty: none
	TLS          string        `yaml:"tls"`     // implicit (default) or none
	Username     string        `yaml:"username"`
	Password     run.Secret    `yaml:"password"`
	PasswordFile string        `yaml:"password_file"`
	Every        time.Duration `yaml:"every"` // 10s or more; default 2m
}

const (
	pop3Timeout    = 30 * time.Second
	maxReportBytes = 1 << 20
	maxReports     = 500 // read at a time
)

func (p *POP3) load() error {
	if p.Address == "" {
		return nil
	}
	if p.TLS == "" {
		p.TLS = "implicit"
	}
	if p.Every == 0 {
		p.Every = 2 * time.Minute
	}
	host, _, err := net.SplitHostPort(p.Address)
	switch {
	case err != nil:
		return fmt.Errorf("address: %q is not host:port", p.Address)
	case p.TLS != "implicit" && p.TLS != "none":
		return fmt.Errorf("tls: %q is not implicit or none", p.TLS)
	case p.TLS == "none" && !loopback(host):
		return errors.New("tls: a password is never sent in clear to another machine")
	case p.Username == "":
		return errors.New("username: required")
	case p.Every < 10*time.Second:
		return errors.New("every: at least 10s")
	}
	if p.Password, err = run.LoadSecret("password", p.Password, p.PasswordFile); err != nil {
		return err
	}
	return nil
}

// read passes each mail of the mailbox to take, and deletes those that it
// took. One that cannot be read whole is left.
func (p POP3) read(ctx context.Context, take func(context.Context, []byte) error) error {
	conn, err := p.dial(ctx)
	if err != nil {
		return fmt.Errorf("email: pop3: connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // QUIT has ended it
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if err := conn.SetDeadline(time.Now().Add(pop3Timeout)); err != nil {
		return err
	}
	box := &mailbox{textproto.NewConn(conn)}
	if _, err := box.answer(); err != nil {
		return err
	}
	for _, line := range []string{"USER " + p.Username, "PASS " + p.Password.Reveal()} {
		if _, err := box.ask(line); err != nil {
			return errors.New("email: pop3: the mailbox refuses our credentials")
		}
	}
	stat, err := box.ask("STAT")
	if err != nil {
		return err
	}
	count, _, _ := strings.Cut(stat, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return errors.New("email: pop3: STAT cannot be read")
	}
	for i := 1; i <= min(n, maxReports); i++ {
		if err := conn.SetDeadline(time.Now().Add(pop3Timeout)); err != nil {
			return err
		}
		message, err := box.retrieve(i)
		if err != nil {
			return err
		}
		if err := take(ctx, message); err != nil {
			return errors.Join(err, box.quit())
		}
		if _, err := box.ask("DELE " + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return box.quit()
}

func (p POP3) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: pop3Timeout}
	if p.TLS == "none" {
		return dialer.DialContext(ctx, "tcp", p.Address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", p.Address)
}

// mailbox is a session.
type mailbox struct{ *textproto.Conn }

func (b *mailbox) answer() (string, error) {
	line, err := b.ReadLine()
	if err != nil {
		return "", fmt.Errorf("email: pop3: %w", err)
	}
	rest, ok := strings.CutPrefix(line, "+OK")
	if !ok {
		return "", errors.New("email: pop3: the server refuses")
	}
	return strings.TrimSpace(rest), nil
}

func (b *mailbox) ask(line string) (string, error) {
	if strings.ContainsAny(line, "\r\n") {
		return "", errors.New("email: pop3: a line break in a setting")
	}
	if err := b.PrintfLine("%s", line); err != nil {
		return "", fmt.Errorf("email: pop3: %w", err)
	}
	return b.answer()
}

// retrieve reads a mail; only its first MiB is kept.
func (b *mailbox) retrieve(i int) ([]byte, error) {
	if _, err := b.ask("RETR " + strconv.Itoa(i)); err != nil {
		return nil, err
	}
	dot := b.DotReader()
	message, err := io.ReadAll(io.LimitReader(dot, maxReportBytes))
	if err == nil {
		_, err = io.Copy(io.Discard, dot)
	}
	if err != nil {
		return nil, fmt.Errorf("email: pop3: %w", err)
	}
	return message, nil
}

func (b *mailbox) quit() error {
	_, err := b.ask("QUIT")
	return err
}
