package smshttp_test

import (
	"context"
	"fmt"
	"net"
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
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// kannel is a gateway between HTTP and an SMSC: its two programs.
type kannel struct {
	dir, address string // of sendsms
}

func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed: apt-get install kannel", name)
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(eventstest.FreeAddr(t))
	return port
}

// startKannel runs Kannel, bound to an SMSC; what comes in is told to stop.
func startKannel(t *testing.T, smsc, incoming string) *kannel {
	t.Helper()
	bearerbox, smsbox := program(t, "bearerbox"), program(t, "smsbox")
	admin, box, sendsms := freePort(t), freePort(t), freePort(t)
	_, smscPort, _ := net.SplitHostPort(smsc)
	k := &kannel{dir: t.TempDir(), address: "http://127.0.0.1:" + sendsms}
	conf := fmt.Sprintf(`group = core
admin-port = %s
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = %s
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = peer
host = 127.0.0.1
port = %s
transceiver-mode = true
smsc-username = crieur
smsc-password = secret
system-type = ""
msg-id-type = 0x03

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = %s
sendsms-port = %s
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789+ "
mo-recode = true

group = sendsms-user
username = crieur
password = %s
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%s?from=%%p&text=%%a"
`, admin, box, smscPort, box, sendsms, secret, incoming)
	file := filepath.Join(k.dir, "kannel.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	k.run(t, bearerbox, file)
	awaitPort(t, box)
	k.run(t, smsbox, file)
	awaitPort(t, sendsms)
	// It listens before it has read who may send, and a request in between
	// crashes it.
	eventstest.Eventually(t, func() bool {
		said, err := os.ReadFile(filepath.Join(k.dir, filepath.Base(smsbox)+".log"))
		return err == nil && strings.Contains(string(said), "Connected to bearerbox")
	}, 20*time.Second, "smsbox does not find bearerbox")
	return k
}

func (k *kannel) run(t *testing.T, program, conf string) {
	t.Helper()
	log, err := os.Create(filepath.Join(k.dir, filepath.Base(program)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-v", "1", conf)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, k.dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s says:\n%.6000s", filepath.Base(program), said)
		}
	})
}

func awaitPort(t *testing.T, port string) {
	t.Helper()
	eventstest.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err != nil {
			return false
		}
		return c.Close() == nil
	}, 20*time.Second, "Kannel does not listen")
}

// later keeps what a provider reports.
type later struct {
	mu   sync.Mutex
	said map[string]channel.Later
}

func (l *later) Later(_, _ string, said channel.Later, done func(error)) {
	l.mu.Lock()
	l.said[said.Remote] = said
	l.mu.Unlock()
	done(nil)
}

func (l *later) Shown(context.Context, events.Delivery, string, []events.Recipient) error { return nil }

func (l *later) of(remote string) channel.Later {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said[remote]
}

// TestThroughKannel sends by Kannel to an SMSC of npm smpp: texts arrive letter
// for letter, each report comes back to its message, and STOP opts out.
func TestThroughKannel(t *testing.T) {
	t.Parallel()
	program(t, "bearerbox")
	smsc := smsctest.Start(t, "text")
	in, left := &later{said: map[string]channel.Later{}}, make(chan call.OptOutRequest, 4)
	var handler http.Handler
	publisher := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(publisher.Close)
	d := deps()
	d.PublicURL, d.Receipts = publisher.URL, in
	d.OptOut = func(_ context.Context, q call.OptOutRequest) (call.OptOutReply, error) {
		left <- q
		return call.OptOutReply{Ended: 1}, nil
	}
	factory := smshttp.NewFactory()
	mux := http.NewServeMux()
	for pattern, h := range factory.Routes(d) {
		mux.Handle(pattern, h)
	}
	handler = mux
	made := func(base string) *smshttp.Channel {
		c, err := factory.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: settings("kannel", base, "max_septets: 306")}, d)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := c.(*smshttp.Channel)
		return out
	}
	k := startKannel(t, smsc.Addr, made("http://127.0.0.1:1").CallbackURL("incoming"))
	c := made(k.address)
	smsc.Await(t, "Kannel binds", func(e smsctest.Event) bool { return e.Event == "bind" })

	for i, tc := range []struct {
		title, to string
		unicode   bool
		status    events.ReceiptStatus
	}{
		{"Fête à l'école : 20 €", "+33612340010", false, events.StatusDelivered},
		{"Дорога закрыта", "+33612340020", true, events.StatusDelivered},
		{"Refusé", "+33612340001", false, events.StatusFailed}, // the peer refuses this number
	} {
		p := channeltest.Publication()
		p.Class, p.Content.Title, p.Content.Place = events.ClassAlert, tc.title, "mairie"
		r, err := c.Render(p, channeltest.Profile())
		if err != nil {
			t.Fatal(err)
		}
		delivery := events.Delivery{ID: fmt.Sprint("d", i), Class: p.Class, Rendition: r, Expires: time.Now().Add(time.Hour)}
		var got channel.Result
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		c.DeliverBatch(ctx, channel.Send{Delivery: delivery, Contacts: []call.Contact{{Subscriber: "s1", Address: call.Address(tc.to)}}},
			func(_ int, r channel.Result) { got = r })
		cancel()
		if got.Outcome.Kind != events.Done || got.Remote == "" || got.Units != r.Units {
			t.Fatalf("%s: %+v", tc.title, got)
		}
		eventstest.Eventually(t, func() bool { return in.of(got.Remote).Status == tc.status }, 20*time.Second, tc.title+": no report")
		if tc.status != events.StatusDelivered {
			continue
		}
		text, coding := "", 0
		for _, e := range smsc.Submits() {
			if e.To == strings.TrimPrefix(tc.to, "+") || e.To == tc.to {
				text, coding = text+e.Text, e.Coding
			}
		}
		if text != r.Text || coding != 8 == tc.unicode {
			t.Errorf("the SMSC has %q in coding %d, want %q", text, coding, r.Text)
		}
	}
	smsc.Do(t, "mo 33612345678 Arrêt")
	select {
	case q := <-left:
		if q.Address.Reveal() != "+33612345678" {
			t.Errorf("opt-out of %q", q.Address.Reveal())
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody was opted out")
	}
}

// TestKannelRefuses: a wrong password is not retried in vain.
func TestKannelRefuses(t *testing.T) {
	t.Parallel()
	program(t, "bearerbox")
	smsc := smsctest.Start(t, "none")
	k := startKannel(t, smsc.Addr, "http://127.0.0.1:1/none")
	body := strings.Replace(string(settings("kannel", k.address)), secret, "wrong", 1)
	c, err := smshttp.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: []byte(body)}, deps())
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Render(channeltest.Publication(), channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	c.DeliverBatch(t.Context(), channel.Send{Delivery: events.Delivery{ID: "d", Rendition: r, Expires: time.Now().Add(time.Hour)}, Contacts: []call.Contact{{Subscriber: "s1", Address: number}}},
		func(_ int, r channel.Result) {
			if r.Outcome.Kind != events.PermanentFailure || r.Outcome.Reason != events.ReasonUnauthorized {
				t.Errorf("%+v", r)
			}
		})
}
