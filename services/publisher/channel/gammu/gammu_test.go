package gammu_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/gammu"
)

const number = "+33612345678"

var update = channeltest.Update()

// spool is gammu-smsd's directories.
type spool struct {
	t    *testing.T
	root string
	logs *logs
	left chan call.OptOutRequest
	fail chan error // what the next opt-out answers, when there is something
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newSpool(t *testing.T) *spool {
	t.Helper()
	s := &spool{t: t, root: t.TempDir(), logs: &logs{}, left: make(chan call.OptOutRequest, 8), fail: make(chan error, 8)}
	for _, dir := range []string{"outbox", "sent", "error", "inbox"} {
		if err := os.Mkdir(filepath.Join(s.root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *spool) path(parts ...string) string {
	return filepath.Join(append([]string{s.root}, parts...)...)
}

func (s *spool) files(dir string) []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.path(dir))
	if err != nil {
		s.t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (s *spool) channel(more string) *gammu.Channel {
	s.t.Helper()
	settings := fmt.Sprintf("outbox: %s\nsent: %s\nerror: %s\ninbox: %s\npoll: 20ms\ncost_micro_eur: 1000\n", s.path("outbox"), s.path("sent"), s.path("error"), s.path("inbox"))
	c, err := gammu.New(channel.Spec{Authority: "pessac", ID: "c", Kind: gammu.Kind, Settings: []byte(settings + more)}, channel.Deps{
		Logger: slog.New(slog.NewTextHandler(s.logs, nil)), Now: time.Now, PublicURL: "https://pessac.example",
		OptOut: func(_ context.Context, q call.OptOutRequest) (call.OptOutReply, error) {
			select {
			case err := <-s.fail:
				return call.OptOutReply{}, err
			default:
			}
			s.left <- q
			return call.OptOutReply{Ended: 1}, nil
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	made, _ := c.(*gammu.Channel)
	return made
}

// daemon starts gammu-smsd with the dummy telephone.
func (s *spool) daemon() {
	s.t.Helper()
	program, err := exec.LookPath("gammu-smsd")
	if err != nil {
		s.t.Skip("gammu-smsd is not installed: apt-get install gammu-smsd")
	}
	for _, dir := range []string{"operations", "alarm", "note", "phonebook", "calendar", "todo", "fs", "sms/1", "sms/2", "sms/3", "sms/4", "sms/5"} {
		if err := os.MkdirAll(s.path("phone", dir), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	rc := fmt.Sprintf(`[gammu]
model = dummy
connection = none
port = %s

[smsd]
service = files
logfile = stderr
debuglevel = 1
checksecurity = 0
commtimeout = 1
receivefrequency = 1
statusfrequency = 0
outboxformat = unicode
inboxformat = unicode
outboxpath = %s/
sentsmspath = %s/
errorsmspath = %s/
inboxpath = %s/
`, s.path("phone"), s.path("outbox"), s.path("sent"), s.path("error"), s.path("inbox"))
	if err := os.WriteFile(s.path("rc"), []byte(rc), 0o600); err != nil {
		s.t.Fatal(err)
	}
	log, err := os.Create(s.path("log"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", s.path("rc"))
	cmd.Stderr, cmd.Stdout, cmd.Env = log, log, []string{"LC_ALL=C.UTF-8"}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		_ = log.Close()
	})
}

// log is what gammu-smsd says that it did.
func (s *spool) log() string {
	s.t.Helper()
	body, err := os.ReadFile(s.path("log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

func delivery(t *testing.T, c *gammu.Channel, change func(*events.Publication)) events.Delivery {
	t.Helper()
	p := channeltest.Publication()
	if change != nil {
		change(&p)
	}
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return events.Delivery{
		ID: events.DeliveryID(p.ID, 1, "c", "", 0), Publication: p.ID, Class: p.Class, Channel: "c", Kind: gammu.Kind,
		Rendition: r, Expires: time.Now().Add(time.Hour), CreatedAt: time.Now(),
	}
}

func send(ctx context.Context, c *gammu.Channel, d events.Delivery, numbers ...string) []channel.Result {
	contacts := make([]call.Contact, len(numbers))
	for i, n := range numbers {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(n), Unsubscribe: "/d/token"}
	}
	results := make([]channel.Result, len(numbers))
	c.DeliverBatch(ctx, channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) { results[i] = r })
	return results
}

func TestGolden(t *testing.T) { channeltest.Golden(t, newSpool(t).channel(""), *update) }

// TestBySMSD sends by gammu-smsd: all are sent once, and nothing stays.
func TestBySMSD(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	s.daemon()
	c := s.channel("max_septets: 306\n")
	d := delivery(t, c, func(p *events.Publication) {
		p.Class, p.Content.Title = events.ClassAlert, "Ευρώ : l’eau est coupée"
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i, r := range send(ctx, c, d, number, "not a number", "+33612345679") {
		if i == 1 {
			if r.Outcome.Reason != events.ReasonBadRecipient {
				t.Errorf("a bad number: %+v", r)
			}
			continue
		}
		if r.Outcome.Kind != events.Done || r.Remote == "" || r.Units != d.Rendition.Units || r.CostMicroEUR != int64(r.Units)*1000 || r.Delivered {
			t.Errorf("%+v\n%s", r, s.log())
		}
	}
	for _, dir := range []string{"outbox", "sent", "error"} {
		if left := s.files(dir); len(left) != 0 {
			t.Errorf("%s still has %d files", dir, len(left))
		}
	}
	if n := strings.Count(s.log(), "Transmitted OUTA"); n != 2 {
		t.Errorf("gammu-smsd sent %d messages:\n%s", n, s.log())
	}
}

// TestStopBySMSD: what comes in by the telephone opts out, and is deleted.
func TestStopBySMSD(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	s.fail <- events.Transient(events.ReasonUnavailable, nil, 0) // the first try is not stored
	s.daemon()
	for i, text := range []string{"00530074006F0070", "0042006F006E006A006F00750072"} { // Stop, Bonjour
		body := fmt.Sprintf("[SMSBackup000]\nSMSC = \"+33609001390\"\nSent = 20260504T07000%d\nState = UnRead\nNumber = %q\nText00 = %s\n"+
			"Coding = Default_No_Compression\nFolder = 1\nLength = %d\nClass = -1\nReplySMSC = False\nRejectDuplicates = False\nReplaceMessage = 0\nMessageReference = 0\n",
			i, number, text, len(text)/4)
		if err := os.WriteFile(s.path("phone", "sms", "1", fmt.Sprint(i+1)), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := s.channel("")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case q := <-s.left:
		if q.Address.Reveal() != number || q.Kind != "sms" || q.Authority != "pessac" {
			t.Errorf("opt-out %+v", q)
		}
	case <-time.After(15 * time.Second):
		t.Fatalf("nobody was opted out:\n%s", s.log())
	}
	eventstest.Eventually(t, func() bool { return len(s.files("inbox")) == 0 && strings.Count(s.log(), "Received IN") == 2 }, 30*time.Second, "the inbox is not emptied")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(s.left) != 0 || strings.Contains(s.logs.String(), number) {
		t.Errorf("%d more opt-outs; logs %s", len(s.left), s.logs)
	}
}

// mover does to each outgoing message what gammu-smsd does with a result.
func (s *spool) mover(to string) {
	done := make(chan struct{})
	ended := make(chan struct{})
	s.t.Cleanup(func() { close(done); <-ended })
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			names, _ := filepath.Glob(s.path("outbox", "OUT*"))
			for _, name := range names {
				_ = os.Rename(name, s.path(to, filepath.Base(name)))
			}
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			s := newSpool(t)
			scene := &channeltest.Scene{Contact: number, Logs: s.logs.String, Within: 3 * time.Second}
			more := ""
			switch f {
			case channeltest.OK:
				s.mover("sent")
			case channeltest.Permanent:
				s.mover("error")
			case channeltest.Silent: // it may have the message in its hands
			case channeltest.Absent: // nothing was taken for longer than one message lasts
				more = "take: 1s\n"
			default:
				return nil
			}
			scene.Channel = s.channel(more)
			return scene
		},
	})
}

// TestTimeRunsOut: only the message that may be in gammu-smsd's hands is
// ambiguous; it stays, the others are taken back.
func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	c := s.channel("")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	results := send(ctx, c, delivery(t, c, nil), "+33612345672", "+33612345670", "+33612345671")
	for i, r := range results {
		if r.Ambiguous() != (i == 1) || r.Retry() != (i != 1) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if left := s.files("outbox"); len(left) != 1 || !strings.Contains(left[0], "+33612345670") {
		t.Errorf("left %d files", len(left))
	}
}

// TestSentBeforeACrash: a redelivery sends nothing that gammu-smsd has sent or
// is to send.
func TestSentBeforeACrash(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	c := s.channel("")
	d := delivery(t, c, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	send(ctx, c, d, number) // ambiguous: its file stays
	left := s.files("outbox")
	if len(left) != 1 {
		t.Fatalf("%d files", len(left))
	}
	if err := os.Rename(s.path("outbox", left[0]), s.path("sent", left[0])); err != nil {
		t.Fatal(err)
	}
	if r := send(t.Context(), c, d, number); r[0].Outcome.Kind != events.Done {
		t.Errorf("%+v", r)
	}
	if n := len(s.files("outbox")) + len(s.files("sent")); n != 0 {
		t.Errorf("%d files stay", n)
	}
}

// TestForgets deletes what nobody waits for, and only what is ours.
func TestForgets(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	c := s.channel("")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	send(ctx, c, delivery(t, c, nil), number)
	name := s.files("outbox")[0]
	old := time.Now().Add(-2 * time.Hour)
	for _, file := range []string{name, "OUTA_another_program.txt"} {
		if err := os.WriteFile(s.path("sent", file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(s.path("sent", file), old, old); err != nil {
			t.Fatal(err)
		}
	}
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(running) }()
	eventstest.Eventually(t, func() bool { left := s.files("sent"); return len(left) == 1 && left[0] == "OUTA_another_program.txt" }, 20*time.Second, "what was sent long ago stays")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	good := "outbox: /a\nsent: /b\nerror: /c\n"
	for name, settings := range map[string]string{
		"no outbox": "sent: /b\nerror: /c\n", "relative": "outbox: a\nsent: /b\nerror: /c\n", "the same": "outbox: /a\nsent: /a\nerror: /c\n",
		"take": good + "take: 1ms\n", "poll": good + "poll: 1h\n", "septets": good + "max_septets: 3\n",
	} {
		if _, err := gammu.New(channel.Spec{Kind: gammu.Kind, Settings: []byte(settings)}, channel.Deps{}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := gammu.New(channel.Spec{Kind: gammu.Kind, Settings: []byte(good)}, channel.Deps{}); err != nil {
		t.Error(err)
	}
}
