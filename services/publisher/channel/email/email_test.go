package email_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/email"
)

// mailbox is npm smtp-server and what it received.
type mailbox struct {
	addr string
	mu   sync.Mutex
	all  []received
}

type received struct {
	Event, To, From, Subject, Text, HTML, MessageID, Unsubscribe, OneClick string
	Port, Connections                                                      int
}

func newMailbox(t *testing.T, args ...string) *mailbox {
	t.Helper()
	if _, err := os.Stat("testdata/peer/node_modules/smtp-server"); err != nil {
		text := "the SMTP peer is not installed: cd services/publisher/channel/email/testdata/peer && npm ci"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	cmd := exec.Command("node", append([]string{"smtp.js"}, args...)...)
	cmd.Dir, cmd.Stderr = "testdata/peer", os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	m := &mailbox{}
	port := make(chan int, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r received
			if json.Unmarshal(lines.Bytes(), &r) != nil {
				continue
			}
			if r.Event == "listening" {
				port <- r.Port
				continue
			}
			m.mu.Lock()
			m.all = append(m.all, r)
			m.mu.Unlock()
		}
	}()
	select {
	case p := <-port:
		m.addr = net.JoinHostPort("127.0.0.1", fmt.Sprint(p))
	case <-time.After(10 * time.Second):
		t.Fatal("the SMTP peer does not start")
	}
	return m
}

func (m *mailbox) mails() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.all...)
}

func newChannel(t *testing.T, addr string, more ...string) *email.Channel {
	t.Helper()
	settings := "address: " + addr + "\nfrom: Mairie de Pessac <infos@pessac.example>\ntimeout: 4s\n" + strings.Join(more, "\n")
	if !strings.Contains(settings, "\ntls: ") {
		settings += "\ntls: none"
	}
	c, err := email.New(channel.Spec{Authority: "pessac", ID: "mail", Kind: email.Kind, Settings: []byte(settings)}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, PublicURL: "https://pessac.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*email.Channel)
	return made
}

func send(t *testing.T, c *email.Channel, d events.Delivery, addresses ...string) []channel.Result {
	t.Helper()
	contacts := make([]call.Contact, len(addresses))
	for i, a := range addresses {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(a), Unsubscribe: fmt.Sprint("/d/token", i)}
	}
	results := make([]channel.Result, len(addresses))
	c.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) { results[i] = r })
	return results
}

func delivery(t *testing.T, c *email.Channel) events.Delivery {
	t.Helper()
	r, err := c.Render(channeltest.Publication(), channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return events.Delivery{ID: "d1", Rendition: r, Class: events.ClassService}
}

func TestContract(t *testing.T) {
	peer := newMailbox(t)
	contacts := map[channeltest.Fault]string{
		channeltest.OK: "anna@example.org", channeltest.Transient: "later@example.org", channeltest.Permanent: "refused@example.org",
		channeltest.Silent: "silent@example.org", channeltest.Absent: "anna@example.org",
	}
	channeltest.Run(t, channeltest.Suite{
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			if contacts[f] == "" {
				return nil // SMTP asks for patience with 451, and never says how long
			}
			addr := peer.addr
			if f == channeltest.Absent {
				addr = "127.0.0.1:1"
			}
			return &channeltest.Scene{Channel: newChannel(t, addr), Contact: contacts[f], Run: true}
		},
	})
}

func TestBatchHasAResultEachOnOneConnection(t *testing.T) {
	t.Parallel()
	peer := newMailbox(t)
	c := newChannel(t, peer.addr)
	got := send(t, c, delivery(t, c), "a@example.org", "refused@example.org", "b@example.org", "later@example.org", "not an address", "c@example.org")
	want := []events.Reason{"", events.ReasonBadRecipient, "", events.ReasonUnavailable, events.ReasonBadRecipient, ""}
	for i, r := range got {
		if r.Outcome.Reason != want[i] {
			t.Errorf("recipient %d: %+v, want %q", i, r.Outcome, want[i])
		}
	}
	eventstest.Eventually(t, func() bool { return len(peer.mails()) >= 3 }, 20*time.Second, "the peer does not say what it has")
	mails := peer.mails()
	if len(mails) != 3 || mails[2].Connections != 1 {
		t.Fatalf("%d mails on %d connections", len(mails), mails[len(mails)-1].Connections)
	}
	m := mails[1]
	for _, c := range []struct{ name, got, want string }{
		{"from", m.From, "Mairie de Pessac"},
		{"subject", m.Subject, "Coupure d’eau & travaux"},
		{"text", m.Text, "https://pessac.example/d/token2"},
		{"html", m.HTML, `href="https://pessac.example/d/token2"`},
		{"html", m.HTML, `<html lang="fr">`},
		{"unsubscribe", m.Unsubscribe, "<https://pessac.example/d/token2>"},
		{"one click", m.OneClick, "List-Unsubscribe=One-Click"},
		{"id", m.MessageID, got[2].Remote},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s: %q lacks %q", c.name, c.got, c.want)
		}
	}
}

func TestSameDeliverySameMessageID(t *testing.T) {
	t.Parallel()
	peer := newMailbox(t)
	c := newChannel(t, peer.addr)
	first, second := send(t, c, delivery(t, c), "a@example.org"), send(t, c, delivery(t, c), "a@example.org")
	if first[0].Remote == "" || first[0].Remote != second[0].Remote {
		t.Errorf("%q then %q", first[0].Remote, second[0].Remote)
	}
	eventstest.Eventually(t, func() bool { return len(peer.mails()) >= 2 }, 20*time.Second)
	if mails := peer.mails(); mails[len(mails)-1].Connections != 1 {
		t.Errorf("%d connections", mails[len(mails)-1].Connections)
	}
}

func TestWrongPasswordIsUnauthorised(t *testing.T) {
	t.Parallel()
	peer := newMailbox(t)
	c := newChannel(t, peer.addr, "username: infos", "password: wrong-password")
	got := send(t, c, delivery(t, c), "a@example.org")
	if o := got[0].Outcome; o.Reason != events.ReasonUnauthorized {
		t.Errorf("outcome %+v", o)
	}
}

// TestWhoseFaultATemporaryRefusalIs: a server that cannot work is one to fail over
// from; one that wants patience with a mailbox is not.
func TestWhoseFaultATemporaryRefusalIs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code     int
		enhanced string
		want     events.Reason
	}{
		{421, "", events.ReasonUnavailable},
		{451, "", events.ReasonUnavailable},
		{451, "4.3.0", events.ReasonUnavailable},
		{452, "", events.ReasonUnavailable},
		{452, "4.3.1", events.ReasonUnavailable},
		{450, "4.4.1", events.ReasonUnavailable},
		{450, "", events.ReasonRateLimited},
		{450, "4.2.0", events.ReasonRateLimited},
		{452, "4.2.2", events.ReasonRateLimited},
		{451, "4.7.1", events.ReasonRateLimited}, // greylisted
		{452, "4.5.3", events.ReasonRateLimited},
	} {
		o := events.OutcomeOf(email.Verdict(tc.code, tc.enhanced))
		if o.Kind != events.TransientFailure || o.Reason != tc.want {
			t.Errorf("%d %s: %+v, want %s", tc.code, tc.enhanced, o, tc.want)
		}
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("SMTP_PASSWORD", "secret")
	t.Setenv("CRIEUR_EXAMPLE_SECRET", "a secret of the town")
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := email.New(channel.Spec{Kind: email.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no from": "address: h:25", "no port": "address: h\nfrom: a@b.example", "unknown": "address: h:25\nfrom: a@b.example\nnope: 1",
		"password in clear": "address: h:25\nfrom: a@b.example\ntls: none\nusername: u\npassword: p",
		"tls":               "address: h:25\nfrom: a@b.example\ntls: maybe",
	} {
		_, err := email.New(channel.Spec{Kind: email.Kind, Settings: []byte(text)}, channel.Deps{})
		if events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}
