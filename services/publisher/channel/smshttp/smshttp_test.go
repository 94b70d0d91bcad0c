package smshttp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

const (
	secret = "very-secret-application"
	ck     = "very-secret-consumer"
	number = "+33612340000"
)

var update = channeltest.Update()

func deps() channel.Deps {
	return channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client(), PublicURL: "https://pessac.example"}
}

func settings(provider, base string, more ...string) []byte {
	return []byte(fmt.Sprintf("provider: %s\nbase_url: %s\nsender: MAIRIE\nsecret: %s\nconsumer_key: %s\nper_second: 1000\nparams: {service: sms-ab1-1, application_key: app-key, account: AC1, username: crieur}\n%s",
		provider, base, secret, ck, strings.Join(more, "\n")))
}

func newChannel(t *testing.T, provider, base string, more ...string) *smshttp.Channel {
	t.Helper()
	c, err := smshttp.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: settings(provider, base, more...)}, deps())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGolden(t *testing.T) {
	channeltest.Golden(t, newChannel(t, "ovh", "https://x.example", `mentions: {service: "Désabo {unsubscribe}"}`), *update)
}

// accepted is what each provider's documentation says of a message it takes.
func accepted(provider string) (status int, body, id string) {
	switch provider {
	case "ovh":
		return 200, `{"totalCreditsRemoved":1,"invalidReceivers":[],"ids":[27814656],"validReceivers":["+33612340000"]}`, "27814656"
	case "brevo":
		return 201, `{"reference":"ab1cde2fgh3i4jklmno","messageId":1511882900176220,"smsCount":2,"usedCredits":0.7,"remainingCredits":82.85}`, "1511882900176220"
	case "kannel":
		return 202, "0: Accepted for delivery", ""
	case "smsmode":
		return 201, `{"messageId":"0f5ba6ba-2e2f-4d2c-9d77-1b5b1f0d9f6a","acceptedAt":"2026-05-04T07:00:00","status":{"deliveryDate":null,"value":"ENROUTE"}}`, "0f5ba6ba-2e2f-4d2c-9d77-1b5b1f0d9f6a"
	}
	return 201, `{"sid":"SM2","status":"queued","num_segments":"1","error_code":null}`, "SM2"
}

func answering(provider string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/time" {
			fmt.Fprint(w, time.Now().Unix())
			return
		}
		status, body, _ := accepted(provider)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestContract(t *testing.T) {
	for _, provider := range smshttp.Providers() {
		t.Run(provider, func(t *testing.T) {
			channeltest.Run(t, channeltest.Suite{
				Secrets: []string{secret, ck, "612340000"},
				Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
					t.Helper()
					base := channeltest.HTTP(t, f, answering(provider))
					more := []string{}
					if provider == "ovh" && f != channeltest.OK {
						// The fault is of the messages, not of the clock.
						more = append(more, "provider_file: "+withoutClock(t))
						c, err := smshttp.New(channel.Spec{
							Authority: "pessac", ID: "c", Kind: smshttp.Kind,
							Settings: []byte(strings.Replace(string(settings("ovh", base, more...)), "provider: ovh\n", "", 1)),
						}, deps())
						if err != nil {
							t.Fatal(err)
						}
						return &channeltest.Scene{Channel: c, Contact: number}
					}
					return &channeltest.Scene{Channel: newChannel(t, provider, base, more...), Contact: number}
				},
			})
		})
	}
}

// withoutClock is the OVH file that asks for no time.
func withoutClock(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("providers/ovh.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(body), "  clock: /auth/time\n", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// asked is a request that a provider got.
type asked struct {
	Method, Path, Body string
	Header             http.Header
}

func record(t *testing.T, provider string) (base string, got func() asked) {
	t.Helper()
	var mu sync.Mutex
	var last asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodGet {
			mu.Lock()
			last = asked{r.Method, r.URL.Path, string(body), r.Header}
			mu.Unlock()
		}
		answering(provider)(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() asked { mu.Lock(); defer mu.Unlock(); return last }
}

func deliver(t *testing.T, c *smshttp.Channel, class events.Class, to ...string) []channel.Result {
	t.Helper()
	p := channeltest.Publication()
	p.Class = class
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	contacts := make([]call.Contact, len(to))
	for i, a := range to {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(a), Unsubscribe: "/d/abcdefgh12345678"}
	}
	results := make([]channel.Result, len(to))
	d := events.Delivery{ID: "d1", Class: class, Rendition: r, Expires: time.Now().Add(2 * time.Hour)}
	c.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) { results[i] = r })
	return results
}

func TestRequestsAreAsTheProvidersWriteThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		provider, path string
		header         [2]string
		want           map[string]string // of the body, by JSON path or form field
		units          int
	}{
		{"ovh", "/sms/sms-ab1-1/jobs", [2]string{"X-Ovh-Application", "app-key"}, map[string]string{
			"receivers.0": number, "sender": "MAIRIE", "noStopClause": "true", "priority": "high", "coding": "7bit",
		}, 1},
		{"brevo", "/transactionalSMS/send", [2]string{"Api-Key", secret}, map[string]string{
			"recipient": "33612340000", "sender": "MAIRIE", "type": "transactional", "unicodeEnabled": "false",
		}, 2},
		{"smsmode", "/messages", [2]string{"X-Api-Key", secret}, map[string]string{
			"recipient.to": "33612340000", "from": "MAIRIE",
		}, 1},
		{"twilio", "/Accounts/AC1/Messages.json", [2]string{"Content-Type", "application/x-www-form-urlencoded"}, map[string]string{
			"To": number, "From": "MAIRIE",
		}, 1},
	} {
		t.Run(tc.provider, func(t *testing.T) {
			t.Parallel()
			base, got := record(t, tc.provider)
			c := newChannel(t, tc.provider, base, "cost_micro_eur: 50000")
			r := deliver(t, c, events.ClassAlert, number)[0]
			_, _, id := accepted(tc.provider)
			if r.Outcome.Kind != events.Done || r.Remote != id || r.Units != tc.units || r.CostMicroEUR != int64(tc.units)*50000 || r.Delivered {
				t.Fatalf("result %+v", r)
			}
			a := got()
			if a.Method != http.MethodPost || a.Path != tc.path || a.Header.Get(tc.header[0]) != tc.header[1] {
				t.Errorf("asked %s %s %v", a.Method, a.Path, a.Header)
			}
			fields := flat(t, tc.provider, a.Body)
			for path, want := range tc.want {
				if fields[path] != want {
					t.Errorf("%s: %q, want %q in %s", path, fields[path], want, a.Body)
				}
			}
			if !strings.Contains(strings.Join(slices.Collect(values(fields)), "\n"), "Coupure d'eau & travaux") {
				t.Errorf("the text is not in %v", fields)
			}
		})
	}
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// flat reads a body into paths and values.
func flat(t *testing.T, provider, body string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if provider == "twilio" {
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		for k := range form {
			out[k] = form.Get(k)
		}
		return out
	}
	var doc any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, w := range v {
				walk(strings.TrimPrefix(prefix+"."+k, "."), w)
			}
		case []any:
			for i, w := range v {
				walk(fmt.Sprint(prefix, ".", i), w)
			}
		default:
			out[prefix] = fmt.Sprint(v)
		}
	}
	walk("", doc)
	return out
}

// TestOVHSignature: github.com/ovh/go-ovh signs the same request the same way.
func TestOVHSignature(t *testing.T) {
	t.Parallel()
	base, got := record(t, "ovh")
	c := newChannel(t, "ovh", base)
	if r := deliver(t, c, events.ClassService, number)[0]; r.Outcome.Kind != events.Done {
		t.Fatalf("%+v", r)
	}
	ours := got()
	theirs, err := ovh.NewClient(base, "app-key", secret, ck)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // until both fall in one second
		if err := theirs.Post("/sms/sms-ab1-1/jobs", json.RawMessage(ours.Body), nil); err != nil {
			t.Fatal(err)
		}
		if a := got(); a.Header.Get("X-Ovh-Timestamp") == ours.Header.Get("X-Ovh-Timestamp") && a.Body == ours.Body {
			if a.Header.Get("X-Ovh-Signature") != ours.Header.Get("X-Ovh-Signature") || a.Header.Get("X-Ovh-Consumer") != ours.Header.Get("X-Ovh-Consumer") {
				t.Errorf("signatures differ: %v and %v", a.Header, ours.Header)
			}
			return
		} else if a.Body != ours.Body {
			t.Fatalf("bodies differ:\n%s\n%s", a.Body, ours.Body)
		}
		deliver(t, c, events.ClassService, number)
		ours = got()
	}
	t.Fatal("never in the same second")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		provider string
		status   int
		body     string
		want     events.Outcome
	}{
		"ovh: not a number":       {"ovh", 200, `{"invalidReceivers":["+33100000000"],"ids":[],"validReceivers":[]}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonBadRecipient}},
		"ovh: wrong key":          {"ovh", 403, `{"errorCode":"INVALID_CREDENTIAL","message":"This credential is not valid"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonForbidden}},
		"ovh: clocks apart":       {"ovh", 403, `{"errorCode":"QUERY_TIME_OUT"}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonUnavailable, RetryAfter: time.Minute}},
		"brevo: no credits":       {"brevo", 402, `{"code":"not_enough_credits"}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonUnavailable, RetryAfter: 5 * time.Minute}},
		"brevo: not a number":     {"brevo", 400, `{"code":"invalid_parameter","message":"Invalid telephone number"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonBadRecipient}},
		"brevo: wrong sender":     {"brevo", 400, `{"code":"invalid_parameter","message":"Sender is invalid"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonRejected}},
		"smsmode: wrong key":      {"smsmode", 401, `{}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized}},
		"smsmode: broken gateway": {"smsmode", 502, `<html>`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"twilio: not a number":    {"twilio", 400, `{"code":21211,"status":400}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonBadRecipient}},
		"twilio: said stop":       {"twilio", 400, `{"code":21610,"status":400}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonOptedOut}},
		"twilio: no ID":           {"twilio", 201, `{}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"brevo: not JSON":         {"brevo", 201, `ok`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/auth/time" {
					fmt.Fprint(w, time.Now().Unix())
					return
				}
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			t.Cleanup(s.Close)
			if r := deliver(t, newChannel(t, tc.provider, s.URL), events.ClassService, number)[0]; r.Outcome != tc.want {
				t.Errorf("%+v, want %+v", r.Outcome, tc.want)
			}
		})
	}
}

func TestABatchHasAResultEachAndItsOwnLink(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	texts := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		mu.Lock()
		texts[r.Form.Get("To")] = r.Form.Get("Body")
		mu.Unlock()
		if strings.HasSuffix(r.Form.Get("To"), "1") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":21211}`)
			return
		}
		fmt.Fprint(w, `{"sid":"SM`+r.Form.Get("To")+`"}`)
	}))
	t.Cleanup(s.Close)
	c := newChannel(t, "twilio", s.URL, `mentions: {service: "Désabo {unsubscribe}"}`)
	got := deliver(t, c, events.ClassService, "+33600000000", "+33600000001", "+33600000002")
	for i, want := range []events.Reason{"", events.ReasonBadRecipient, ""} {
		if got[i].Outcome.Reason != want {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
	if !strings.Contains(texts["+33600000002"], "https://pessac.example/d/abcdefgh12345678") {
		t.Errorf("texts %v", texts)
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", secret)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := smshttp.New(channel.Spec{Kind: smshttp.Kind, Settings: example}, deps()); err != nil {
		t.Error(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("name: own\nbase: https://h\nauth: {kind: header, name: k, value: \"{{.Nope}}\"}\nrequest: {method: POST, path: /}\nanswer: {id: id}\nrate: {count: parts, per_second: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no provider":      "sender: M\nsecret: s",
		"unknown provider": "provider: nobody\nsender: M\nsecret: s",
		"both":             "provider: brevo\nprovider_file: x\nsender: M\nsecret: s",
		"no secret":        "provider: brevo\nsender: M",
		"no sender":        "provider: brevo\nsecret: s",
		"a parameter":      "provider: twilio\nsender: M\nsecret: s",
		"no consumer key":  "provider: ovh\nsender: M\nsecret: s\nparams: {service: a, application_key: b}",
		"wrong template":   "provider_file: " + bad + "\nsender: M\nsecret: s",
	} {
		if _, err := smshttp.New(channel.Spec{Kind: smshttp.Kind, Settings: []byte(text)}, deps()); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}
