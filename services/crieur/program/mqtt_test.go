package program

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/crieur/config"
)

const withSigns = `
data: %s
publicURL: https://infos.example
nats: {mqtt: "127.0.0.1:0"}
authorities:
- {id: albi, name: Albi, kind: municipality, insee: ["81004"]}
- {id: audience, name: Audience, kind: municipality, insee: ["81005"]}
`

// TestASignNeedsNoPassword: it reads what it shows, and nothing else of what
// passes on the bus.
func TestASignNeedsNoPassword(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("crieur.yaml", fmt.Appendf(nil, withSigns, t.TempDir()), nil)
	if err != nil {
		t.Fatal(err)
	}
	server, conn, err := openNATS(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := closeNATS(cfg, server); err != nil {
			t.Error(err)
		}
	})
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	password, err := os.ReadFile(filepath.Join(cfg.Data, "nats.secret"))
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
	client := func(name string, user, password string) mqtt.Client {
		t.Helper()
		c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + server.MQTTAddr()).SetClientID(name).SetUsername(user).SetPassword(password))
		done(c.Connect())
		t.Cleanup(func() { c.Disconnect(0) })
		return c
	}
	publisher := client("crieur-albi-panneaux", clientName, strings.TrimSpace(string(password)))
	done(publisher.Publish("crieur/albi/gare", 1, true, "la page"))

	sign := client("gare", "", "")
	shown := make(chan string, 1)
	done(sign.Subscribe("crieur/albi/gare", 1, func(_ mqtt.Client, m mqtt.Message) { shown <- string(m.Payload()) }))
	select {
	case text := <-shown:
		if text != "la page" {
			t.Errorf("shown: %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("the sign shows nothing")
	}

	const refused = 0x80 // MQTT 3.1.1, 3.9.3
	for _, topic := range []string{"#", "crieur/#", "crieur/+/+", "crieur/audience/opt-out", "crieur/audience/+", "delivery/#", "receipt/#", "_INBOX/#"} {
		token := sign.Subscribe(topic, 0, nil)
		if !token.WaitTimeout(10 * time.Second) {
			t.Fatalf("%s: the broker does not answer", topic)
		}
		if code := token.(*mqtt.SubscribeToken).Result()[topic]; code != refused {
			t.Errorf("%s: a sign may read it: %#x", topic, code)
		}
	}
}
