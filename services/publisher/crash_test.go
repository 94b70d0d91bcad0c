package publisher_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

const (
	childEnv = "CRIEUR_TEST_PUBLISHER" // the NATS URL of the publisher to be killed
	hits     = 3                       // kills between intent and outcome, for each class
	maxKills = 15                      // for each class
	window   = 64
	batches  = 30         // of each class
	people   = 2 * window // of a batch, which is so carried out in parts
)

// TestPublisherProcess is the process that TestKilledAtRandomMoments kills.
func TestPublisherProcess(t *testing.T) {
	url := os.Getenv(childEnv)
	if url == "" {
		t.Skip("only as a child of TestKilledAtRandomMoments")
	}
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := publisher.New(run.Deps{
		NATS: nc, JetStream: js, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}, publisher.Config{PublicURL: "https://pessac.example"})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for svc.Ready() != nil {
			<-time.After(5 * time.Millisecond)
		}
		fmt.Println("ready")
	}()
	if err := svc.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// child is one life of the publisher.
type child struct{ cmd *exec.Cmd }

func startChild(t *testing.T, url string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPublisherProcess$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childEnv+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "ready") {
				ready <- true
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatal("the publisher's process does not start")
	}
	return &child{cmd}
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill() // SIGKILL: nothing of it runs on
	_ = c.cmd.Wait()
}

// audience answers Resolve: subscriber s<n> has the number 336<n>.
func audience(t testing.TB, nc *nats.Conn) {
	t.Helper()
	server, err := call.NewServer(t.Context(), nc, "audience", "0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	err = call.Handle(server, call.Resolve, func(_ context.Context, r call.ResolveRequest) (call.ResolveReply, error) {
		reply := call.ResolveReply{Contacts: make([]call.Contact, len(r.Subscribers))}
		for i, s := range r.Subscribers {
			reply.Contacts[i] = call.Contact{Subscriber: s, Address: call.Address("+336" + s[1:])}
		}
		return reply, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// batch makes the deliveries that audience would.
func batchOf(r events.Rendition, class events.Class, number, first, size int) events.Delivery {
	now := time.Now().UTC()
	p := events.PublicationID("pessac", "voirie", string(class))
	d := events.Delivery{
		ID: events.DeliveryID(p, 1, "sms", "", number), Publication: p, Revision: 1, Authority: "pessac", Stream: "voirie",
		Channel: "sms", Kind: "sms", Class: class, Topic: "voirie", Action: events.ActionPublish, Batch: number, Rendition: r,
		SourceAt: now, FetchedAt: now, ApprovedAt: now, NotBefore: now, Expires: now.Add(time.Hour), CreatedAt: now,
	}
	for i := range size {
		d.Subscribers = append(d.Subscribers, fmt.Sprintf("s%08d", first+i*10)) // ends in 0: answered
	}
	return d
}

func TestKilledAtRandomMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("a killed process's work is taken up after 30 s")
	}
	peer := smsctest.Start(t, "none")
	server := eventstest.Server(t, func(c *natsserver.Config) { c.Listen = "127.0.0.1:0" })
	tw := townOn(t, server, registry.Channel{
		Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms",
		Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "response_timeout": "5s"}`, peer.Addr, secretFile(t))),
	})
	audience(t, tw.nc)
	process := startChild(t, server.URL())
	t.Cleanup(func() { process.kill() })
	rendition := tw.rendition(t, "sms")
	kills := 0
	for _, class := range []events.Class{events.ClassService, events.ClassAlert} {
		publishBatches(t, tw, rendition, class)
		before := tw.intents(t)
		for n := 0; n < maxKills && tw.intents(t) < before+hits; n++ {
			seen := len(peer.Submits())
			eventstest.Eventually(t, func() bool { return len(peer.Submits()) > seen }, 60*time.Second, "nothing is sent")
			<-time.After(rand.N(20 * time.Millisecond)) // the moment is the test's subject
			process.kill()
			kills++
			process = startChild(t, server.URL())
		}
	}
	total := 2 * batches * people
	var got map[string][]events.Recipient
	eventstest.Eventually(t, func() bool {
		got = map[string][]events.Recipient{}
		for _, r := range tw.receipts(t) {
			for _, to := range r.Recipients {
				got[to.ID] = append(got[to.ID], to)
			}
		}
		return len(got) == total
	}, 90*time.Second, "not everybody has a receipt")
	verify(t, peer, got, kills)
}

// publishBatches publishes the deliveries of one class.
func publishBatches(t *testing.T, tw *town, r events.Rendition, class events.Class) {
	t.Helper()
	first := 10_000_000
	if class == events.ClassService {
		first = 20_000_000
	}
	var out []events.Delivery
	for n := range batches {
		out = append(out, batchOf(r, class, n, first+n*10_000, people))
	}
	tw.deliver(t, out...)
}

// intents counts the ledger's entries without an outcome.
func (tw *town) intents(t *testing.T) int {
	t.Helper()
	kv, err := tw.js.KeyValue(t.Context(), bus.BucketLedger)
	if err != nil {
		t.Fatal(err)
	}
	w, err := kv.Watch(t.Context(), "delivery.>", jetstream.IgnoreDeletes())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Stop() }()
	n := 0
	for e := range w.Updates() {
		if e == nil {
			return n
		}
		if strings.HasPrefix(string(e.Value()), `{"state":"intent"`) {
			n++
		}
	}
	return n
}

func verify(t *testing.T, peer *smsctest.SMSC, got map[string][]events.Recipient, kills int) {
	t.Helper()
	sent := map[string]int{}
	for _, e := range peer.Submits() {
		sent["s"+strings.TrimPrefix(e.To, "336")]++
	}
	var unknown, doubled, counted int
	for id, receipts := range got {
		alert := strings.HasPrefix(id, "s1")
		last := receipts[len(receipts)-1]
		switch {
		case alert && sent[id] == 0:
			t.Errorf("alert to %s was never sent", id)
		case alert:
			doubled += sent[id] - 1
			counted += last.Duplicates
		case sent[id] > 1:
			t.Errorf("service message to %s was sent %d times", id, sent[id])
		case last.Status == events.StatusUnknown:
			unknown++
		case last.Status == events.StatusSent && sent[id] == 0:
			t.Errorf("receipt of %s says sent, the SMSC has nothing", id)
		case last.Status != events.StatusSent:
			t.Errorf("receipt of %s: %+v", id, last)
		}
	}
	if doubled > kills*window || unknown > kills*window {
		t.Errorf("%d alerts doubled, %d unknown; at most %d each", doubled, unknown, kills*window)
	}
	if doubled == 0 || unknown == 0 {
		t.Errorf("%d alerts doubled, %d unknown: no kill hit what the test is about", doubled, unknown)
	}
	if counted < doubled {
		t.Errorf("%d alerts doubled, %d counted as such", doubled, counted)
	}
	t.Logf("%d recipients, %d kills: 0 lost, %d alerts doubled, 0 service doubled, %d unknown", len(got), kills, doubled, unknown)
}

func secretFile(t testing.TB) string {
	t.Helper()
	path := t.TempDir() + "/password"
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
