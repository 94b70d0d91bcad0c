package natsserver_test

import (
	"bytes"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
)

// The peer here is the real Mosquitto client (Debian mosquitto-clients).

func mosquitto(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed (Debian: mosquitto-clients)", program)
	}
	return path
}

func run(t *testing.T, program, addr string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), mosquitto(t, program), append([]string{"-h", host, "-p", port, "-V", "mqttv311"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

func TestMQTTRetainedForASign(t *testing.T) {
	t.Parallel()
	sign := natsserver.User{
		Name: "sign-12", Password: "s3cret", MQTTOnly: true,
		Permissions: &natsserver.Permissions{Subscribe: []string{"sign.12.>"}},
	}
	writer := natsserver.User{Name: "writer", Password: "wr1te", MQTTOnly: true}
	s := eventstest.Server(t, func(c *natsserver.Config) {
		c.MQTT, c.Users = "127.0.0.1:0", []natsserver.User{sign, writer}
	})
	addr := s.MQTTAddr()
	if out, err := run(t, "mosquitto_pub", addr, "-u", "writer", "-P", "wr1te", "-q", "1", "-r", "-t", "sign/12/page", "-m", "ROUTE BARREE"); err != nil {
		t.Fatalf("publish: %v: %s", err, out)
	}
	// Retained, QoS 1, for a sign that connects later.
	out, err := run(t, "mosquitto_sub", addr, "-u", "sign-12", "-P", "s3cret", "-q", "1", "-t", "sign/12/page", "-C", "1", "-W", "10")
	if err != nil || strings.TrimSpace(out) != "ROUTE BARREE" {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err := run(t, "mosquitto_sub", addr, "-u", "sign-12", "-P", "s3cret", "-q", "1", "-t", "sign/13/page", "-C", "1", "-W", "2"); err == nil && !strings.Contains(out, "denied") {
		t.Errorf("a sign reads another's page: %q", out)
	}
	if out, err := run(t, "mosquitto_sub", addr, "-u", "sign-12", "-P", "wrong", "-t", "sign/12/page", "-C", "1", "-W", "5"); err == nil {
		t.Errorf("a wrong password was accepted: %q", out)
	}
	if out, err := run(t, "mosquitto_sub", addr, "-t", "sign/12/page", "-C", "1", "-W", "5"); err == nil {
		t.Errorf("an anonymous client was accepted: %q", out)
	}
}

func TestMQTTAnonymous(t *testing.T) {
	t.Parallel()
	s := eventstest.Server(t, func(c *natsserver.Config) {
		c.MQTT = "127.0.0.1:0"
		c.AnonymousMQTT = &natsserver.Permissions{Subscribe: []string{"public.>"}}
	})
	nc := eventstest.Dial(t, s)
	type result struct {
		out string
		err error
	}
	got := make(chan result, 1)
	go func() {
		out, err := run(t, "mosquitto_sub", s.MQTTAddr(), "-q", "0", "-t", "public/alert", "-C", "1", "-W", "10")
		got <- result{out, err}
	}()
	mosquitto(t, "mosquitto_sub")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case r := <-got:
			if r.err != nil || strings.TrimSpace(r.out) != "hello" {
				t.Errorf("got %q, %v", r.out, r.err)
			}
			return
		case <-tick.C:
			if err := nc.Publish("public.alert", []byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A client without a name may read, not write: its message must reach nobody.
func TestMQTTAnonymousCannotPublish(t *testing.T) {
	t.Parallel()
	s := eventstest.Server(t, func(c *natsserver.Config) {
		c.MQTT = "127.0.0.1:0"
		c.AnonymousMQTT = &natsserver.Permissions{Subscribe: []string{"public.>"}}
	})
	sub, err := eventstest.Dial(t, s).SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = run(t, "mosquitto_pub", s.MQTTAddr(), "-q", "1", "-t", "public/alert", "-m", "spoof")
	for {
		m, err := sub.NextMsg(200 * time.Millisecond)
		if err != nil {
			return
		}
		if m.Subject == "public.alert" || strings.Contains(string(m.Data), "spoof") {
			t.Fatalf("an anonymous client published on %s", m.Subject)
		}
	}
}
