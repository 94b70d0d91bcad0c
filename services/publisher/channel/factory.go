package channel

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
)

// Spec names a channel of an authority and its settings, as the registry has
// them.
type Spec struct {
	Authority string
	ID        string
	Kind      string
	Name      string
	Window    int    // recipients that may be with the provider at once
	Settings  []byte // YAML or JSON, in the kind's own form
}

// Deps is what channels are made with.
type Deps struct {
	Logger *slog.Logger
	Now    func() time.Time
	HTTP   *http.Client
	// Directory is who and where: authorities, streams, signs.
	Directory Directory
	// Shelf keeps what signs and feeds show.
	Shelf Shelf
	// Receipts takes what providers say later.
	Receipts Receipts
	// SignHealth keeps how signs fare; nil, or what it returns is, while that
	// is kept nowhere.
	SignHealth func() SignHealth
	// OptOut tells audience that somebody said stop.
	OptOut func(context.Context, call.OptOutRequest) (call.OptOutReply, error)
	// Voice reads aloud; nil when nobody does.
	Voice Voice
	// PublicURL is where the portal answers, without a final slash.
	PublicURL string
	// ShortURL is a shorter address of the same, for links that are counted;
	// empty: there is none.
	ShortURL string
}

// Short is the shortest address of the portal.
func (d Deps) Short() string { return cmp.Or(d.ShortURL, d.PublicURL) }

// Directory is what channels know of the authority. It answers from memory.
type Directory interface {
	Authority(id string) (registry.Authority, bool)
	Stream(authority, id string) (registry.Stream, bool)
	// Signs lists the signs of an authority that hang on a channel, paused
	// ones left out, sorted by ID.
	Signs(authority, channelID string) []registry.Sign
	// Sign returns one, and the channel of kind sign that it hangs on.
	Sign(authority, id string) (registry.Sign, Channel, bool)
}

// Shelf keeps what an endpoint shows now: one delivery a publication.
type Shelf interface {
	// Put shows d in place of the publication's earlier revision; a later one
	// already there stays.
	Put(ctx context.Context, d events.Delivery) error
	// Remove takes the publication of d away unless a later revision is there.
	Remove(ctx context.Context, d events.Delivery) error
	// Items lists what is on the shelf, in no order, expired ones included.
	Items(kind, authority, endpoint string) []events.Delivery
	// Version changes whenever what an authority shows on a kind does.
	Version(kind, authority string) uint64
	// Changed is closed at the next change of that kind.
	Changed(kind string) <-chan struct{}
}

// SignHealth keeps how signs fare: a registry's repository.
type SignHealth interface {
	Get(ctx context.Context, key ...string) (registry.SignHealth, uint64, error)
	Put(ctx context.Context, h registry.SignHealth, key ...string) (uint64, error)
}

// Receipts takes what a provider says after it accepted.
type Receipts interface {
	// Later reports on one message by the provider's name for it. done is
	// called once it is stored or known to belong to nobody; the provider is
	// answered then.
	Later(authority, channelID string, r Later, done func(error))
	// Shown stores a receipt of d at once: a sign's proof of display.
	Shown(ctx context.Context, d events.Delivery, step string, to []events.Recipient) error
}

// Later is a delivery receipt.
type Later struct {
	Remote string
	Or     []string // other writings of the same name: hexadecimal, decimal
	Status events.ReceiptStatus
	Reason events.Reason
	At     time.Time
}

// What channels carry that can stand in for each other.
const (
	CarriesSMS   = "sms"
	CarriesEmail = "email"
)

// Factory makes a kind's channels. New validates and never dials; its errors
// name the setting.
type Factory struct {
	New func(Spec, Deps) (Channel, error)
	// Carries names what a batch channel's renditions are made for, such as
	// CarriesSMS: one whose provider fails can be stood in for by another that
	// carries the same. Empty: by none.
	Carries string
	// Routes, for kinds that are read over HTTP, are put on the common
	// listener once, whatever the number of channels.
	Routes func(Deps) map[string]http.Handler
}

// Decode reads settings into cfg, which holds the defaults. An unknown key is
// an error with its line.
func (s Spec) Decode(cfg any) error {
	if len(bytes.TrimSpace(s.Settings)) == 0 {
		return nil
	}
	if err := yaml.NewDecoder(bytes.NewReader(s.Settings), yaml.Strict()).Decode(cfg); err != nil {
		return s.Invalid("%s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	return nil
}

// Invalid is a permanent error about s's settings.
func (s Spec) Invalid(format string, args ...any) error {
	return events.Permanentf(events.ReasonInvalidConfig, "%s %s/%s: %w", s.Kind, s.Authority, s.ID, fmt.Errorf(format, args...))
}

// NewRendition makes the rendition of body for a channel: encodes and hashes.
func NewRendition(s Spec, body any, text string) (events.Rendition, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return events.Rendition{}, events.Permanentf(events.ReasonInternal, "%s: encode rendition: %w", s.Kind, err)
	}
	sum := sha256.Sum256(raw)
	return events.Rendition{
		Channel: s.ID, Kind: s.Kind, Hash: hex.EncodeToString(sum[:16]), Body: raw, Text: text, Units: 1,
	}, nil
}

// BodyOf decodes a rendition's body.
func BodyOf[T any](r events.Rendition) (T, error) {
	var body T
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return body, events.Permanentf(events.ReasonInvalidEvent, "%s: rendition: %w", r.Kind, err)
	}
	return body, nil
}
