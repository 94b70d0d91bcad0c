package smshttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
)

// intake keeps what channels report, and answers err.
type intake struct {
	said []channel.Later
	err  error
}

func (i *intake) Later(_, _ string, said channel.Later, done func(error)) {
	i.said = append(i.said, said)
	done(i.err)
}

func (i *intake) Shown(context.Context, events.Delivery, string, []events.Recipient) error {
	return nil
}

// desk is a channel on the listener, and where its provider calls.
func desk(t *testing.T, provider string, in *intake, out *[]call.OptOutRequest) (*smshttp.Channel, http.Handler) {
	t.Helper()
	d := deps()
	d.Receipts = in
	d.OptOut = func(_ context.Context, q call.OptOutRequest) (call.OptOutReply, error) {
		*out = append(*out, q)
		return call.OptOutReply{Ended: 1}, nil
	}
	factory := smshttp.NewFactory()
	made, err := factory.New(channel.Spec{Authority: "pessac", ID: "c", Kind: smshttp.Kind, Settings: settings(provider, "https://x.example")}, d)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, h := range factory.Routes(d) {
		mux.Handle(pattern, h)
	}
	c, _ := made.(*smshttp.Channel)
	return c, mux
}

func ask(h http.Handler, address, contentType, body string) int {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, "https://pessac.example"), strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	h.ServeHTTP(w, r)
	return w.Code
}

// TestWhatIsToBeTold: an address that each message carries is told already.
func TestWhatIsToBeTold(t *testing.T) {
	t.Parallel()
	for provider, want := range map[string][]call.InboundKind{
		"twilio": {call.InboundIncoming}, "brevo": {call.InboundIncoming}, "kannel": {call.InboundIncoming}, "smsmode": nil, "ovh": {call.InboundReceipts},
	} {
		c, _ := desk(t, provider, &intake{}, nil)
		var got []call.InboundKind
		for _, at := range c.CalledAt() {
			got = append(got, at.What)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", provider, got, want)
		}
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	for name, tc := range map[string]struct {
		provider, contentType, body string
		want                        channel.Later
	}{
		"twilio, delivered":  {"twilio", form, "MessageSid=SM2&MessageStatus=delivered&To=%2B33612340000", channel.Later{Remote: "SM2", Status: events.StatusDelivered}},
		"twilio, failed":     {"twilio", form, "MessageSid=SM2&MessageStatus=undelivered&ErrorCode=30003", channel.Later{Remote: "SM2", Status: events.StatusFailed, Reason: events.ReasonUnavailable}},
		"twilio, on its way": {"twilio", form, "MessageSid=SM2&MessageStatus=sent", channel.Later{}},
		"brevo, delivered":   {"brevo", asJSON, `{"id":1,"to":"33612340000","messageId":1511882900176220,"msg_status":"delivered","ts_event":1604933737}`, channel.Later{Remote: "1511882900176220", Status: events.StatusDelivered}},
		"brevo, hard bounce": {"brevo", asJSON, `{"messageId":1511882900176220,"msg_status":"hard_bounce"}`, channel.Later{Remote: "1511882900176220", Status: events.StatusFailed, Reason: events.ReasonBadRecipient}},
		"smsmode, off":       {"smsmode", asJSON, `{"messageId":"0f5b","status":{"value":"UNDELIVERED"}}`, channel.Later{Remote: "0f5b", Status: events.StatusFailed, Reason: events.ReasonUnavailable}},
		"smsmode, delivered": {"smsmode", asJSON, `{"messageId":"0f5b","status":{"deliveryDate":"2026-05-04T07:00:00","value":"DELIVERED"}}`, channel.Later{Remote: "0f5b", Status: events.StatusDelivered}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, out := &intake{}, []call.OptOutRequest{}
			c, h := desk(t, tc.provider, in, &out)
			if code := ask(h, c.CallbackURL("receipt"), tc.contentType, tc.body); code != http.StatusNoContent {
				t.Fatalf("answered %d", code)
			}
			if tc.want.Remote == "" {
				if len(in.said) != 0 {
					t.Errorf("said %+v", in.said)
				}
				return
			}
			if len(in.said) != 1 {
				t.Fatalf("said %+v", in.said)
			}
			got := in.said[0]
			if got.At.IsZero() || got.Remote != tc.want.Remote || got.Status != tc.want.Status || got.Reason != tc.want.Reason {
				t.Errorf("said %+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestOVHReports: in the query of the one address that the account has.
func TestOVHReports(t *testing.T) {
	t.Parallel()
	for ptt, want := range map[string]channel.Later{
		"3":  {},
		"4":  {Status: events.StatusDelivered},
		"23": {Status: events.StatusFailed, Reason: events.ReasonBadRecipient},
		"24": {Status: events.StatusFailed, Reason: events.ReasonUnavailable},
	} {
		in, out := &intake{}, []call.OptOutRequest{}
		c, h := desk(t, "ovh", in, &out)
		query := "?id=27814656&ptt=" + ptt + "&date=2026-05-04+09%3A00%3A00&description=1&descriptionDlr=x"
		if code := ask(h, c.CallbackURL("receipt")+query, "", ""); code != http.StatusNoContent {
			t.Errorf("%s: answered %d", ptt, code)
		}
		switch {
		case want.Status == "" && len(in.said) == 0:
		case len(in.said) != 1:
			t.Errorf("%s: said %+v", ptt, in.said)
		case in.said[0].Remote != "27814656" || in.said[0].Status != want.Status || in.said[0].Reason != want.Reason:
			t.Errorf("%s: said %+v", ptt, in.said[0])
		}
	}
}

// TestStopAmongReports: Brevo calls one address for all that becomes of a message.
func TestStopAmongReports(t *testing.T) {
	t.Parallel()
	for body, ends := range map[string]bool{
		`{"to":"33612340000","messageId":42,"msg_status":"replied","reply":"STOP"}`:  true,
		`{"to":"33612340000","messageId":42,"msg_status":"replied","reply":"Merci"}`: false,
		`{"to":"33612340000","messageId":42,"msg_status":"unsubscribe"}`:             true,
		`{"to":"33612340000","messageId":42,"msg_status":"accepted"}`:                false,
	} {
		in, out := &intake{}, []call.OptOutRequest{}
		c, h := desk(t, "brevo", in, &out)
		if code := ask(h, c.CallbackURL("receipt"), "application/json", body); code != http.StatusNoContent {
			t.Errorf("%s: answered %d", body, code)
		}
		if len(in.said) != 0 || (len(out) == 1) != ends || ends && out[0].Address.Reveal() != number {
			t.Errorf("%s: said %+v, left %+v", body, in.said, out)
		}
	}
}

func TestAReceiptThatCannotBeStoredComesAgain(t *testing.T) {
	t.Parallel()
	in, out := &intake{err: events.Transient(events.ReasonUnavailable, errors.New("stopping"), time.Second)}, []call.OptOutRequest{}
	c, h := desk(t, "twilio", in, &out)
	if code := ask(h, c.CallbackURL("receipt"), "application/x-www-form-urlencoded", "MessageSid=SM2&MessageStatus=delivered"); code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", code)
	}
}

func TestOnlyTheProviderReports(t *testing.T) {
	t.Parallel()
	in, out := &intake{}, []call.OptOutRequest{}
	c, h := desk(t, "twilio", in, &out)
	right := c.CallbackURL("receipt")
	for name, address := range map[string]string{
		"wrong token":   "https://pessac.example/sms/pessac/c/00000000000000000000000000000000/receipt",
		"other channel": strings.Replace(right, "/c/", "/d/", 1),
		"nothing such":  strings.Replace(right, "/receipt", "/other", 1),
	} {
		if code := ask(h, address, "application/x-www-form-urlencoded", "MessageSid=SM2&MessageStatus=delivered"); code != http.StatusNotFound {
			t.Errorf("%s: answered %d", name, code)
		}
	}
	if len(in.said) != 0 {
		t.Errorf("said %+v", in.said)
	}
	if strings.Contains(right, secret) {
		t.Error("the address shows the secret")
	}
}

func TestBadCallsAreRefused(t *testing.T) {
	t.Parallel()
	in, out := &intake{}, []call.OptOutRequest{}
	c, h := desk(t, "smsmode", in, &out)
	for name, body := range map[string]string{
		"not JSON": "<xml/>", "no ID": `{"status":{"value":"DELIVERED"}}`, "too large": `{"messageId":"` + strings.Repeat("x", 70<<10) + `"}`,
	} {
		if code := ask(h, c.CallbackURL("receipt"), "application/json", body); code != http.StatusBadRequest {
			t.Errorf("%s: answered %d", name, code)
		}
	}
}

func TestStopTakesOff(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		provider, contentType, body string
		ends                        bool
	}{
		"twilio":           {"twilio", "application/x-www-form-urlencoded", "From=%2B33612340000&Body=Arr%C3%AAt", true},
		"smsmode":          {"smsmode", "application/json", `{"from":"33612340000","body":{"text":"stop"}}`, true},
		"brevo":            {"brevo", "application/json", `{"to":"33612340000","msg_status":"replied","reply":"STOP"}`, true},
		"another text":     {"twilio", "application/x-www-form-urlencoded", "From=%2B33612340000&Body=Merci+!", false},
		"without a number": {"twilio", "application/x-www-form-urlencoded", "Body=STOP", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, out := &intake{}, []call.OptOutRequest{}
			c, h := desk(t, tc.provider, in, &out)
			if code := ask(h, c.CallbackURL("incoming"), tc.contentType, tc.body); code != http.StatusNoContent {
				t.Fatalf("answered %d", code)
			}
			if (len(out) == 1) != tc.ends {
				t.Fatalf("opt-outs %+v", out)
			}
			if tc.ends && (out[0].Address.Reveal() != number || out[0].Kind != smshttp.ContactKind || out[0].Authority != "pessac") {
				t.Errorf("opt-out %+v of %s", out[0], out[0].Address.Reveal())
			}
		})
	}
}
