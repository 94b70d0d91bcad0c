package sms

import (
	"context"
	"errors"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
)

// Kind is the channel kind.
const Kind = "sms"

// carrier hands messages to an SMSC: smpp.Pool.
type carrier interface {
	Run(ctx context.Context) error
	Submit(ctx context.Context, t smpp.Template, number string, urgent bool, sink smpp.Sink, index int) error
	Bound() int
}

var _ carrier = (*smpp.Pool)(nil)

// Channel sends SMS.
type Channel struct {
	*Writer
	spec   channel.Spec
	cfg    Config
	deps   channel.Deps
	source smpp.Address
	pool   carrier
	stops  chan struct{} // bounds opt-outs under way
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Runner    = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
)

// maxStops bounds the opt-outs asked at once.
const maxStops = 16

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg, err := load(spec)
	if err != nil {
		return nil, err
	}
	writer, err := NewWriter(spec, cfg.Style, deps.Short())
	if err != nil {
		return nil, err
	}
	c := &Channel{Writer: writer, spec: spec, cfg: cfg, deps: deps, source: smpp.Sender(cfg.Sender), stops: make(chan struct{}, maxStops)}
	c.pool = smpp.NewPool(smpp.Config{
		Address: cfg.Address, TLS: cfg.TLS, Binds: cfg.Binds, Logger: deps.Logger.With("authority", spec.Authority, "channel", spec.ID),
		Bind: smpp.BindConfig{
			SystemID: cfg.SystemID, Password: cfg.Password.Reveal(), SystemType: cfg.SystemType, Window: cfg.BindWindow,
			Reserve: cfg.BindWindow / 4, EnquireLink: cfg.EnquireLink, ResponseTimeout: cfg.ResponseTimeout,
		},
	}, c.incoming)
	return c, nil
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return defaultWindow
}

// Run implements channel.Runner: it keeps the binds.
func (c *Channel) Run(ctx context.Context) error { return c.pool.Run(ctx) }

// Ready tells whether at least one bind is up.
func (c *Channel) Ready() error {
	if c.pool.Bound() == 0 {
		return errors.New("sms: no bind with the SMSC")
	}
	return nil
}
