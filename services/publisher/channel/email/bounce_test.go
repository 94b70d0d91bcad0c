package email_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/email"
)

const bouncesTo = "bounces:\n  return_path: bounces@pessac.example\n  secret: a secret of the town\n"

// desk is the channel with those it tells.
type desk struct {
	*email.Channel
	handler http.Handler

	mu     sync.Mutex
	now    time.Time
	ended  []call.OptOutRequest
	said   []channel.Later
	shelf  map[string]events.Delivery
	refuse error
}

func settings(t *testing.T, more string) (channel.Channel, error) {
	t.Helper()
	return email.New(channel.Spec{Kind: email.Kind, Settings: []byte("address: h:25\nfrom: a@pessac.example\n" + more)}, channel.Deps{})
}

func newDesk(t *testing.T, smtp, more string) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 5, 4, 7, 0, 0, 0, time.UTC), shelf: map[string]events.Delivery{}}
	deps := channel.Deps{
		Logger: slog.New(slog.DiscardHandler), PublicURL: "https://pessac.example", Receipts: d, Shelf: (*shelfOf)(d),
		Now: func() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now },
		OptOut: func(_ context.Context, r call.OptOutRequest) (call.OptOutReply, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.ended = append(d.ended, r)
			return call.OptOutReply{Ended: 1}, d.refuse
		},
	}
	factory := email.NewFactory()
	c, err := factory.New(channel.Spec{
		Authority: "pessac", ID: "mail", Kind: email.Kind,
		Settings: []byte("address: " + smtp + "\ntls: none\nfrom: Mairie de Pessac <infos@pessac.example>\ntimeout: 5s\n" + bouncesTo + more),
	}, deps)
	if err != nil {
		t.Fatal(err)
	}
	d.Channel, _ = c.(*email.Channel)
	mux := http.NewServeMux()
	for pattern, h := range factory.Routes(deps) {
		mux.Handle(pattern, h)
	}
	d.handler = mux
	return d
}

// Later implements channel.Receipts.
func (d *desk) Later(_, _ string, l channel.Later, done func(error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = append(d.said, l)
	done(nil)
}

// Shown implements channel.Receipts.
func (d *desk) Shown(context.Context, events.Delivery, string, []events.Recipient) error { return nil }

func (d *desk) all() (ended []call.OptOutRequest, said []channel.Later) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(ended, d.ended...), append(said, d.said...)
}

// shelfOf keeps what was put, in memory.
type shelfOf desk

func (s *shelfOf) Put(_ context.Context, d events.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf[d.Publication] = d
	return nil
}

func (s *shelfOf) Remove(_ context.Context, d events.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shelf, d.Publication)
	return nil
}

func (s *shelfOf) Items(_, _, _ string) []events.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []events.Delivery
	for _, d := range s.shelf {
		list = append(list, d)
	}
	return list
}

func (s *shelfOf) Version(_, _ string) uint64     { return 0 }
func (s *shelfOf) Changed(string) <-chan struct{} { return nil }

const subscriber = "sabcdefghijklm"

// bounce is postfix's own notification, come to the subscriber's return path.
func bounce(t *testing.T, d *desk, status string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/bounces/postfix-5.1.1.eml")
	if err != nil {
		t.Fatal(err)
	}
	path := email.ReturnPath(d.Channel, subscriber)
	return []byte(strings.NewReplacer("bounces+sabcdefghijklm-0123456789@pessac.example", path, "Status: 5.1.1", "Status: "+status).Replace(string(text)))
}

func TestBounces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(string) string
		ended       events.Reason // of the subscription; none: it goes on
		said        events.Reason // of the mail
		softCounted int
	}{
		"dead":    {func(s string) string { return s }, events.ReasonBadRecipient, events.ReasonBadRecipient, 0},
		"full":    {func(s string) string { return strings.Replace(s, "Status: 5.1.1", "Status: 5.2.2", 1) }, "", events.ReasonUnavailable, 1},
		"gave up": {func(s string) string { return strings.Replace(s, "Status: 5.1.1", "Status: 4.4.7", 1) }, "", events.ReasonUnavailable, 1},
		"policy":  {func(s string) string { return strings.Replace(s, "Status: 5.1.1", "Status: 5.7.1", 1) }, "", events.ReasonUnavailable, 1},
		"delayed": {func(s string) string { return strings.Replace(s, "Action: failed", "Action: delayed", 1) }, "", "", 0},
		"forged":  {func(s string) string { return strings.ReplaceAll(s, subscriber+"-", "sother-") }, "", "", 0},
		"capitals": {func(s string) string {
			return strings.ReplaceAll(s, "bounces+"+subscriber, "BOUNCES+"+strings.ToUpper(subscriber))
		}, events.ReasonBadRecipient, events.ReasonBadRecipient, 0},
		"no report":  {func(s string) string { return strings.Replace(s, "multipart/report", "multipart/mixed", 1) }, "", "", 0},
		"cut":        {func(s string) string { return s[:strings.Index(s, "Status: 5.1.1")] }, "", "", 0},
		"cut later":  {func(s string) string { return s[:strings.Index(s, "Return-Path")] }, events.ReasonBadRecipient, "", 0},
		"unix lines": {func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }, events.ReasonBadRecipient, events.ReasonBadRecipient, 0},
		"complaint": {func(s string) string {
			s = strings.Replace(s, "message/delivery-status", "message/feedback-report", 1)
			return strings.Replace(s, "\nTo: bounces+", "\nTo: fbl@pessac.example\nX-Was: ", 1)
		}, events.ReasonOptedOut, "", 0},
	} {
		d := newDesk(t, "h:25", "")
		message := c.change(string(bounce(t, d, "5.1.1")))
		if err := d.Bounced(t.Context(), []byte(message)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ended, said := d.all()
		if c.ended == "" != (len(ended) == 0) || c.ended != "" && (ended[0].Reason != c.ended || ended[0].Subscriber != subscriber || ended[0].Kind != "email") {
			t.Errorf("%s: ended %+v", name, ended)
		}
		if c.said == "" != (len(said) == 0) || c.said != "" && (said[0].Reason != c.said || said[0].Remote != "zhzji7ga73vrxqeyp5hzzz2jbq@pessac.example" || said[0].Status != events.StatusFailed) {
			t.Errorf("%s: said %+v", name, said)
		}
		if len(d.shelf) != c.softCounted {
			t.Errorf("%s: %d addresses counted", name, len(d.shelf))
		}
	}
}

func TestPassingFailuresForLongEndASubscription(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "h:25", "")
	for i := range 6 {
		if err := d.Bounced(t.Context(), bounce(t, d, "5.2.2")); err != nil {
			t.Fatal(err)
		}
		if ended, _ := d.all(); len(ended) != 0 {
			t.Fatalf("ended after %d failures in one day: %+v", i+1, ended)
		}
	}
	d.mu.Lock()
	d.now = d.now.Add(15 * 24 * time.Hour)
	d.mu.Unlock()
	if err := d.Bounced(t.Context(), bounce(t, d, "5.2.2")); err != nil {
		t.Fatal(err)
	}
	if ended, _ := d.all(); len(ended) != 1 || ended[0].Reason != events.ReasonBadRecipient || len(d.shelf) != 0 {
		t.Errorf("ended %+v, %d still counted", ended, len(d.shelf))
	}
}

func TestBouncesArePosted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "h:25", "")
	post := func(url string) int {
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, url, strings.NewReader(string(bounce(t, d, "5.1.1")))))
		return w.Code
	}
	if code := post(d.BounceURL() + "x"); code != http.StatusNotFound {
		t.Errorf("wrong token: %d", code)
	}
	if ended, _ := d.all(); len(ended) != 0 {
		t.Error("a stranger ended a subscription")
	}
	if at := d.CalledAt(); len(at) != 1 || at[0].What != call.InboundBounces || at[0].URL.Reveal() != d.BounceURL() || strings.Contains(fmt.Sprint(at), d.BounceURL()) {
		t.Errorf("called at %v", at)
	}
	if code := post(d.BounceURL()); code != http.StatusNoContent {
		t.Errorf("posted: %d", code)
	}
	d.mu.Lock()
	d.refuse = events.Transient(events.ReasonUnavailable, os.ErrDeadlineExceeded, 0)
	d.mu.Unlock()
	if code := post(d.BounceURL()); code != http.StatusServiceUnavailable {
		t.Errorf("not stored: %d", code)
	}
}

// TestRecordedReports: reports of many servers are read without harm, and none
// is ours.
func TestRecordedReports(t *testing.T) {
	t.Parallel()
	d, n := newDesk(t, "h:25", ""), 0
	err := filepath.WalkDir(filepath.Join(eventstest.Corpus(t), "email"), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		return d.Bounced(t.Context(), text)
	})
	if ended, said := d.all(); err != nil || n < 100 || len(ended)+len(said) > 0 {
		t.Errorf("%d mails: %v %v %v", n, err, ended, said)
	}
}

func FuzzBounced(f *testing.F) {
	text, err := os.ReadFile("testdata/bounces/postfix-5.1.1.eml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	c, err := email.New(channel.Spec{Kind: email.Kind, Settings: []byte("address: h:25\nfrom: a@pessac.example\n" + bouncesTo)}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.Fatal(err)
	}
	mail, _ := c.(*email.Channel)
	f.Fuzz(func(t *testing.T, message []byte) {
		// A mark cannot be guessed: nothing is ever ours, and nobody is told.
		if err := mail.Bounced(t.Context(), message); err != nil {
			t.Error(err)
		}
	})
}

// TestPostfixBounces sends through a postfix to nobody, and reads from the
// mailbox what comes back.
func TestPostfixBounces(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("postfix starts as root only; TestBounces reads what it wrote")
	}
	m := newMailpit(t)
	submit := newPostfix(t, m.smtp)
	d := newDesk(t, submit, "  pop3:\n    address: "+m.pop3+"\n    tls: none\n    username: bounces\n    password: mailbox-password\n    every: 10s\n")
	contacts := []call.Contact{
		{Subscriber: "sdead", Address: "nobody-here@courriel.example", Unsubscribe: "/d/1"},
		{Subscriber: "sfull", Address: "anna@plein.example", Unsubscribe: "/d/2"},
	}
	results := make([]channel.Result, 2)
	d.DeliverBatch(t.Context(), channel.Send{Delivery: delivery(t, d.Channel), Contacts: contacts}, func(i int, r channel.Result) { results[i] = r })
	for i, r := range results {
		if r.Outcome.Kind != events.Done {
			t.Fatalf("recipient %d: %+v", i, r.Outcome)
		}
	}
	eventstest.Eventually(t, func() bool { return m.inbox(t).Total == 2 }, 20*time.Second, "postfix sends nothing back")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	eventstest.Eventually(t, func() bool { _, said := d.all(); return len(said) == 2 }, 20*time.Second, "the mailbox is not read")
	stopped, said := d.all()
	if len(stopped) != 1 || stopped[0].Subscriber != "sdead" || stopped[0].Reason != events.ReasonBadRecipient {
		t.Errorf("ended %+v", stopped)
	}
	reasons := map[string]events.Reason{}
	for _, s := range said {
		reasons[s.Remote] = s.Reason
	}
	if reasons[results[0].Remote] != events.ReasonBadRecipient || reasons[results[1].Remote] != events.ReasonUnavailable || len(d.shelf) != 1 {
		t.Errorf("said %+v, counted %d", said, len(d.shelf))
	}
	eventstest.Eventually(t, func() bool { return m.inbox(t).Total == 0 }, 20*time.Second, "what was read stays in the mailbox")
}

// newPostfix starts a postfix of its own, that takes mail for courriel.example,
// where nobody is, and plein.example, which does not answer, and relays what
// comes back for pessac.example.
func newPostfix(t *testing.T, relay string) string {
	t.Helper()
	postfix := program(t, "postfix")
	dir, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	addr := eventstest.FreeAddr(t)
	host, port, _ := strings.Cut(relay, ":")
	main := fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/data
myhostname = mx.courriel.example
mydestination = courriel.example
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtp_dns_support_level = disabled
transport_maps = inline:{{pessac.example = smtp:[%[2]s]:%[3]s}, {plein.example = smtp:[127.0.0.1]:1}}
maximal_queue_lifetime = 0
bounce_queue_lifetime = 0
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
notify_classes =
`, dir, host, port)
	master := addr + ` inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
retry unix - - n - - error
error unix - - n - - error
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`
	for name, text := range map[string]string{"main.cf": main, "master.cf": master} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"spool", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix", filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	cmd := exec.Command(postfix, "-c", dir, "start")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("postfix: %v: %s", err, out)
	}
	t.Cleanup(func() {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		if t.Failed() {
			t.Logf("%s", log)
		}
		_ = exec.Command(postfix, "-c", dir, "stop").Run()
	})
	return addr
}
