package feed

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // hubs sign with it; an HMAC of it holds
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// leaseAsked is what is asked of a hub; it decides.
	leaseAsked = 10 * 24 * time.Hour
	// leaseUnknown is how long one is trusted of which the hub says 0 or nothing.
	leaseUnknown = 24 * time.Hour
	// askAgain is the least time between two requests to a hub.
	askAgain = 6 * time.Hour
	// leastRenewal keeps a hub of short leases from having us ask all day.
	leastRenewal = 10 * time.Minute
	// missesAllowed is how many changes in a row may be found by polling and were
	// not pushed, before the hub is taken for silent and asked anew.
	missesAllowed = 3
)

// subscription is what is known of a hub; the two faces of a feed share it.
type subscription struct {
	Hub   string `json:"hub"`
	Topic string `json:"topic"`
	// Token makes the callback's address one that only the hub knows.
	Token  string    `json:"token"`
	Secret string    `json:"secret"`
	Asked  time.Time `json:"asked,omitzero"`
	// Until is the end of the lease, zero before the hub verified our intent.
	Until  time.Time     `json:"until,omitzero"`
	Lease  time.Duration `json:"lease,omitempty"`
	Pushed time.Time     `json:"pushed,omitzero"`
	Misses int           `json:"misses,omitempty"`
	// Refused says that the hub does not want us.
	Refused bool `json:"refused,omitempty"`
}

// renew is when the hub is to be asked: at first, when two thirds of the lease are
// over, and again after a while when it did not answer or is silent. Zero for never.
func (s subscription) renew() time.Time {
	granted := s.Lease > 0 && !s.Asked.After(s.Until.Add(-s.Lease))
	switch {
	case s.Hub == "":
		return time.Time{}
	case s.Asked.IsZero():
		return time.Unix(0, 0)
	case granted && s.Misses < missesAllowed:
		return s.Asked.Add(max(s.Lease-s.Lease/3, leastRenewal))
	case granted || s.Lease == 0:
		return s.Asked.Add(askAgain)
	}
	return s.Asked.Add(min(askAgain, max(s.Lease/6, leastRenewal)))
}

func (f *Feed) amend(ctx context.Context, change func(s *subscription) bool) (subscription, error) {
	return source.Amend(ctx, f.deps.Memory, "websub."+f.spec, change)
}

// listen keeps a subscription to the feed's hub. res is nil where the feed did not
// change, or could not be read: a lease must outlive that. Polling goes on whatever
// becomes of it, so that nothing here is an error of the feed.
func (f *Feed) listen(ctx context.Context, res *fetch.Response) {
	if f.callback == "" || f.deps.Memory == nil || res == nil && f.heard.Load() == hubless {
		return
	}
	var hub, topic string
	if res != nil {
		hub, topic = discover(res)
	}
	now, ask := f.deps.Now(), false
	s, err := f.amend(ctx, func(s *subscription) bool {
		before := *s
		if res != nil {
			if hub != s.Hub || topic != s.Topic {
				*s = subscription{Hub: hub, Topic: topic}
			}
			if f.missed(*s) {
				s.Misses++
			}
		}
		renew := s.renew()
		if ask = !renew.IsZero() && !now.Before(renew); ask {
			s.Token, s.Secret = cmp.Or(s.Token, rand.Text()), cmp.Or(s.Secret, rand.Text())
			s.Asked, s.Misses = now, 0
		}
		return *s != before
	})
	if res != nil {
		f.polled = now
	}
	if err != nil {
		return
	}
	if s.Hub == "" {
		f.heard.Store(hubless)
	} else {
		f.heard.Store(hubbed)
	}
	if ask {
		s = f.subscribe(ctx, s)
	}
	f.lease.Store(&s)
}

// Lease implements source.Leased: a hub that does not answer leaves a lease to end.
func (f *Feed) Lease() source.Lease {
	s := f.lease.Load()
	if s == nil || s.Hub == "" {
		return source.Lease{}
	}
	return source.Lease{
		Ends: s.Until, Renew: s.renew(), Refused: s.Refused,
		Late: s.Lease > leastRenewal && f.deps.Now().After(s.Until.Add(-s.Lease/6)),
	}
}

// missed reports whether a change found by polling should have been pushed.
func (f *Feed) missed(s subscription) bool {
	return !s.Until.IsZero() && f.deps.Now().Before(s.Until) && !f.polled.IsZero() && s.Pushed.Before(f.polled)
}

// subscribe asks the hub (WebSub §5.1), which verifies before or after it answers.
// It returns what is then known of it.
func (f *Feed) subscribe(ctx context.Context, s subscription) subscription {
	form := url.Values{
		"hub.mode": {"subscribe"}, "hub.topic": {s.Topic}, "hub.callback": {f.callback + "?k=" + s.Token},
		"hub.secret": {s.Secret}, "hub.lease_seconds": {strconv.Itoa(int(leaseAsked.Seconds()))},
	}
	_, err := f.deps.HTTP.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: s.Hub, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	var answer *fetch.Error
	refused := errors.As(err, &answer) && answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusTooManyRequests
	now, err := f.amend(ctx, func(now *subscription) bool { // the hub may have verified meanwhile
		if now.Token != s.Token || now.Refused == refused {
			return false
		}
		now.Refused = refused
		return true
	})
	if err != nil {
		return s
	}
	return now
}

// Serve implements source.Server: the callback.
func (f *Feed) Serve(w http.ResponseWriter, r *http.Request, publish func(context.Context, []source.Record) error) {
	if f.callback == "" || f.deps.Memory == nil {
		http.Error(w, "no such source", http.StatusNotFound)
		return
	}
	s, err := f.amend(r.Context(), func(*subscription) bool { return false })
	if err != nil {
		http.Error(w, string(events.ReasonUnavailable), http.StatusServiceUnavailable)
		return
	}
	if s.Token == "" || subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("k")), []byte(s.Token)) != 1 {
		http.Error(w, "no such source", http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet {
		f.verify(w, r, s)
		return
	}
	f.receive(w, r, s, publish)
}

// verify answers a hub that asks whether we meant it (WebSub §5.3), or that ends
// the subscription (§5.2).
func (f *Feed) verify(w http.ResponseWriter, r *http.Request, s subscription) {
	q := r.URL.Query()
	now := f.deps.Now()
	switch mode := q.Get("hub.mode"); {
	case q.Get("hub.topic") != s.Topic:
		http.Error(w, "not a topic of ours", http.StatusNotFound)
	case mode == "denied":
		f.answer(w, r, s.Token, "", func(s *subscription) { // asked again later
			s.Until, s.Lease, s.Refused = time.Time{}, 0, true
		})
	case mode == "subscribe" && q.Get("hub.challenge") != "":
		seconds, err := strconv.ParseInt(q.Get("hub.lease_seconds"), 10, 32)
		lease := time.Duration(seconds) * time.Second
		if err != nil || lease <= 0 {
			lease = leaseUnknown
		}
		f.answer(w, r, s.Token, q.Get("hub.challenge"), func(s *subscription) {
			s.Lease, s.Asked, s.Until, s.Misses, s.Refused = lease, now, now.Add(lease), 0, false
		})
	default: // we never unsubscribe: a lease ends by itself
		http.Error(w, "not asked for", http.StatusNotFound)
	}
}

// answer says text once what it means is kept of the subscription of a token.
func (f *Feed) answer(w http.ResponseWriter, r *http.Request, token, text string, change func(s *subscription)) {
	s, err := f.amend(r.Context(), func(s *subscription) bool {
		if s.Token != token {
			return false
		}
		change(s)
		return true
	})
	if err != nil {
		http.Error(w, string(events.ReasonUnavailable), http.StatusServiceUnavailable)
		return
	}
	f.lease.Store(&s)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(text))
}

// receive takes what the hub distributes (WebSub §7): a feed, whole or in part.
func (f *Feed) receive(w http.ResponseWriter, r *http.Request, s subscription, publish func(context.Context, []source.Record) error) {
	body, err := source.ReadBody(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err := signed(r.Header.Get("X-Hub-Signature"), s.Secret, body); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	records, err := Parse(body, Options{ContentType: r.Header.Get("Content-Type"), URL: s.Topic, Zone: f.zone})
	if err != nil { // a hub only announces, or sends a form we do not read: polling will
		if len(bytes.TrimSpace(body)) > 0 {
			refused := events.Permanent(events.ReasonInvalidContent, &source.InvalidError{Source: fetch.Redact(s.Hub), Body: body, Err: err})
			_ = publish(r.Context(), []source.Record{{Refused: refused}}) // the hub is told in any case
		}
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err := publish(r.Context(), records); err != nil {
		http.Error(w, string(events.OutcomeOf(err).Reason), http.StatusServiceUnavailable)
		return
	}
	now := f.deps.Now()
	_, _ = f.amend(r.Context(), func(s *subscription) bool { // it only counts silence
		s.Pushed, s.Misses = now, 0
		return true
	})
	w.WriteHeader(http.StatusAccepted)
}

// signed checks X-Hub-Signature, method=hexadecimal (WebSub §7.1).
func signed(header, secret string, body []byte) error {
	method, text, _ := strings.Cut(strings.TrimSpace(header), "=")
	var algorithm func() hash.Hash
	switch method {
	case "sha1":
		algorithm = sha1.New
	case "sha256":
		algorithm = sha256.New
	case "sha384":
		algorithm = sha512.New384
	case "sha512":
		algorithm = sha512.New
	default:
		return errors.New("X-Hub-Signature: sha1, sha256, sha384 or sha512 is required")
	}
	given, err := hex.DecodeString(text)
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write(body)
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return fmt.Errorf("X-Hub-Signature: not the signature of this body")
	}
	return nil
}
