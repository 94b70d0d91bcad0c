package smshttp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
)

// Kind is the channel kind.
const Kind = "smshttp"

// ContactKind is what audience calls the addresses: mobile numbers, as those of
// kind sms.
const ContactKind = sms.Kind

// Config is a channel's settings.
type Config struct {
	Provider        string            `yaml:"provider"`
	ProviderFile    string            `yaml:"provider_file"`
	BaseURL         string            `yaml:"base_url"` // instead of the provider's: a relay, another region
	Params          map[string]string `yaml:"params"`
	Secret          run.Secret        `yaml:"secret"`
	SecretFile      string            `yaml:"secret_file"`
	ConsumerKey     run.Secret        `yaml:"consumer_key"` // OVH
	ConsumerKeyFile string            `yaml:"consumer_key_file"`
	Sender          string            `yaml:"sender"`
	Connections     int               `yaml:"connections"` // requests at once: 1 to 64, default 8
	PerSecond       float64           `yaml:"per_second"`  // parts or messages, as the provider counts
	sms.Style       `yaml:",inline"`
}

// Channel sends SMS.
type Channel struct {
	*sms.Writer
	spec      channel.Spec
	cfg       Config
	deps      channel.Deps
	provider  *Provider
	templates templates
	limiter   *rate.Limiter
	token     run.Secret // of the addresses that the provider calls
	skew      atomic.Pointer[clock]
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
	_ channel.Called    = (*Channel)(nil)
)

// NewFactory returns the kind: its channels, and the addresses that providers
// call.
func NewFactory() channel.Factory {
	desk := &desk{channels: map[string]*Channel{}}
	return channel.Factory{
		Carries: channel.CarriesSMS,
		New: func(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
			c, err := New(spec, deps)
			if err != nil {
				return nil, err
			}
			desk.seat(c)
			return c, nil
		},
		Routes: func(channel.Deps) map[string]http.Handler {
			return map[string]http.Handler{
				"/sms/{authority}/{channel}/{token}/{what}": desk,
			}
		},
	}
}

// desk finds the channel that a provider calls about: the latest made of that
// name.
type desk struct {
	mu       sync.RWMutex
	channels map[string]*Channel
}

func (d *desk) seat(c *Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.channels[c.spec.Authority+"/"+c.spec.ID] = c
}

func (d *desk) find(authority, id string) *Channel {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.channels[authority+"/"+id]
}

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (*Channel, error) {
	cfg := Config{Connections: 8, Style: sms.DefaultStyle()}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	writer, err := sms.NewWriter(spec, cfg.Style, deps.Short())
	if err != nil {
		return nil, err
	}
	p, err := loadProvider(cfg.Provider, cfg.ProviderFile)
	if err != nil {
		return nil, spec.Invalid("%w", err)
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = p.Base
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	if err := cfg.load(spec, p); err != nil {
		return nil, err
	}
	c := &Channel{Writer: writer, spec: spec, cfg: cfg, deps: deps, provider: p}
	if c.templates, err = p.parse(); err != nil {
		return nil, spec.Invalid("provider: %w", err)
	}
	perSecond := p.Rate.PerSecond
	if cfg.PerSecond > 0 {
		perSecond = cfg.PerSecond
	}
	c.limiter = rate.NewLimiter(rate.Limit(perSecond), max(maxParts, int(perSecond)))
	mac := hmac.New(sha256.New, []byte(cfg.Secret.Reveal()))
	mac.Write([]byte("crieur sms callbacks " + spec.Authority + "/" + spec.ID))
	c.token = run.NewSecret(hex.EncodeToString(mac.Sum(nil)[:16]))
	return c, nil
}

// maxParts is how many parts a text may have: the limiter lets the longest
// through.
const maxParts = 10

func (cfg *Config) load(spec channel.Spec, p *Provider) error {
	u, err := url.Parse(cfg.BaseURL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return spec.Invalid("base_url: must be https://host/path")
	case cfg.Sender == "":
		return spec.Invalid("sender: required")
	case cfg.Connections < 1 || cfg.Connections > 64:
		return spec.Invalid("connections: %d is not between 1 and 64", cfg.Connections)
	case cfg.PerSecond < 0:
		return spec.Invalid("per_second: must be 0 or more")
	}
	for _, name := range p.Params {
		if cfg.Params[name] == "" {
			return spec.Invalid("params.%s: required by provider %s", name, p.Name)
		}
	}
	if cfg.Secret, err = run.LoadSecret("secret", cfg.Secret, cfg.SecretFile); err != nil {
		return spec.Invalid("%w", err)
	}
	if cfg.ConsumerKey, err = run.LoadSecret("consumer_key", cfg.ConsumerKey, cfg.ConsumerKeyFile); err != nil {
		return spec.Invalid("%w", err)
	}
	if cfg.Secret.IsZero() {
		return spec.Invalid("secret: required")
	}
	if p.Auth.Kind == "ovh" && (cfg.ConsumerKey.IsZero() || cfg.Params["application_key"] == "") {
		return spec.Invalid("consumer_key, params.application_key: required by provider %s", p.Name)
	}
	return nil
}

// CallbackURL is where the provider reports: what is receipt or incoming.
func (c *Channel) CallbackURL(what string) string {
	return c.deps.PublicURL + "/sms/" + c.spec.Authority + "/" + c.spec.ID + "/" + c.token.Reveal() + "/" + what
}

// CalledAt implements channel.Called: what the provider reports and is not told
// with each message.
func (c *Channel) CalledAt() []call.Inbound {
	var list []call.Inbound
	if c.provider.Receipt != nil && !c.provider.Request.tells("ReceiptURL") {
		list = append(list, call.Inbound{What: call.InboundReceipts, URL: call.Address(c.CallbackURL("receipt"))})
	}
	if c.provider.Incoming != nil && !c.provider.Request.tells("IncomingURL") {
		list = append(list, call.Inbound{What: call.InboundIncoming, URL: call.Address(c.CallbackURL("incoming"))})
	}
	return list
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return 64
}

// clock is what a provider's clock is ahead of ours.
type clock struct {
	ahead time.Duration
	asked time.Time
}
