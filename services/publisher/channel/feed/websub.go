package feed

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Subscriptions are kept on the shelf, as what expires.
const (
	hubKind      = "websub"
	hubEndpoint  = "subscriber"
	hubPath      = "/feeds/hub"
	defaultLease = 10 * 24 * time.Hour
	minLease     = 5 * time.Minute
	maxLease     = 30 * 24 * time.Hour
)

// Bounds of what strangers may ask.
const (
	maxSubscribers   = 10_000 // of one authority
	maxWaiting       = 64     // requests of one authority to be verified
	verifiers        = 4
	maxCallbackBytes = 2048
	maxSecretBytes   = 200 // WebSub, 5.1: less than 200
	maxFormBytes     = 16 << 10
)

// subscription is one reader of one feed that asked to be told.
type subscription struct {
	Topic    string    `json:"topic"`
	Callback string    `json:"callback"`
	Secret   string    `json:"secret,omitempty"`
	Sent     string    `json:"sent"`            // ETag of what it has
	Tries    int       `json:"tries,omitempty"` // that failed, of what it has not
	RetryAt  time.Time `json:"retryAt,omitzero"`
}

func (s subscription) id() string { return events.NewID("websub", s.Topic, s.Callback) }

// request is a change of subscription to be verified.
type request struct {
	sub       subscription
	authority string
	subscribe bool
	lease     time.Duration
}

// hub is a WebSub hub for the installation's own feeds
// (https://www.w3.org/TR/websub/). It is safe for concurrent use.
type hub struct {
	deps   channel.Deps
	feeds  *server
	client *http.Client
	retry  time.Duration // after the first failure

	mu      sync.Mutex
	turns   map[string]chan struct{} // one distributor an authority
	waiting map[string]chan request  // by authority, while somebody runs
}

func newHub(deps channel.Deps, feeds *server, client *http.Client, retry time.Duration) *hub {
	return &hub{deps: deps, feeds: feeds, client: client, retry: retry, turns: map[string]chan struct{}{}, waiting: map[string]chan request{}}
}

// ServeHTTP takes requests to subscribe and unsubscribe (WebSub, 5.1): 202,
// then the callback is asked whether it wants that.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the body must be a form", http.StatusBadRequest)
		return
	}
	req, err := h.read(r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	queue := h.waiting[req.authority]
	h.mu.Unlock()
	select {
	case queue <- req: // never when nobody runs
		w.WriteHeader(http.StatusAccepted)
	default:
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many requests wait; try again later", http.StatusServiceUnavailable)
	}
}

func (h *hub) read(form url.Values) (request, error) {
	req := request{
		sub:       subscription{Topic: form.Get("hub.topic"), Callback: form.Get("hub.callback"), Secret: form.Get("hub.secret")},
		subscribe: form.Get("hub.mode") == "subscribe", lease: defaultLease,
	}
	if !req.subscribe && form.Get("hub.mode") != "unsubscribe" {
		return req, errors.New("hub.mode: must be subscribe or unsubscribe")
	}
	callback, err := url.Parse(req.sub.Callback)
	switch {
	case err != nil, callback.Scheme != "http" && callback.Scheme != "https", callback.Host == "", callback.User != nil,
		callback.Fragment != "", len(req.sub.Callback) > maxCallbackBytes:
		return req, errors.New("hub.callback: must be an http or https address, without a user or fragment")
	case len(req.sub.Secret) >= maxSecretBytes:
		return req, errors.New("hub.secret: must be less than 200 bytes")
	}
	if text := form.Get("hub.lease_seconds"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return req, errors.New("hub.lease_seconds: must be a number of seconds")
		}
		if n > 0 {
			req.lease = min(max(time.Duration(n)*time.Second, minLease), maxLease)
		}
	}
	page, err := h.pageOf(req.sub.Topic)
	if err != nil || page == nil || page.link == nil {
		return req, errors.New("hub.topic: is no feed of this hub")
	}
	req.authority = h.authorityOf(req.sub.Topic)
	return req, nil
}

func (h *hub) pageOf(topic string) (*page, error) {
	path, ok := strings.CutPrefix(topic, h.deps.PublicURL+"/feeds/")
	if !ok {
		return nil, nil
	}
	return h.feeds.page(path)
}

func (h *hub) authorityOf(topic string) string {
	path := strings.TrimPrefix(topic, h.deps.PublicURL+"/feeds/")
	return path[:strings.IndexAny(path+".", "/.")]
}

// verify asks the callback whether the change is wanted (WebSub, 5.3), and
// makes it.
func (h *hub) verify(ctx context.Context, req request) error {
	u, err := url.Parse(req.sub.Callback)
	if err != nil {
		return errors.New("the callback cannot be read")
	}
	mode, challenge := "unsubscribe", rand.Text()
	query := u.Query()
	if req.subscribe {
		mode = "subscribe"
		query.Set("hub.lease_seconds", strconv.Itoa(int(req.lease.Seconds())))
	}
	query.Set("hub.mode", mode)
	query.Set("hub.topic", req.sub.Topic)
	query.Set("hub.challenge", challenge)
	u.RawQuery = query.Encode()
	answer, err := channel.Exchange{Name: "websub: verify", Method: http.MethodGet, URL: u.String()}.Do(ctx, h.client)
	if err != nil {
		return err
	}
	if answer.Status/100 != 2 || string(answer.Body) != challenge {
		return fmt.Errorf("websub: the callback does not want it: %d", answer.Status)
	}
	if !req.subscribe {
		return h.deps.Shelf.Remove(ctx, h.stored(req.authority, req.sub, time.Time{}))
	}
	if len(h.deps.Shelf.Items(hubKind, req.authority, hubEndpoint)) >= maxSubscribers {
		return errors.New("websub: the authority has too many subscribers")
	}
	page, err := h.pageOf(req.sub.Topic)
	if err != nil || page == nil {
		return errors.New("websub: the feed is gone")
	}
	req.sub.Sent = page.plain.etag[0]
	return h.deps.Shelf.Put(ctx, h.stored(req.authority, req.sub, h.deps.Now().Add(req.lease)))
}

// stored is a subscription as the shelf keeps it.
func (h *hub) stored(authority string, s subscription, until time.Time) events.Delivery {
	body, _ := json.Marshal(s) // plain data
	return events.Delivery{
		ID: s.id(), Publication: s.id(), Revision: 1, Authority: authority, Kind: hubKind, Endpoint: hubEndpoint,
		Rendition: events.Rendition{Kind: hubKind, Body: body}, Expires: until,
	}
}

// post sends a feed to a subscriber (WebSub, 7), signed when it gave a secret.
func (h *hub) post(ctx context.Context, s subscription, p *page) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Callback, bytes.NewReader(p.plain.body))
	if err != nil {
		return 0, errors.New("websub: the callback cannot be used")
	}
	req.Header["Content-Type"], req.Header["Link"] = p.mime, p.link
	if s.Secret != "" {
		mac := hmac.New(sha256.New, []byte(s.Secret))
		mac.Write(p.plain.body)
		req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, errors.New("websub: the callback does not answer")
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // its text means nothing
	return resp.StatusCode, resp.Body.Close()
}
