package webhook_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/webhook"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	older  = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var update = channeltest.Update()

func newChannel(t *testing.T, url string, more ...string) *webhook.Channel {
	t.Helper()
	settings := "url: " + url + "/hook?token=in-the-address\nsecret: " + secret + "\n" + strings.Join(more, "\n")
	c, err := webhook.New(channel.Spec{Authority: "pessac", ID: "c", Kind: webhook.Kind, Settings: []byte(settings)}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*webhook.Channel)
	return made
}

func TestGolden(t *testing.T) {
	channeltest.Golden(t, newChannel(t, "https://si.example"), *update)
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{secret, strings.TrimPrefix(secret, "whsec_"), "in-the-address"},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
			return &channeltest.Scene{Channel: newChannel(t, url)}
		},
	})
}

func post(t *testing.T, c *webhook.Channel, id string, action events.Action) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	if action == events.ActionWithdraw {
		p.MsgType, p.Revision = events.MsgCancel, 2
	}
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{
		ID: id, Publication: p.ID, Authority: p.Authority, Stream: p.Stream, Action: action, Rendition: r, CreatedAt: time.Now(),
	}}
}

// received is what npm cloudevents read.
type received struct {
	Event, Error, ID, Type, Source, Subject, WebhookID string
	Data                                               webhook.Notice
}

func TestReadByCloudEventsAndStandardWebhooks(t *testing.T) {
	t.Parallel()
	peer := eventstest.NodePeer(t, "receiver.js", secret)
	n := 0
	for _, mode := range []string{webhook.Structured, webhook.Binary} {
		c := newChannel(t, "http://"+peer.Addr, "mode: "+mode)
		for _, one := range []struct {
			action events.Action
			send   func(channel.Post) (channel.Result, error)
			kind   string
		}{
			{events.ActionPublish, func(p channel.Post) (channel.Result, error) { return c.Deliver(t.Context(), p) }, webhook.TypePublished},
			{events.ActionUpdate, func(p channel.Post) (channel.Result, error) { return c.Update(t.Context(), p) }, webhook.TypeUpdated},
			{events.ActionWithdraw, func(p channel.Post) (channel.Result, error) { return c.Withdraw(t.Context(), p) }, webhook.TypeWithdrawn},
		} {
			id := "d-" + mode + "-" + string(one.action)
			if r, err := one.send(post(t, c, id, one.action)); err != nil || r.Remote != id {
				t.Fatalf("%s: %+v, %v", id, r, err)
			}
			var got received
			peer.Hear(t, n, &got)
			n++
			if got.Event != "received" || got.ID != id || got.WebhookID != id || got.Type != one.kind ||
				got.Source != "/authority/pessac/stream/voirie" || got.Subject != channeltest.Publication().ID {
				t.Errorf("%s: the peer read %+v", id, got)
			}
			if got.Data.Content.Title != channeltest.Publication().Content.Title || got.Data.Link == "" {
				t.Errorf("%s: data %+v", id, got.Data)
			}
		}
	}
}

func TestASecretIsReplacedWithoutALoss(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		knows string
		more  []string
		ok    bool
	}{
		"the receiver knows the old one": {older, []string{"previous_secret: " + older}, true},
		"the receiver knows the new one": {secret, []string{"previous_secret: " + older}, true},
		"the receiver knows another":     {older, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := eventstest.NodePeer(t, "receiver.js", tc.knows)
			c := newChannel(t, "http://"+peer.Addr, tc.more...)
			_, err := c.Deliver(t.Context(), post(t, c, "d1", events.ActionPublish))
			if o := events.OutcomeOf(err); tc.ok && err != nil || !tc.ok && o.Reason != events.ReasonUnauthorized {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]events.Outcome{
		200: {},
		204: {},
		302: {Kind: events.PermanentFailure, Reason: events.ReasonInvalidConfig},
		401: {Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized},
		404: {Kind: events.PermanentFailure, Reason: events.ReasonNotFound},
		410: {Kind: events.PermanentFailure, Reason: events.ReasonNotFound},
		429: {Kind: events.TransientFailure, Reason: events.ReasonRateLimited, RetryAfter: 3 * time.Second},
		502: {Kind: events.TransientFailure, Reason: events.ReasonAmbiguous, RetryAfter: 3 * time.Second},
		503: {Kind: events.TransientFailure, Reason: events.ReasonUnavailable, RetryAfter: 3 * time.Second},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		c := newChannel(t, s.URL)
		_, err := c.Deliver(t.Context(), post(t, c, "d1", events.ActionPublish))
		if got := events.OutcomeOf(err); got != want {
			t.Errorf("%d: %+v, want %+v", status, got, want)
		}
		s.Close()
	}
}

func TestThePublicationKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	p := channeltest.Publication()
	p.By, p.Reason = []string{"officer-jeanne"}, "internal remark"
	r, err := newChannel(t, "https://si.example").Render(p, channeltest.Profile())
	if err != nil || strings.Contains(string(r.Body), "jeanne") || strings.Contains(string(r.Body), "internal remark") {
		t.Errorf("%s, %v", r.Body, err)
	}
	if !json.Valid(r.Body) {
		t.Error("the data is not JSON")
	}
}

func TestBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", secret)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	deps := channel.Deps{HTTP: http.DefaultClient, Now: time.Now}
	if _, err := webhook.New(channel.Spec{Kind: webhook.Kind, Settings: example}, deps); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no url":       "secret: " + secret,
		"no secret":    "url: https://h/",
		"only the old": "url: https://h/\nprevious_secret: " + older,
		"short secret": "url: https://h/\nsecret: whsec_c2hvcnQ=",
		"not base64":   "url: https://h/\nsecret: whsec_***",
		"mode":         "url: https://h/\nmode: batched\nsecret: " + secret,
		"scheme":       "url: ftp://h/\nsecret: " + secret,
	} {
		_, err := webhook.New(channel.Spec{Kind: webhook.Kind, Settings: []byte(text)}, deps)
		if events.OutcomeOf(err).Reason != events.ReasonInvalidConfig || strings.Contains(err.Error(), "whsec_M") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
