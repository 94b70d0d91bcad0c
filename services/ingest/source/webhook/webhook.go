package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "webhook"

const (
	// maxItems bounds the items of one request.
	maxItems = 500
	// leastSecretBytes is the shortest secret taken.
	leastSecretBytes = 16

	signedStamped = "timestamp.body"
	signedBody    = "body"
)

// Config is the connector's configuration; see example.yaml.
type Config struct {
	Secret          string        `yaml:"secret"`
	SecretFile      string        `yaml:"secret_file"`
	SignatureHeader string        `yaml:"signature_header"`
	TimestampHeader string        `yaml:"timestamp_header"`
	Signed          string        `yaml:"signed"`
	Window          time.Duration `yaml:"window"`
}

// Hook receives signed requests.
type Hook struct {
	cfg  Config
	deps source.Deps
}

var _ source.Listener = (*Hook)(nil)

// Kind describes the connector.
func Kind() source.Kind {
	return source.Kind{
		Name: Name,
		New:  func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Hook, error) {
	cfg := Config{SignatureHeader: "Crieur-Signature", TimestampHeader: "Crieur-Timestamp", Signed: signedStamped, Window: 5 * time.Minute}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	invalid := func(field, what string) error {
		return events.Permanentf(events.ReasonInvalidConfig, "webhook: %s: %s", field, what)
	}
	switch {
	case cfg.Secret == "" && cfg.SecretFile == "":
		return nil, invalid("secret", "required")
	case cfg.Signed != signedStamped && cfg.Signed != signedBody:
		return nil, invalid("signed", "is timestamp.body or body")
	case cfg.Window < time.Second || cfg.Window > time.Hour:
		return nil, invalid("window", "is between 1s and 1h")
	}
	return &Hook{cfg: cfg, deps: deps}, nil
}

// Accept implements source.Listener.
func (h *Hook) Accept(_ context.Context, header http.Header, body []byte) ([]source.Record, error) {
	if err := h.verify(header, body); err != nil {
		return nil, err
	}
	items, err := decode(body)
	if err != nil {
		return nil, events.Permanent(events.ReasonInvalidContent, &source.InvalidError{Body: body, Err: fmt.Errorf("webhook: %w", err)})
	}
	records := make([]source.Record, 0, len(items))
	for _, i := range items {
		records = append(records, source.Record{Item: i.ID, URL: i.Link, Value: i.Entry, Withdrawn: i.Withdrawn})
	}
	return records, nil
}

func (h *Hook) verify(header http.Header, body []byte) error {
	secret, err := h.deps.Secret(cmp.Or(h.cfg.Secret, h.cfg.SecretFile))
	if err != nil {
		return events.Permanentf(events.ReasonInvalidConfig, "webhook: secret: %w", err)
	}
	if len(secret) < leastSecretBytes {
		return events.Permanentf(events.ReasonInvalidConfig, "webhook: secret: shorter than %d bytes", leastSecretBytes)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	if h.cfg.Signed == signedStamped {
		stamp := header.Get(h.cfg.TimestampHeader)
		seconds, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return events.Permanentf(events.ReasonUnauthorized, "webhook: %s: not a time in Unix seconds", h.cfg.TimestampHeader)
		}
		if age := h.deps.Now().Sub(time.Unix(seconds, 0)); age > h.cfg.Window || age < -h.cfg.Window {
			return events.Permanentf(events.ReasonUnauthorized, "webhook: %s: outside the window of %s", h.cfg.TimestampHeader, h.cfg.Window)
		}
		mac.Write([]byte(stamp + "."))
	}
	mac.Write(body)
	signature := strings.TrimPrefix(strings.TrimSpace(header.Get(h.cfg.SignatureHeader)), "sha256=")
	given, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return events.Permanentf(events.ReasonUnauthorized, "webhook: %s: not the signature of this body", h.cfg.SignatureHeader)
	}
	return nil
}

type item struct {
	ID        string `json:"id"`
	Withdrawn bool   `json:"withdrawn"`
	record.Entry
}

func decode(body []byte) ([]item, error) {
	var items []item
	var err error
	switch trimmed := bytes.TrimSpace(body); {
	case len(trimmed) == 0:
		return nil, errors.New("empty body")
	case trimmed[0] == '[':
		err = strict(trimmed, &items)
	default:
		var list struct {
			Items *json.RawMessage `json:"items"`
		}
		if json.Unmarshal(trimmed, &list) == nil && list.Items != nil {
			var only struct {
				Items []item `json:"items"`
			}
			err = strict(trimmed, &only)
			items = only.Items
			break
		}
		items = make([]item, 1)
		err = strict(trimmed, &items[0])
	}
	if err != nil {
		return nil, err
	}
	if len(items) > maxItems {
		return nil, fmt.Errorf("items: %d, %d at most", len(items), maxItems)
	}
	for n, i := range items {
		if err := i.check(); err != nil {
			return nil, fmt.Errorf("item %d: %w", n+1, err)
		}
	}
	return items, nil
}

// strict decodes one JSON value without unknown fields. Its errors name the
// field or the place, never a value.
func strict(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: is a %s", cmp.Or(kind.Field, "body"), kind.Value)
	case errors.As(err, &when):
		return errors.New("a date is not written as in RFC 3339")
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	case err != nil:
		return errors.New("not JSON")
	case dec.More():
		return errors.New("more than one JSON value")
	}
	return nil
}

func (i item) check() error {
	if i.ID == "" {
		return errors.New("id: required")
	}
	if i.Withdrawn {
		return nil
	}
	if i.Title == "" && i.Body == "" && i.Summary == "" {
		return errors.New("title: required, or body")
	}
	if i.Link != "" {
		if u, err := url.Parse(i.Link); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("link: not an http or https address")
		}
	}
	for _, f := range []struct {
		name, value string
		allowed     []string
	}{
		{"class", i.Class, []string{"alert", "service", "promotional"}},
		{"severity", i.Severity, []string{"Extreme", "Severe", "Moderate", "Minor", "Unknown"}},
		{"urgency", i.Urgency, []string{"Immediate", "Expected", "Future", "Past", "Unknown"}},
		{"certainty", i.Certainty, []string{"Observed", "Likely", "Possible", "Unlikely", "Unknown"}},
	} {
		if f.value != "" && !slices.Contains(f.allowed, f.value) {
			return fmt.Errorf("%s: is one of %s", f.name, strings.Join(f.allowed, ", "))
		}
	}
	if i.Topic != "" && !events.IsSlug(i.Topic) {
		return errors.New("topic: not a slug")
	}
	return nil
}
