package deployments_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// TestASignNeedsNoPassword: on a server of the cluster a sign reads what it
// shows, and nothing else of what passes on the bus.
func TestASignNeedsNoPassword(t *testing.T) {
	body, err := os.ReadFile("nats/cluster.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// One server, on loopback, without its peers.
	text := regexp.MustCompile(`(?s)cluster \{.*?\}\n`).ReplaceAllString(string(body), "")
	text = strings.NewReplacer("/data", dir, "0.0.0.0:4222", "127.0.0.1:-1", "http: 127.0.0.1:8222", "", "port: 1883", "host: 127.0.0.1, port: -1").Replace(text)
	file := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"NODE", "PEER_A", "PEER_B", "CRIEUR_PASSWORD", "SIGN_PASSWORD", "SYS_PASSWORD"} {
		t.Setenv(name, "essai-"+strings.ToLower(name))
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options.NoSigs = true
	ns, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	const user, password = "crieur", "essai-crieur_password"
	nc, err := nats.Connect(ns.ClientURL(), nats.UserInfo(user, password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	listening, err := ns.Varz(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := func(token mqtt.Token) {
		t.Helper()
		if !token.WaitTimeout(10 * time.Second) {
			t.Fatal("the broker does not answer")
		}
		if err := token.Error(); err != nil {
			t.Fatal(err)
		}
	}
	client := func(name, user, password string) mqtt.Client {
		t.Helper()
		broker := "tcp://" + listening.MQTT.Host + ":" + strconv.Itoa(listening.MQTT.Port)
		c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID(name).SetUsername(user).SetPassword(password))
		done(c.Connect())
		t.Cleanup(func() { c.Disconnect(0) })
		return c
	}
	publisher, sign := client("panneaux", user, password), client("gare", "", "")
	heard := make(chan mqtt.Message, 8)
	done(sign.Subscribe("crieur/+/+", 1, func(_ mqtt.Client, m mqtt.Message) { heard <- m }))
	if err := nc.Publish("crieur.audience.opt-out", []byte("+33612345678")); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	sign.Publish("crieur/albi/gare", 0, false, "forged")
	done(publisher.Publish("crieur/albi/gare", 1, true, "la page"))
	select {
	case m := <-heard:
		if m.Topic() != "crieur/albi/gare" || string(m.Payload()) != "la page" {
			t.Errorf("a sign hears %q on %s", m.Payload(), m.Topic())
		}
	case <-time.After(10 * time.Second):
		t.Error("the sign shows nothing")
	}
}
