package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/impact/engine"
)

// What the kill test sends, and how often it kills. The rate of the SMS
// channel makes the sending last longer than the kills.
const (
	smsASecond  = 2500
	smsWindow   = 64
	settleAfter = 3 * time.Minute
)

// size is how many residents have both messages, and how often the program is
// killed meanwhile: more where the slow tests run.
func size() (residents, kills int) {
	if os.Getenv("CRIEUR_SLOW") == "1" {
		return 100_000, 100
	}
	return 20_000, 20
}

const killConfig = `
authorities:
  - {id: ville, name: Ville, kind: municipality, insee: ["81004"], relayStateAlerts: true}
sources:
  - {authority: ville, id: guichet, name: Guichet, kind: webhook, trust: state, settings: {secret_file: guichet.secret}}
channels:
  - authority: ville
    id: sms
    name: SMS
    kind: sms
    window: %d
    ratePerSecond: %d
    settings: {address: "127.0.0.1:%d", system_id: crieur, password_file: %s, sender: VILLE, binds: 2}
  - {authority: ville, id: panneaux, name: Panneaux, kind: sign}
  - {authority: ville, id: fil, name: Fil, kind: feed}
signs:
  - {authority: ville, id: place, name: Place, profile: text-8x16, channel: panneaux}
streams:
  - {authority: ville, id: infos, name: Infos, policy: automatic, public: true, rule: {classes: [service]}, channels: [sms, panneaux, fil]}
  - {authority: ville, id: alertes, name: Alertes, policy: automatic, public: true, rule: {classes: [alert]}, channels: [sms, panneaux, fil]}
`

// TestKillLosesNothing publishes a service message and an alert to 20,000
// subscribers by SMS, to a sign and to a feed, kills the program at 20 random
// moments, four in five of them in the middle of the sending and the others in
// the middle of its start, and proves the promise of each class.
func TestKillLosesNothing(t *testing.T) {
	residents, kills := size()
	smsc := startSMSC(t)
	in := install(t, "")
	password := filepath.Join(in.dir, "smpp.secret")
	write(t, password, "secret")
	in.counterSecret()
	in.append(fmt.Sprintf(killConfig, smsWindow, smsASecond, smsc.port, password))
	in.start()
	enrol(t, in.bus(), residents)

	in.post("guichet", benchSecret, map[string]any{"id": "eau", "title": "Coupure d'eau rue Neuve", "body": "Demain de 9 h à 12 h.", "class": "service"})
	in.post("guichet", benchSecret, map[string]any{"id": "crue", "title": "Alerte crue du Tarn", "body": "Éloignez-vous des berges.", "class": "alert", "severity": "Severe", "urgency": "Immediate", "certainty": "Observed"})
	killAtRandom(t, in, smsc, kills)
	in.awaitReady(60 * time.Second)

	nc := in.bus()
	got := settle(t, nc)
	checkPromises(t, got, smsc)
	in.shows("/signs/ville/place.txt", "CRUE")
	in.shows("/feeds/ville/infos.atom", "Coupure d")
	in.shows("/feeds/ville/alertes.atom", "Alerte crue")
	in.caughtUp()
	got = readReceipts(t, nc)
	in.stop()
	checkClickHouse(t, in, got)
}

// killAtRandom kills the program at random moments: while it sends, which the
// provider tells, and each fifth time while it starts.
func killAtRandom(t *testing.T, in *installation, s *smsc, kills int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	sending := 0
	for i := range kills {
		if i%5 != 4 && s.grows(t) {
			sending++
		}
		wait(t, time.Duration(random.Int64N(int64(400*time.Millisecond))))
		in.kill()
		in.spawn()
	}
	if least := kills * 3 / 4; sending < least {
		t.Fatalf("%d of %d kills were in the middle of the sending, at least %d are wanted", sending, kills, least)
	}
	t.Logf("%d of %d kills in the middle of the sending, the others of the start", sending, kills)
}

// grows waits until the provider has more than what was on its way from a
// process before. It reports false when nothing more comes.
func (s *smsc) grows(t *testing.T) bool {
	t.Helper()
	from, deadline := s.submits.Load(), time.Now().Add(30*time.Second)
	for s.submits.Load() <= from+3*smsWindow {
		if time.Now().After(deadline) {
			return false
		}
		wait(t, 5*time.Millisecond)
	}
	return true
}

// wait passes time between two kills: the moment is the test's input.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// smsc is npm's smpp, and what it received by class of text and number.
type smsc struct {
	port    int
	submits atomic.Int64
	mu      sync.Mutex
	got     map[string]map[string]int // "service" or "alert" → number → times
}

func startSMSC(t *testing.T) *smsc {
	t.Helper()
	s := &smsc{got: map[string]map[string]int{"service": {}, "alert": {}}}
	listening := make(chan int, 1)
	cmd := exec.Command("node", filepath.Join(repository(), "services/publisher/channel/sms/testdata/peer/smsc.js"), "text")
	lines(t, cmd, func(line string) {
		var e struct {
			Event, To, Text string
			Port            int
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			return
		}
		switch e.Event {
		case "listening":
			listening <- e.Port
		case "submit":
			class := "service"
			if len(e.Text) > 0 && contains(e.Text, "crue") {
				class = "alert"
			}
			s.submits.Add(1)
			s.mu.Lock()
			s.got[class][e.To]++
			s.mu.Unlock()
		}
	})
	select {
	case s.port = <-listening:
	case <-time.After(time.Minute):
		t.Fatal("the SMSC does not start: run `make setup-tests`")
	}
	return s
}

func (s *smsc) times(class string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.got[class]))
	for k, v := range s.got[class] {
		out[k] = v
	}
	return out
}

// enrol registers n residents with invented numbers for the counter's streams.
func enrol(t testing.TB, nc *nats.Conn, n int) {
	t.Helper()
	enrolBy(t, nc, "sms", []string{"infos", "alertes"}, n)
}

// enrolBy registers n residents with invented addresses; no number ends in
// 0001–0004, which the SMSC answers in its own way.
func enrolBy(t testing.TB, nc *nats.Conn, kind string, streams []string, n int) {
	t.Helper()
	var people []call.Enrolment
	for i := 0; len(people) < n; i++ {
		address := fmt.Sprintf("+336%08d", i)
		if kind == "email" {
			address = fmt.Sprintf("p%d@exemple.example", i)
		} else if end := i % 10000; end >= 1 && end <= 4 {
			continue
		}
		people = append(people, call.Enrolment{Kind: kind, Address: call.Address(address), Streams: streams})
	}
	for part := range slices.Chunk(people, 1000) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		rep, err := call.Ask(ctx, nc, call.Enrol, call.EnrolRequest{Authority: "ville", By: "import", Evidence: "essai", People: part})
		cancel()
		if err != nil || rep.Enrolled != len(part) {
			t.Fatalf("enrolled %d of %d: %v %v", rep.Enrolled, len(part), rep.Refused, err)
		}
	}
}

// outcome is all that the receipts say of one recipient of one publication on
// one channel.
type outcome struct {
	class      events.Class
	statuses   map[events.ReceiptStatus]bool
	duplicates int
}

// tallied is what receipts are counted by.
type tallied struct{ channel, class, status string }

// receipts is the whole stream of receipts, read once.
type receipts struct {
	rows       int // recipients over all distinct receipts
	counts     map[tallied]int
	recipients map[string]map[string]*outcome // kind/class → recipient → outcome
}

// settle reads the receipts until every recipient has a terminal one or is
// visible as unknown, twice the same.
func settle(t *testing.T, nc *nats.Conn) receipts {
	t.Helper()
	deadline := time.Now().Add(settleAfter)
	residents, _ := size()
	want := map[string]int{"sms/service": residents, "sms/alert": residents, "sign/service": 1, "sign/alert": 1, "feed/service": 1, "feed/alert": 1}
	for {
		got := readReceipts(t, nc)
		missing := ""
		for key, n := range want {
			done := 0
			for _, o := range got.recipients[key] {
				if o.settled() {
					done++
				}
			}
			if done < n {
				missing += fmt.Sprintf(" %s %d of %d;", key, done, n)
			}
		}
		if missing == "" {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("lost, or still under way after %s:%s", settleAfter, missing)
		}
		wait(t, time.Second)
	}
}

// caughtUp waits until ClickHouse has all receipts of the stream: impact says
// how far behind it is.
func (in *installation) caughtUp() {
	in.t.Helper()
	until(in.t, settleAfter, func() bool {
		for line := range strings.Lines(in.body("/metrics")) {
			if lag, ok := strings.CutPrefix(strings.TrimSpace(line), `crieur_impact_lag_messages{stream="RECEIPTS"} `); ok {
				return lag == "0"
			}
		}
		return false // not known yet
	})
}

func (o *outcome) settled() bool {
	for s := range o.statuses {
		if s.Terminal() || s == events.StatusUnknown {
			return true
		}
	}
	return false
}

func readReceipts(t *testing.T, nc *nats.Conn) receipts {
	t.Helper()
	out := receipts{counts: map[tallied]int{}, recipients: map[string]map[string]*outcome{}}
	seen := map[string]bool{}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.OrderedConsumer(t.Context(), "RECEIPTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := c.FetchNoWait(2000)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for msg := range batch.Messages() {
			n++
			r, err := events.Unmarshal[events.Receipt](msg.Data())
			if err != nil {
				t.Fatal(err)
			}
			if seen[r.ID] {
				t.Errorf("receipt %s (%s) is on the stream twice", r.ID, r.Step)
				continue
			}
			seen[r.ID] = true
			out.add(r)
		}
		if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) {
			t.Fatal(err)
		}
		if n == 0 {
			return out
		}
	}
}

func (out *receipts) add(r events.Receipt) {
	key := r.Kind + "/" + string(r.Class)
	if out.recipients[key] == nil {
		out.recipients[key] = map[string]*outcome{}
	}
	for _, to := range r.Recipients {
		out.rows++
		out.counts[tallied{r.Channel, string(r.Class), string(to.Status)}]++
		o := out.recipients[key][to.ID]
		if o == nil {
			o = &outcome{class: r.Class, statuses: map[events.ReceiptStatus]bool{}}
			out.recipients[key][to.ID] = o
		}
		o.statuses[to.Status] = true
		o.duplicates += to.Duplicates
	}
}

// checkPromises compares what the provider received with what the receipts
// say.
func checkPromises(t *testing.T, got receipts, s *smsc) {
	t.Helper()
	residents, kills := size()
	service, alert := s.times("service"), s.times("alert")
	for number, n := range service {
		if n > 1 {
			t.Errorf("a service message was sent %d times to one subscriber (…%s)", n, number[len(number)-4:])
		}
	}
	unknown, settled := 0, 0
	for _, o := range got.recipients["sms/service"] {
		if o.statuses[events.StatusSent] || o.statuses[events.StatusDelivered] {
			settled++
		} else if o.statuses[events.StatusUnknown] {
			unknown++
		}
	}
	// Unknown ones may or may not have reached the provider: that is what the
	// word says. Nobody else may be missing.
	if len(service) < settled || len(service) > settled+unknown {
		t.Errorf("the provider has %d service messages; receipts say %d sent and %d unknown", len(service), settled, unknown)
	}
	if settled+unknown != residents {
		t.Errorf("of %d residents %d were sent the service message, and %d are unknown", residents, settled, unknown)
	}
	for _, key := range []string{"sign/service", "sign/alert", "feed/service", "feed/alert"} {
		for id, o := range got.recipients[key] {
			if !o.statuses[events.StatusSent] && !o.statuses[events.StatusDelivered] {
				t.Errorf("%s: %s has %v", key, id, o.statuses)
			}
		}
	}
	if unknown > kills*smsWindow {
		t.Errorf("%d unknown, more than %d kills × window %d", unknown, kills, smsWindow)
	}
	if len(alert) != residents {
		t.Errorf("%d of %d received the alert", len(alert), residents)
	}
	doubled, counted := 0, 0
	for _, n := range alert {
		doubled += n - 1
	}
	for _, o := range got.recipients["sms/alert"] {
		counted += o.duplicates
	}
	if doubled > kills*smsWindow {
		t.Errorf("%d duplicates of the alert, more than %d kills × window %d", doubled, kills, smsWindow)
	}
	if counted < doubled {
		t.Errorf("%d duplicates of the alert reached the provider and %d are counted", doubled, counted)
	}
	t.Logf("service: %d at the provider, %d unknown; alert: %d at the provider, %d doubled (%d counted)", len(service), unknown, len(alert), doubled, counted)
}

// checkClickHouse opens the data folder's ClickHouse and compares its counts
// with the receipts.
func checkClickHouse(t *testing.T, in *installation, got receipts) {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: filepath.Join(in.data(), "clickhouse"), Library: in.library()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	conn, err := clickhouse.Open(e.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, query := range []string{
		"SELECT channel, class, status, count() FROM receipts GROUP BY channel, class, status",
		"SELECT channel, class, status, sum(receipts) FROM receipts_hourly GROUP BY channel, class, status",
	} {
		if have := tally(t, conn, query); !maps.Equal(have, got.counts) {
			t.Errorf("ClickHouse has %v, the stream %v: %s", have, got.counts, query)
		}
	}
	t.Logf("receipts: %d, in ClickHouse as many of each channel, class and status", got.rows)
}

func tally(t *testing.T, conn driver.Conn, query string) map[tallied]int {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	have := map[tallied]int{}
	for rows.Next() {
		var key tallied
		var n uint64
		if err := rows.Scan(&key.channel, &key.class, &key.status, &n); err != nil {
			t.Fatal(err)
		}
		have[key] = int(n) //nolint:gosec // a count
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return have
}
