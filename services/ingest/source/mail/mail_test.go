package mail

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	imap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-msgauth/dkim"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const password = "s3cret-of-the-mailbox"

// post is a mail server of others, with one mailbox.
type post struct {
	user    *imapmemserver.User
	client  *fetch.Client
	address string
	signer  crypto.Signer
	key     string // as published
	token   string // that opens the mailbox, "" where a password does
	now     time.Time
}

func newPost(t *testing.T) *post {
	t.Helper()
	return newPostOf(t, "")
}

// newPostOf is opened by a token, or by the password when there is none.
func newPostOf(t *testing.T, token string) *post {
	t.Helper()
	p := &post{token: token, user: imapmemserver.NewUser("infos@mairie.example", password), now: time.Now().UTC()}
	if err := p.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	memory := imapmemserver.New()
	memory.AddUser(p.user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			if p.token != "" {
				return &tokenSession{memory.NewSession(), p}, nil, nil
			}
			return memory.NewSession(), nil, nil
		},
		Caps:   imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIdle: {}},
		Logger: log.New(io.Discard, "", 0),
	})
	listener := p.listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	p.keys(t)
	return p
}

// listen opens its door, and makes a client that trusts it.
func (p *post) listen(t *testing.T) net.Listener {
	t.Helper()
	pair := httptest.NewUnstartedServer(nil) // for its certificate
	pair.StartTLS()
	t.Cleanup(pair.Close)
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate())
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: pair.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	p.client, err = fetch.New(fetch.Config{RootCAs: roots, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.Close)
	return listener
}

// keys makes those it signs with.
func (p *post) keys(t *testing.T) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.signer, p.key = private, "v=DKIM1; k=ed25519; p="+base64.StdEncoding.EncodeToString(public)
}

// mail is one as a company writes it.
func mail(id, from, subject, text string) string {
	return strings.ReplaceAll(fmt.Sprintf("From: Alertes <%s>\nTo: infos@mairie.example\nSubject: %s\nMessage-ID: <%s>\nDate: Mon, 23 Nov 2026 08:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n%s\n--b\nContent-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--b--\n", from, subject, id, text), "\n", "\r\n")
}

// sign signs the fields named, all for none.
func (p *post) sign(t *testing.T, domain, text string, fields ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := dkim.Sign(&out, strings.NewReader(text), &dkim.SignOptions{Domain: domain, Selector: "s", Signer: p.signer, Hash: crypto.SHA256, HeaderKeys: fields}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (p *post) deliver(t *testing.T, text string) {
	t.Helper()
	if _, err := p.user.Append("INBOX", literal{strings.NewReader(text), int64(len(text))}, &imap.AppendOptions{Time: p.now}); err != nil {
		t.Fatal(err)
	}
}

type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

func (p *post) mailbox(t *testing.T, settings string) *Mailbox {
	t.Helper()
	signIn := "password: ${X}\n"
	if strings.Contains(settings, "oauth:") {
		signIn = ""
	}
	m, err := New(source.Deps{
		HTTP: p.client, Now: func() time.Time { return p.now }, DialTLS: p.client.DialTLS,
		Secret: func(string) (string, error) { return password, nil },
		LookupTXT: func(_ context.Context, name string) ([]string, error) {
			switch name {
			case "s._domainkey.eau.example":
				return []string{p.key}, nil
			case "s._domainkey.slow.example":
				return nil, &net.DNSError{IsTimeout: true, IsTemporary: true}
			}
			return nil, &net.DNSError{IsNotFound: true}
		},
	}, source.Spec{URL: "imaps://" + p.address, Settings: []byte("user: infos@mairie.example\n" + signIn + "senders: ['@eau.example', '@lettre.eau.example', '@slow.example']\n" + settings)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailsAreReadOnceAndVouchedFor(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(t, "")
	records, cur, err := m.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 0 {
		t.Fatalf("an empty mailbox: %+v, %v", records, err)
	}
	if _, _, err := m.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("an empty mailbox, again: %v", err)
	}
	p.deliver(t, p.sign(t, "eau.example", mail("1@eau", "alertes@eau.example", "=?utf-8?q?Coupure_d=27eau?=", "Coupure de 8 =E0 12 heures")))
	p.deliver(t, p.sign(t, "eau.example", mail("2@eau", "x@lettre.eau.example", "Lettre", "Bonjour")))
	p.deliver(t, mail("3@eau", "alertes@eau.example", "Sans signature", "x"))
	p.deliver(t, p.sign(t, "pirate.example", mail("4@eau", "alertes@eau.example", "Signature d'un autre", "x")))
	p.deliver(t, strings.Replace(p.sign(t, "eau.example", mail("5@eau", "alertes@eau.example", "Falsifié", "Tout va bien")), "bien", "mal.", 1))
	p.deliver(t, p.sign(t, "eau.example", mail("6@eau", "quelqu.un@ailleurs.example", "Autre", "x")))
	p.deliver(t, p.sign(t, "slow.example", mail("7@slow", "a@slow.example", "DNS lent", "x")))
	records, cur, err = m.Fetch(t.Context(), cur)
	if err != nil || len(records) != 7 {
		t.Fatalf("%+v, %v", records, err)
	}
	want := []events.Reason{"", "", events.ReasonUnauthorized, events.ReasonUnauthorized, events.ReasonUnauthorized, events.ReasonForbidden, events.ReasonUnauthorized}
	for i, r := range records {
		if got := events.OutcomeOf(r.Refused).Reason; got != want[i] {
			t.Errorf("mail %d: %q (%v), want %q", i+1, got, r.Refused, want[i])
		}
		if r.Refused != nil && strings.Contains(r.Refused.Error(), "@") {
			t.Errorf("mail %d: an address in %v", i+1, r.Refused)
		}
	}
	e := records[0].Value.(record.Entry)
	if records[0].Item != "1@eau" || e.Title != "Coupure d'eau" || !strings.Contains(e.Body, "Coupure de 8 à 12 heures") || e.Published.Hour() != 7 || e.Extra["dkim"] != "pass" || e.Extra["attachments"] != "plan.pdf" || strings.Contains(fmt.Sprint(e), "@eau.example") {
		t.Errorf("%+v", e)
	}
	if _, _, err := m.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("again: %v", err)
	}
}

// TestNothingIsAddedToASignedMail: a signature covers the last field of a name, and
// only those it lists; readers show the first.
func TestNothingIsAddedToASignedMail(t *testing.T) {
	t.Parallel()
	const quoted = "Bonjour,\r\n\r\n--pirate\r\n\r\nFuyez !\r\n--pirate--\r\n"
	text := mail("1@eau", "alertes@eau.example", "Coupure", quoted)
	all := []string{"From", "Subject", "Date", "Message-ID", "Content-Type"}
	for name, c := range map[string]struct {
		keys       []string
		text       string
		added, old string // old is replaced
		want       string
	}{
		"as signed":                              {keys: all, want: dkimPass},
		"in a mailbox file":                      {keys: all, added: "From alertes@eau.example Mon Nov 23 08:00:00 2026\r\n", want: dkimPass},
		"a second subject":                       {keys: all, added: "Subject: Fuyez !\r\n", want: dkimFail},
		"a subject before colon":                 {keys: all, added: "Subject : Fuyez !\r\n", want: dkimFail},
		"a second sender":                        {keys: all, added: "From: Maire <x@lettre.eau.example>\r\n", want: dkimFail},
		"a second date":                          {keys: all, added: "Date: Tue, 24 Nov 2026 08:00:00 +0100\r\n", want: dkimFail},
		"a second identifier":                    {keys: all, added: "Message-ID: <2@eau>\r\n", want: dkimFail},
		"a second type":                          {keys: all, added: "Content-Type: multipart/mixed; boundary=pirate\r\n", want: dkimFail},
		"a second encoding":                      {keys: all, added: "Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n", want: dkimFail},
		"a header before another":                {keys: all, added: "From: <alertes@eau.example>\r\nSubject: Fuyez !\r\nDate: Tue, 24 Nov 2026 08:00:00 +0100\r\nbroken\r\n \r\n", want: dkimNone},
		"subject not signed":                     {keys: []string{"From", "Date", "Content-Type"}, want: dkimFail},
		"date not signed":                        {keys: []string{"From", "Subject", "Content-Type"}, want: dkimFail},
		"type not signed, body of one reading":   {keys: []string{"From", "Subject", "Date"}, want: dkimPass},
		"type not signed, another boundary":      {keys: []string{"From", "Subject", "Date"}, old: "boundary=b\r\n", added: "boundary=pirate\r\n", want: dkimFail},
		"type not signed, text and no parts":     {keys: []string{"From", "Subject", "Date"}, text: strings.Replace(text, "multipart/mixed; boundary=b", "text/plain", 1), want: dkimPass},
		"type not signed, text made into parts":  {keys: []string{"From", "Subject", "Date"}, text: strings.Replace(text, "multipart/mixed; boundary=b", "text/plain", 1), old: "text/plain\r\n", added: "multipart/mixed; boundary=pirate\r\n", want: dkimFail},
		"type not signed, one that is not legal": {keys: []string{"From", "Subject", "Date"}, old: "multipart/mixed; boundary=b\r\n", added: "multipart/mixed; a b; boundary=pirate\r\n", want: dkimFail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &post{}
			p.keys(t)
			signed := p.sign(t, "eau.example", cmp.Or(c.text, text), c.keys...)
			if c.old != "" {
				signed = strings.Replace(signed, c.old, c.added, 1)
			} else {
				signed = c.added + signed
			}
			lookup := func(context.Context, string) ([]string, error) { return []string{p.key}, nil }
			if got := vouch(t.Context(), lookup, []byte(signed), "alertes@eau.example"); got != c.want {
				t.Errorf("got %s, want %s of\n%s", got, c.want, signed)
			}
		})
	}
}

func TestRecordOnly(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver(t, mail("3@eau", "alertes@eau.example", "Sans signature", "x"))
	records, _, err := p.mailbox(t, "dkim: record").Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || records[0].Refused != nil || records[0].Value.(record.Entry).Extra["dkim"] != "none" {
		t.Errorf("%+v, %v", records, err)
	}
}

// TestNumberedAnew: a server that lost its numbers gives a new UIDVALIDITY; the
// mails come again with the same identifiers, and none is missed.
func TestNumberedAnew(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(t, "dkim: record")
	p.deliver(t, mail("1@eau", "a@eau.example", "Un", "x"))
	p.deliver(t, mail("2@eau", "a@eau.example", "Deux", "x"))
	_, cur, err := m.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.user.Delete("INBOX"), p.user.Create("INBOX", nil)); err != nil {
		t.Fatal(err)
	}
	p.deliver(t, mail("2@eau", "a@eau.example", "Deux", "x"))
	records, _, err := m.Fetch(t.Context(), cur)
	if err != nil || len(records) != 1 || records[0].Item != "2@eau" {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestManyMailsComeInTurns(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(t, "dkim: record")
	for i := range maxMails + 5 {
		p.deliver(t, mail(fmt.Sprint(i, "@eau"), "a@eau.example", "x", "x"))
	}
	first, cur, err := m.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(first) != maxMails {
		t.Fatalf("%d, %v", len(first), err)
	}
	rest, _, err := m.Fetch(t.Context(), cur)
	if err != nil || len(rest) != 5 || rest[4].Item != fmt.Sprint(maxMails+4, "@eau") {
		t.Errorf("%d, %v", len(rest), err)
	}
}

func TestOldMailsStay(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(t, "dkim: record")
	now := p.now
	p.now = now.AddDate(0, -1, 0)
	p.deliver(t, mail("1@eau", "a@eau.example", "Ancien", "x"))
	p.now = now
	p.deliver(t, mail("2@eau", "a@eau.example", "Récent", "x"))
	records, _, err := m.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || records[0].Item != "2@eau" {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestTheServerSaysWhenAMailArrives(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(t, "dkim: record")
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		ended <- m.Watch(ctx, func() { changed <- struct{}{} })
	}()
	<-changed // as it begins
	eventstest.Eventually(t, func() bool {
		p.deliver(t, mail("1@eau", "a@eau.example", "x", "x"))
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}, 30*time.Second, "told")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// TestATalkativeServer: one that tells of many mails amid its answers, as after a
// purge of the mailbox, is read like any other.
func TestATalkativeServer(t *testing.T) {
	t.Parallel()
	p := &post{now: time.Now().UTC()}
	listener := p.listen(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go talk(conn)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		records, _, err := p.mailbox(t, "dkim: record").Fetch(ctx, source.Cursor{})
		if err != nil || len(records) != 1 || records[0].Item != "1@eau" {
			t.Errorf("%+v, %v", records, err)
		}
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the server hangs its reader")
	}
}

// talk answers as a server with one mail, and tells of a hundred with each answer.
func talk(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // a test's
	text := mail("1@eau", "a@eau.example", "x", "x")
	_, _ = io.WriteString(conn, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		answer := strings.Repeat("* 1 EXPUNGE\r\n* 9 EXISTS\r\n", 100)
		switch {
		case strings.HasPrefix(command, "EXAMINE"):
			answer += "* OK [UIDVALIDITY 7] numbered\r\n"
		case strings.HasPrefix(command, "UID SEARCH"):
			answer += "* SEARCH 42\r\n"
		case strings.Contains(command, "RFC822.SIZE"):
			answer += fmt.Sprintf("* 1 FETCH (UID 42 RFC822.SIZE %d)\r\n", len(text))
		case strings.HasPrefix(command, "UID FETCH"):
			answer += fmt.Sprintf("* 1 FETCH (UID 42 BODY[] {%d}\r\n%s)\r\n", len(text), text)
		}
		_, _ = io.WriteString(conn, answer+tag+" OK done\r\n")
	}
}

func TestWhatFails(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for name, c := range map[string]struct {
		change func(m *Mailbox)
		want   events.Reason
	}{
		"password":   {func(m *Mailbox) { m.deps.Secret = func(string) (string, error) { return "wrong", nil } }, events.ReasonUnauthorized},
		"mailbox":    {func(m *Mailbox) { m.cfg.Mailbox = "Absent" }, events.ReasonNotFound},
		"connection": {func(m *Mailbox) { m.address = "127.0.0.1:1" }, events.ReasonConnection},
		"guard":      {func(m *Mailbox) { m.address = "10.0.0.1:993" }, events.ReasonForbidden},
		"port":       {func(m *Mailbox) { m.address = "192.0.2.1:25" }, events.ReasonForbidden},
		"no secret":  {func(m *Mailbox) { m.deps.Secret = func(string) (string, error) { return "", errors.New("not set") } }, events.ReasonInvalidConfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := p.mailbox(t, "")
			c.change(m)
			_, _, err := m.Fetch(t.Context(), source.Cursor{})
			if events.OutcomeOf(err).Reason != c.want || strings.Contains(fmt.Sprint(err), password) || strings.Contains(fmt.Sprint(err), "infos@") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := p.mailbox(t, "").Fetch(ctx, source.Cursor{}); err == nil {
			t.Error("no error")
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	const good = "user: u\npassword: p\nsenders: ['@a.example']\n"
	for settings, want := range map[string]string{
		"user: u\npassword: p": "senders: required", good + "oauth: {token_url: https://a.example}": "password: not with oauth", "user: u\nsenders: [a@b]\noauth: {client_id: c}": "oauth: token_url: is", "user: u\nsenders: [a@b]\noauth: {token_url: https://a.example}": "oauth: client_id: required", "user: u\nsenders: [a@b]\noauth: {token_url: https://a.example, client_id: c}": "oauth: client_secret: required", "password: p\nsenders: [a@b]": "user: required", "user: u\nsenders: [a@b]": "password: required",
		good + "dkim: no": "dkim: is", good + "prefer: pdf": "prefer: is", good + "since: -1h": "since: is", "user: u\npassword: p\nsenders: ['*']": "senders[0]: is",
	} {
		if _, err := New(source.Deps{}, source.Spec{URL: "imaps://a.example", Settings: []byte(settings)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", settings, err, want)
		}
	}
	for _, address := range []string{"", "imap://a.example", "imaps://u:p@a.example", "https://a.example"} {
		if _, err := New(source.Deps{}, source.Spec{URL: address, Settings: []byte(good)}); err == nil || !strings.Contains(err.Error(), "mail: url: ") || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
