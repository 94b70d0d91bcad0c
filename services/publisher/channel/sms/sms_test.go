package sms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// intake keeps what the SMSC says later.
type intake struct {
	mu   sync.Mutex
	said []channel.Later
}

func (i *intake) Later(_, _ string, said channel.Later, done func(error)) {
	i.mu.Lock()
	i.said = append(i.said, said)
	i.mu.Unlock()
	done(nil)
}

func (i *intake) Shown(context.Context, events.Delivery, string, []events.Recipient) error {
	return nil
}

func (i *intake) all() []channel.Later {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]channel.Later(nil), i.said...)
}

type setup struct {
	channel *sms.Channel
	intake  *intake
	opted   chan call.OptOutRequest
	logs    *strings.Builder
}

func newSetup(t testing.TB, settings string) *setup {
	t.Helper()
	s := &setup{intake: &intake{}, opted: make(chan call.OptOutRequest, 8), logs: &strings.Builder{}}
	c, err := sms.New(channel.Spec{Authority: "pessac", ID: "sms", Kind: sms.Kind, Window: 64, Settings: []byte(settings)}, channel.Deps{
		Logger: slog.New(slog.NewTextHandler(s.logs, nil)), Now: time.Now, Receipts: s.intake, PublicURL: "https://x.example",
		OptOut: func(_ context.Context, r call.OptOutRequest) (call.OptOutReply, error) {
			s.opted <- r
			return call.OptOutReply{Ended: 1}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.channel, _ = c.(*sms.Channel)
	return s
}

func (s *setup) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.channel.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func settings(addr string, more ...string) string {
	return "address: " + addr + "\nsystem_id: crieur\npassword: secret\nsender: MAIRIE\nresponse_timeout: 1s\n" + strings.Join(more, "\n")
}

func delivery(t testing.TB, c *sms.Channel, class events.Class, text string) events.Delivery {
	t.Helper()
	p := events.Publication{
		ID: "p1", Revision: 1, Authority: "pessac", Class: class, MsgType: events.MsgAlert,
		Content: events.Content{Language: "fr", Title: text, Place: "Rue du Cœur"},
	}
	r, err := c.Render(p, channel.Profile{Link: "https://x.example/p/abc", Zone: registry.Authority{TimeZone: "Europe/Paris"}.Location()})
	if err != nil {
		t.Fatal(err)
	}
	return events.Delivery{
		ID: events.DeliveryID("p1", 1, "sms", "", 0), Publication: "p1", Class: class, Channel: "sms", Kind: sms.Kind,
		Rendition: r, Expires: time.Now().Add(time.Hour),
	}
}

func (s *setup) send(t *testing.T, d events.Delivery, numbers ...string) []channel.Result {
	t.Helper()
	contacts := make([]call.Contact, len(numbers))
	for i, n := range numbers {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(n)}
	}
	results := make([]channel.Result, len(numbers))
	times := make([]int, len(numbers))
	s.channel.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) {
		results[i] = r
		times[i]++
	})
	for i, n := range times {
		if n != 1 {
			t.Errorf("recipient %d has %d results", i, n)
		}
	}
	return results
}

func TestBatchAgainstSMSC(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr, "cost_micro_eur: 45000"))
	s.run(t)
	d := delivery(t, s.channel, events.ClassAlert, "Inondation : évacuez les sous-sols")
	got := s.send(t, d, "+33612340000", "+33612340001", "+33612340002", "+33612340003")
	want := []events.Outcome{
		{},
		{Kind: events.PermanentFailure, Reason: events.ReasonBadRecipient},
		{},
		{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous},
	}
	for i, r := range got {
		if r.Outcome != want[i] {
			t.Errorf("recipient %d: %+v, want %+v", i, r.Outcome, want[i])
		}
	}
	if got[0].Remote == "" || got[0].Units != 1 || got[0].CostMicroEUR != 45000 {
		t.Errorf("result %+v", got[0])
	}
	first := peer.Submits()[0]
	if first.From != "MAIRIE" || !strings.Contains(first.Text, "évacuez") || first.Coding != 0 || first.Priority != 1 {
		t.Errorf("the SMSC got %+v", first)
	}
	if strings.Contains(s.logs.String(), "3361") || strings.Contains(s.logs.String(), "secret") {
		t.Errorf("logs: %s", s.logs)
	}
}

func TestThrottledForEverGoesBackToTheQueue(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr))
	s.run(t)
	got := s.send(t, delivery(t, s.channel, events.ClassService, "Travaux"), "+33612340004")
	if o := got[0].Outcome; o.Kind != events.TransientFailure || o.Reason != events.ReasonRateLimited || o.RetryAfter == 0 {
		t.Errorf("outcome %+v", o)
	}
}

func TestLongTextIsConcatenated(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr, "max_septets: 306"))
	s.run(t)
	d := delivery(t, s.channel, events.ClassAlert, strings.Repeat("La rue est fermée à la circulation. ", 6))
	got := s.send(t, d, "+33612340000")
	if got[0].Outcome.Kind != events.Done || got[0].Units != 2 {
		t.Fatalf("result %+v", got[0])
	}
	for _, e := range peer.Submits() {
		if e.ESM&0x40 == 0 {
			t.Errorf("part without header: %+v", e)
		}
	}
}

// TestOnlyWhatWasThrottledGoesAgain: a part that the SMSC has is not sent twice,
// and nobody is left with half of a message. What is known of it is its last part.
func TestOnlyWhatWasThrottledGoesAgain(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr, "max_septets: 306"))
	s.run(t)
	d := delivery(t, s.channel, events.ClassService, strings.Repeat("La rue est fermée à la circulation. ", 6))
	got := s.send(t, d, "+33612340005")[0]
	if got.Outcome.Kind != events.Done || got.Units != 2 {
		t.Fatalf("result %+v", got)
	}
	last := peer.Await(t, "the last part", func(e smsctest.Event) bool { return e.Event == "submit" && strings.Contains(e.Text, "/p/abc") })
	if got.Remote != last.ID {
		t.Errorf("the message is %q, its last part %q", got.Remote, last.ID)
	}
	if n := len(peer.Submits()); n != 2 {
		t.Errorf("the SMSC took %d parts", n)
	}
}

func TestReceiptsInEveryWriting(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"tlv", "text", "hex", "early"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			peer := smsctest.Start(t, mode)
			s := newSetup(t, settings(peer.Addr))
			s.run(t)
			got := s.send(t, delivery(t, s.channel, events.ClassAlert, "Essai"), "+33612340000")
			eventstest.Eventually(t, func() bool { return len(s.intake.all()) == 1 }, 20*time.Second, "no receipt")
			said := s.intake.all()[0]
			known := said.Remote == got[0].Remote
			for _, other := range said.Or {
				known = known || other == got[0].Remote
			}
			if !known || said.Status != events.StatusDelivered {
				t.Errorf("receipt %+v of message %q", said, got[0].Remote)
			}
			peer.Await(t, "our answer to the receipt", func(e smsctest.Event) bool { return e.Event == "receipt-answered" && e.Status == 0 })
		})
	}
}

// TestATelephoneThatIsOff is not an address that nobody has.
func TestATelephoneThatIsOff(t *testing.T) {
	t.Parallel()
	for _, said := range []struct {
		state byte
		stat  string
	}{{5, ""}, {0, "UNDELIV"}} {
		status, reason, ok := sms.Meaning(said.state, said.stat)
		if !ok || status != events.StatusFailed || reason != events.ReasonUnavailable {
			t.Errorf("%+v: %s %s", said, status, reason)
		}
	}
}

func TestStopOptsOut(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr))
	s.run(t)
	peer.Await(t, "bind", func(e smsctest.Event) bool { return e.Event == "bind" })
	peer.Do(t, "mo 33612345678 Arrêt")
	if got := <-s.opted; got.Address.Reveal() != "+33612345678" || got.Reason != events.ReasonOptedOut {
		t.Errorf("opt-out %+v", got)
	}
	peer.Await(t, "our answer", func(e smsctest.Event) bool { return e.Event == "mo-answered" && e.Status == 0 })
}

// TestWhoSaysStop: a number is given to audience as it would be dialled, in each
// form that providers give it.
func TestWhoSaysStop(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"+33612345678": "+33612345678", "33612345678": "+33612345678", " 33612345678": "+33612345678",
		"0612345678": "0612345678", "06 12 34 56 78": "06 12 34 56 78", "0033612345678": "0033612345678",
		"612345678": "0612345678", "262692123456": "+262692123456", "": "",
	} {
		if got := sms.Stop("pessac", from, time.Time{}).Address.Reveal(); got != want {
			t.Errorf("%q: %q, want %q", from, got, want)
		}
	}
}

func TestStopWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"STOP": true, "stop svp": true, "Arrêt": true, "ARRET": true, " désabo ": true, "fin.": true, "Stop!": true,
		"STOPSMS": true, "Stopp": true, "S.T.O.P": true, "s.t.o.p.": true, "S T O P svp": true, "Bonjour, stop merci": true,
		"Arrêtez": true, "ARRETE": true, "Arrêt sms svp": true, "Arrêtez de m’envoyer vos messages": true, "Fin sms": true,
		"Désinscription": true, "désinscrivez-moi": true, "désabonnez-moi": true, "désabonne moi": true,
		"Je veux me désabonner": true, "Merci de me desabonner": true, "unsubscribe": true,
		"": false, "…": false, "Fin des travaux ?": false, "Merci": false, "Arrêt de bus supprimé ?": false, "Arrêt bus": false,
		"Arrêté municipal ?": false, "Arrêtez les travaux": false, "Ne pas arrêter": false, "Ne me désabonnez pas": false, "A bientôt": false,
	} {
		if got := sms.IsStop(text); got != want {
			t.Errorf("IsStop(%q) = %v", text, got)
		}
	}
}

func TestBindComesBack(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	s := newSetup(t, settings(peer.Addr))
	s.run(t)
	d := delivery(t, s.channel, events.ClassAlert, "Essai")
	if got := s.send(t, d, "+33612340000"); got[0].Outcome.Kind != events.Done {
		t.Fatalf("before: %+v", got[0])
	}
	peer.Do(t, "drop")
	eventstest.Eventually(t, func() bool { return s.channel.Ready() != nil }, 20*time.Second, "the loss is not seen")
	if got := s.send(t, d, "+33612340000"); got[0].Outcome.Kind != events.Done {
		t.Errorf("after: %+v", got[0])
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSetup(t, settings("127.0.0.1:1"))
	s.run(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var got channel.Result
	s.channel.DeliverBatch(ctx, channel.Send{
		Delivery: delivery(t, s.channel, events.ClassAlert, "Essai"), Contacts: []call.Contact{{Address: "+33612340000"}},
	}, func(_ int, r channel.Result) { got = r })
	if !got.Retry() || got.Outcome.Reason != events.ReasonConnection {
		t.Errorf("outcome %+v", got.Outcome)
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("SMPP_PASSWORD", "secret")
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := newSetup(t, string(example)).channel
	if w := c.Window(); w != 64 {
		t.Errorf("window %d", w)
	}
	for name, text := range map[string]string{
		"unknown key":    settings("h:1", "no_such_key: 1"),
		"no port":        settings("h"),
		"long sender":    strings.Replace(settings("h:1"), "MAIRIE", "MAIRIEDEPESSAC", 1),
		"negative binds": settings("h:1", "binds: -1"),
	} {
		_, err := sms.New(channel.Spec{Kind: sms.Kind, Settings: []byte(text)}, channel.Deps{Logger: slog.New(slog.DiscardHandler)})
		if o := events.OutcomeOf(err); o.Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenderIsLawfulByClass(t *testing.T) {
	t.Parallel()
	s := newSetup(t, settings("h:1", "mentions: {promotional: STOP au 36111, service: \"Désabo {unsubscribe}\"}"))
	for class, want := range map[events.Class]string{
		events.ClassAlert: "", events.ClassService: "https://x.example/d/", events.ClassPromotional: "STOP au 36111",
	} {
		r := delivery(t, s.channel, class, "Concert").Rendition
		var body sms.Body
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(body.Text, want) || class == events.ClassAlert && strings.Contains(body.Text, "STOP") {
			t.Errorf("%s: %q", class, body.Text)
		}
		if r.Units != 1 {
			t.Errorf("%s: %d parts: %q", class, r.Units, body.Text)
		}
	}
}

// Each reads the message in their own language, and pays for no more parts
// than it takes.
func TestEachInTheirLanguage(t *testing.T) {
	t.Parallel()
	smsc := smsctest.Start(t, "ok")
	s := newSetup(t, settings(smsc.Addr, "cost_micro_eur: 50000", "max_septets: 306"))
	s.run(t)
	p := events.Publication{
		ID: "p1", Revision: 1, Authority: "pessac", Class: events.ClassAlert, MsgType: events.MsgAlert,
		Content:  events.Content{Language: "fr", Title: "Route barrée"},
		Variants: []events.Content{{Language: "en", Title: "Road closed"}, {Language: "ar", Title: "الطريق مغلق " + strings.Repeat("الآن ", 20)}},
	}
	r, err := s.channel.Render(p, channel.Profile{Link: "https://x.example/p/abc", Zone: registry.Authority{TimeZone: "Europe/Paris"}.Location()})
	if err != nil {
		t.Fatal(err)
	}
	d := events.Delivery{ID: "d1", Publication: "p1", Class: p.Class, Channel: "sms", Kind: sms.Kind, Rendition: r, Expires: time.Now().Add(time.Hour)}
	languages := []string{"", "fr", "en-GB", "ar", "de"}
	contacts := make([]call.Contact, len(languages))
	for i, language := range languages {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(fmt.Sprintf("+336120000%d0", i)), Language: language}
	}
	parts := make([]int, len(languages))
	s.channel.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) {
		parts[i] = r.Units
		if r.CostMicroEUR != int64(r.Units)*50_000 {
			t.Errorf("%q: %d parts cost %d", languages[i], r.Units, r.CostMicroEUR)
		}
	})
	if parts[0] != 1 || parts[2] != 1 || parts[3] < 2 {
		t.Errorf("parts %v", parts)
	}
	all := 0
	for _, n := range parts {
		all += n
	}
	eventstest.Eventually(t, func() bool { return len(smsc.Submits()) >= all }, 20*time.Second, "the SMSC has not all parts")
	for i, want := range []string{"Route barr", "Route barr", "Road closed", "", "Route barr"} {
		number, found := fmt.Sprintf("336120000%d0", i), 0
		for _, e := range smsc.Submits() {
			if e.To == number {
				found++
				if !strings.Contains(e.Text, want) {
					t.Errorf("%q gets %q", languages[i], e.Text)
				}
			}
		}
		if found != parts[i] {
			t.Errorf("%q: the SMSC has %d parts of %d", languages[i], found, parts[i])
		}
	}
}
