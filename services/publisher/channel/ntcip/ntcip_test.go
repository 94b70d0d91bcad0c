package ntcip_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/ntcip"
	"github.com/crieur/crieur/services/publisher/panel"
	"github.com/crieur/crieur/services/publisher/shelf"

	"github.com/nats-io/nats.go/jetstream"
)

const community = "very-secret-community"

var update = channeltest.Update()

func newShelf(t *testing.T) *shelf.Shelf {
	t.Helper()
	kv, err := eventstest.JetStream(t).CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "displays", History: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := shelf.New(slog.New(slog.DiscardHandler), time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, kv) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	return s
}

func newChannel(t *testing.T, address string, s channel.Shelf) *ntcip.Channel {
	t.Helper()
	settings := "timeout: 600ms\nsigns:\n  endpoint:\n    address: " + address + "\n    community: " + community +
		"\n    profile: {rows: 3, columns: 18, charset: ascii, capitals: true, maxPages: 2, pageSeconds: 4}\n"
	c, err := ntcip.New(channel.Spec{Authority: "pessac", ID: "c", Kind: ntcip.Kind, Settings: []byte(settings)}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Shelf: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*ntcip.Channel)
	return made
}

func TestGolden(t *testing.T) { channeltest.Golden(t, newChannel(t, "192.0.2.1:161", nil), *update) }

func TestContract(t *testing.T) {
	s := newShelf(t)
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{community},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			a := startAgent(t)
			address := a.conn.LocalAddr().String()
			switch f {
			case channeltest.OK:
			case channeltest.Transient:
				a.be(func(a *agent) { a.local = true })
			case channeltest.Permanent:
				a.be(func(a *agent) { a.refuse = gosnmp.ReadOnly })
			case channeltest.Absent:
				_ = a.conn.Close()
			default:
				return nil // a sign has no rate, and its silence is no ambiguity: writing twice is once
			}
			return &channeltest.Scene{Channel: newChannel(t, address, s)}
		},
	})
}

func post(t *testing.T, c *ntcip.Channel, id string, class events.Class, title string, lasts time.Duration) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	p.Class, p.Content.Title, p.Content.Summary, p.Content.Text, p.Content.Instruction, p.Onset, p.Ends = class, title, "", "", "", nil, nil
	r, err := c.Render(p, c.Endpoints(p)[0])
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{
		ID: id, Publication: id, Revision: 1, Authority: "pessac", Kind: ntcip.Kind, Endpoint: "endpoint", Class: class,
		Rendition: r, Expires: time.Now().Add(lasts),
	}}
}

func TestShowTakeOverExpireBlank(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	c := newChannel(t, a.conn.LocalAddr().String(), newShelf(t))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })

	market := post(t, c, "market", events.ClassService, "Marché", 90*time.Minute)
	if _, err := c.Deliver(t.Context(), market); err != nil {
		t.Fatal(err)
	}
	display, minutes, writes := a.look()
	if !strings.Contains(display, "MARCHE") || minutes < 89 || minutes > 91 {
		t.Fatalf("the sign shows %q for %d minutes", display, minutes)
	}
	if _, err := c.Deliver(t.Context(), market); err != nil {
		t.Fatal(err)
	}
	if _, _, again := a.look(); again != writes {
		t.Errorf("the same was written %d times", again-writes+1)
	}
	if _, err := c.Deliver(t.Context(), post(t, c, "flood", events.ClassAlert, "Inondation", 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	if display, _, _ = a.look(); !strings.Contains(display, "INONDATION") || strings.Contains(display, "MARCHE") {
		t.Errorf("during the alert the sign shows %q", display)
	}
	eventstest.Eventually(t, func() bool {
		display, _, _ := a.look()
		return strings.Contains(display, "MARCHE") && !strings.Contains(display, "INONDATION")
	}, 20*time.Second, "the alert's end is not shown")
	if _, err := c.Withdraw(t.Context(), market); err != nil {
		t.Fatal(err)
	}
	if display, _, _ = a.look(); display != "" {
		t.Errorf("after the withdrawal the sign shows %q", display)
	}
}

func TestWhatASignRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		how    func(*agent)
		kind   events.OutcomeKind
		reason events.Reason
	}{
		"MULTI it does not know": {func(a *agent) { a.syntaxBad = true }, events.PermanentFailure, events.ReasonRejected},
		"in local mode":          {func(a *agent) { a.local = true }, events.TransientFailure, events.ReasonForbidden},
		"read only":              {func(a *agent) { a.refuse = gosnmp.NoSuchName }, events.PermanentFailure, events.ReasonForbidden},
		"silent":                 {func(a *agent) { a.silent = true }, events.TransientFailure, events.ReasonTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAgent(t)
			a.be(tc.how)
			c := newChannel(t, a.conn.LocalAddr().String(), newShelf(t))
			_, err := c.Deliver(t.Context(), post(t, c, "market", events.ClassService, "Marché", time.Hour))
			if o := events.OutcomeOf(err); o.Kind != tc.kind || o.Reason != tc.reason {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestMultiIsWhatTheStandardReads(t *testing.T) {
	t.Parallel()
	pages := []panel.Page{{Lines: []string{"A [B]", "", "ÉTÉ"}, Seconds: 4}, {Lines: []string{"PAGE 2"}, Seconds: 400}}
	got, err := ntcip.Multi(pages, panel.Profile{Align: panel.Left})
	if want := "[jp2][jl2][pt40o0]A [[B]][nl][nl]ÉTÉ[np][pt255o0]PAGE 2"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, token := range ntcip.Parse(got) {
		if token.Err != nil {
			t.Errorf("%q: %v", got, token.Err)
		}
	}
	if _, err := ntcip.Multi([]panel.Page{{Lines: []string{"10 €"}}}, panel.Profile{}); err == nil {
		t.Error("a character outside ISO 8859-1 was written")
	}
}

// TestVectors: the recorded vectors of a reader of MULTI written by others, in
// its own notation: Text("…"), Err(…), or a tag.
func TestVectors(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join(eventstest.Corpus(t), "multi", "ntcip1203-parse.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Input string
		Want        []string `json:"expected_rust"`
	}
	if err := json.Unmarshal(body, &cases); err != nil || len(cases) < 20 {
		t.Fatalf("%d vectors, %v", len(cases), err)
	}
	unescape := strings.NewReplacer(`\u{1}`, "\u0001", `\u{FF}`, "\u00FF", `\u{100}`, "\u0100")
	for _, tc := range cases {
		var want []string
		for _, w := range tc.Want {
			switch {
			case w == "None":
			case strings.HasPrefix(w, "Some(Err"):
				want = append(want, "error")
			case strings.Contains(w, `Value::Text("`):
				_, text, _ := strings.Cut(w, `Value::Text("`)
				text, _, _ = strings.Cut(text, `"`)
				want = append(want, "text "+unescape.Replace(text))
			default:
				want = append(want, "tag")
			}
		}
		var got []string
		for _, token := range ntcip.Parse(unescape.Replace(tc.Input)) {
			switch {
			case token.Err != nil:
				got = append(got, "error")
			case token.Tag != "":
				got = append(got, "tag")
			default:
				got = append(got, "text "+token.Text)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q: %q, want %q", tc.Name, tc.Input, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"[[A]][nl]", "[x[x]", "]", "[pt10o2o]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, token := range ntcip.Parse(s) {
			if token.Err == nil && token.Text == "" && token.Tag == "" {
				t.Errorf("%q has an empty token", s)
			}
		}
	})
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", community)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ntcip.New(channel.Spec{Kind: ntcip.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"none": "timeout: 1s", "address": "signs: {a: {address: h, community: c, profile: {rows: 1, columns: 8}}}",
		"community": "signs: {a: {address: \"h:161\", profile: {rows: 1, columns: 8}}}", "profile": "signs: {a: {address: \"h:161\", community: c}}",
		"abbreviations": "abbreviations: \"full,short,rank\\nmarché,mar.,1\"\nsigns: {a: {address: \"h:161\", community: c, profile: {rows: 1, columns: 8}}}",
		"slug":          "signs: {\"a.b\": {address: \"h:161\", community: c, profile: {rows: 1, columns: 8}}}",
	} {
		if _, err := ntcip.New(channel.Spec{Kind: ntcip.Kind, Settings: []byte(text)}, channel.Deps{}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}
