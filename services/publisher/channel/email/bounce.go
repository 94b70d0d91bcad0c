package email

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"net/textproto"
	"strings"

	"github.com/crieur/crieur/events/run"
)

// Bounces is how mails that come back are read. Without a return path they go
// to the From address, for people.
type Bounces struct {
	// ReturnPath receives them: bounces@pessac.example. Each subscriber has one
	// of their own (VERP), bounces+<token>@pessac.example.
	ReturnPath string     `yaml:"return_path"`
	Secret     run.Secret `yaml:"secret"` // any text of ours, 16 characters or more
	SecretFile string     `yaml:"secret_file"`
	// POP3 is the mailbox where they arrive. Without it the mail server posts
	// each to Channel.BounceURL.
	POP3 POP3 `yaml:"pop3"`

	local, domain string
}

const minSecret = 16

func (b *Bounces) load() error {
	if b.ReturnPath == "" {
		if b.POP3.Address != "" {
			return errors.New("return_path: required")
		}
		return nil
	}
	address, err := netmail.ParseAddress(b.ReturnPath)
	if err != nil || address.Name != "" {
		return errors.New("return_path: must be an address, as bounces@mairie.example")
	}
	b.local, b.domain, _ = strings.Cut(address.Address, "@")
	if b.Secret, err = run.LoadSecret("secret", b.Secret, b.SecretFile); err != nil {
		return err
	}
	if len(b.Secret.Reveal()) < minSecret {
		return fmt.Errorf("secret: %d characters or more are required", minSecret)
	}
	if err := b.POP3.load(); err != nil {
		return fmt.Errorf("pop3: %w", err)
	}
	return nil
}

// returnPath is the envelope's sender for a subscriber. Its mark keeps others
// from saying that somebody's address is dead: only their own mail shows it.
func (c Config) returnPath(subscriber string) string {
	b := c.Bounces
	if b.local == "" || subscriber == "" {
		return c.from.Address
	}
	return b.local + "+" + subscriber + "-" + b.mark(subscriber) + "@" + b.domain
}

// markChars of base32 are 50 bits.
const markChars = 10

func (b Bounces) mark(subscriber string) string {
	mac := hmac.New(sha256.New, []byte(b.Secret.Reveal()))
	mac.Write([]byte("crieur bounce " + subscriber))
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)))[:markChars]
}

// subscriber reads a return path; empty when it is not one of ours.
func (b Bounces) subscriber(address string) string {
	local, domain, _ := strings.Cut(strings.Trim(strings.TrimSpace(address), "<>"), "@")
	if !strings.EqualFold(domain, b.domain) {
		return ""
	}
	// Some servers change capitals.
	token, ok := strings.CutPrefix(strings.ToLower(local), strings.ToLower(b.local)+"+")
	dash := strings.LastIndexByte(token, '-')
	if !ok || dash < 1 || !hmac.Equal([]byte(token[dash+1:]), []byte(b.mark(token[:dash]))) {
		return ""
	}
	return token[:dash]
}

// report is what a mail that came back says.
type report struct {
	subscriber string // whose return path it came to; empty: not one of ours
	messageID  string // of the mail that bounced; empty: not said
	action     string // failed, delayed, delivered, relayed, expanded (RFC 3464, 2.3.3)
	status     string // RFC 3463: 5.1.1
	complaint  bool   // somebody called it unwanted (RFC 5965)
}

// hard tells that the address will never work.
func (r report) hard() bool { return r.action == "failed" && isDead(0, r.status) }

// maxParts of a report are read.
const maxParts = 16

var errNoReport = errors.New("email: not a report of delivery")

// readReport reads a delivery status notification (RFC 3464, RFC 6533) or a
// complaint (RFC 5965).
func (b Bounces) readReport(message []byte) (report, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return report{}, errNoReport
	}
	var r report
	for _, name := range []string{"To", "Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, line := range m.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			list, err := netmail.ParseAddressList(line)
			if err != nil {
				list = []*netmail.Address{{Address: line}}
			}
			for _, a := range list {
				if s := b.subscriber(a.Address); s != "" {
					r.subscriber = s
				}
			}
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["boundary"] == "" {
		return r, errNoReport
	}
	found := false
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			break // what was read counts, however it ends
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		switch kind {
		case "message/delivery-status", "message/global-delivery-status":
			found = r.readStatus(part) || found
		case "message/feedback-report":
			r.complaint, found = true, true
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			r.readOriginal(b, part)
		}
	}
	if !found {
		return r, errNoReport
	}
	return r, nil
}

// readStatus reads the fields of the message and of its one recipient: a mail
// of ours has no other.
func (r *report) readStatus(body io.Reader) bool {
	in := textproto.NewReader(bufio.NewReader(body))
	for range maxParts {
		fields, err := in.ReadMIMEHeader()
		if action := fields.Get("Action"); action != "" {
			r.action = strings.ToLower(strings.TrimSpace(action))
			r.status, _, _ = strings.Cut(strings.TrimSpace(fields.Get("Status")), " ")
			return isEnhanced(r.status)
		}
		if err != nil {
			return false
		}
	}
	return false
}

func (r *report) readOriginal(b Bounces, body io.Reader) {
	fields, _ := textproto.NewReader(bufio.NewReader(body)).ReadMIMEHeader() // a cut one has what it has
	if fields == nil {
		return
	}
	r.messageID = strings.Trim(strings.TrimSpace(fields.Get("Message-Id")), "<>")
	if r.subscriber == "" { // a complaint goes elsewhere, and quotes the mail
		r.subscriber = b.subscriber(fields.Get("Return-Path"))
	}
}
