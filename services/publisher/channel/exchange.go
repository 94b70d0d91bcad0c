package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/crieur/crieur/events"
)

// maxAnswerBytes bounds what is read of a provider's answer.
const maxAnswerBytes = 4 << 20

// Exchange is one HTTP request to a provider.
type Exchange struct {
	Name   string // for errors, instead of the address, which may hold a secret
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Answer is what the provider said.
type Answer struct {
	Name   string
	Status int
	Header http.Header
	Body   []byte // at most 4 MiB
}

// Do makes the request and reads the answer, whatever its status: Verdict tells
// what it means. A request that was written and whose answer is lost is
// ambiguous, unless it is a GET. Redirects are not followed: they would carry
// the text and the token elsewhere.
func (e Exchange) Do(ctx context.Context, client *http.Client) (Answer, error) {
	answer := Answer{Name: e.Name}
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(e.Method != http.MethodGet) }})
	req, err := http.NewRequestWithContext(ctx, e.Method, e.URL, bytes.NewReader(e.Body))
	if err != nil {
		return answer, events.Permanentf(events.ReasonInvalidConfig, "%s: the address cannot be used", e.Name)
	}
	for name, values := range e.Header {
		req.Header[name] = values
	}
	resp, err := NoRedirect(client).Do(req)
	if err != nil {
		return answer, FromNetwork(e.hide(err), wrote.Load())
	}
	answer.Status, answer.Header = resp.StatusCode, resp.Header
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err = errors.Join(err, resp.Body.Close()); err != nil && resp.StatusCode < 300 {
		return answer, FromNetwork(e.hide(err), wrote.Load())
	}
	return answer, nil
}

// NoRedirect returns client without following redirects: they would carry the
// text and the token elsewhere. nil is http.DefaultClient.
func NoRedirect(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	stay := *client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &stay
}

// hide leaves the address out of an error.
func (e Exchange) hide(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%s: %w", e.Name, err)
}

// Verdict is the meaning of the status. The answer's text is not kept: it may
// quote the message.
func (a Answer) Verdict(now time.Time) error {
	o := ReasonOfStatus(a.Status)
	err := fmt.Errorf("%s: the provider answers %d", a.Name, a.Status)
	switch o.Kind {
	case events.Done:
		return nil
	case events.PermanentFailure:
		return events.Permanent(o.Reason, err)
	}
	return events.Transient(o.Reason, err, RetryAfter(a.Header, now))
}

// Decode reads the answer as JSON. One that cannot be read came after the
// provider accepted, so that it is ambiguous.
func (a Answer) Decode(into any) error {
	if json.Unmarshal(a.Body, into) != nil {
		return events.Transient(events.ReasonAmbiguous, fmt.Errorf("%s: the answer is not what its documentation says", a.Name), 0)
	}
	return nil
}

// Repeatable is for what may be done twice, an edit, a deletion or a question:
// a lost answer is then no ambiguity.
func Repeatable(err error) error {
	if o := events.OutcomeOf(err); o.Kind == events.TransientFailure && o.Reason == events.ReasonAmbiguous {
		return events.Transient(events.ReasonUnavailable, err, o.RetryAfter)
	}
	return err
}

// errNeverPosted is what a Reconciler that looked far enough says.
var errNeverPosted = errors.New("it was never posted")

// NeverPosted is a Reconciler's answer once it has seen everything published
// since the delivery was made, and ours is not there.
func NeverPosted(kind string) error {
	return events.Permanentf(events.ReasonTimeout, "%s: %w", kind, errNeverPosted)
}

// WasNeverPosted reports whether err is NeverPosted.
func WasNeverPosted(err error) bool { return errors.Is(err, errNeverPosted) }
