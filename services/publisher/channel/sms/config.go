package sms

import (
	"net"
	"time"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
)

// Config is an SMS channel's settings.
type Config struct {
	Address      string     `yaml:"address"` // host:port of the SMSC
	TLS          bool       `yaml:"tls"`
	SystemID     string     `yaml:"system_id"`
	Password     run.Secret `yaml:"password"`
	PasswordFile string     `yaml:"password_file"`
	SystemType   string     `yaml:"system_type"`
	Binds        int        `yaml:"binds"`       // 1 to 16, default 1
	BindWindow   int        `yaml:"bind_window"` // messages without an answer on one bind; default: the channel's window

	Sender          string        `yaml:"sender"`           // alphanumeric (≤ 11), short code or number
	EnquireLink     time.Duration `yaml:"enquire_link"`     // of silence; default 30s
	ResponseTimeout time.Duration `yaml:"response_timeout"` // default 30s
	Receipts        bool          `yaml:"receipts"`         // ask for delivery receipts; default true

	Style `yaml:",inline"`
}

// The bounds and defaults of Config.
const (
	maxBinds         = 16
	maxSender        = 11 // GSM alphanumeric address
	defaultEnquire   = 30 * time.Second
	defaultResponse  = 30 * time.Second
	defaultSeptets   = 160
	defaultWindow    = 64
	maxSepetsAllowed = 1530 // ten parts
)

func load(spec channel.Spec) (Config, error) {
	cfg := Config{
		Binds: 1, EnquireLink: defaultEnquire, ResponseTimeout: defaultResponse, Receipts: true, Style: DefaultStyle(),
	}
	if err := spec.Decode(&cfg); err != nil {
		return cfg, err
	}
	if _, _, err := net.SplitHostPort(cfg.Address); err != nil {
		return cfg, spec.Invalid("address: %q is not host:port", cfg.Address)
	}
	for _, c := range []struct {
		ok    bool
		field string
	}{
		{cfg.SystemID != "" && len(cfg.SystemID) <= 15, "system_id: 1 to 15 characters"},
		{len(cfg.SystemType) <= 12, "system_type: at most 12 characters"},
		{cfg.Binds >= 1 && cfg.Binds <= maxBinds, "binds: 1 to 16"},
		{cfg.BindWindow >= 0 && cfg.BindWindow <= 10_000, "bind_window: 0 to 10000"},
		{cfg.Sender != "", "sender: required"},
		{cfg.EnquireLink >= time.Second, "enquire_link: at least 1s"},
		{cfg.ResponseTimeout >= time.Second, "response_timeout: at least 1s"},
		{smpp.Sender(cfg.Sender).TON != 5 || len(cfg.Sender) <= maxSender, "sender: an alphanumeric one has at most 11 characters"},
	} {
		if !c.ok {
			return cfg, spec.Invalid("%s", c.field)
		}
	}
	var err error
	if cfg.Password, err = run.LoadSecret("password", cfg.Password, cfg.PasswordFile); err != nil {
		return cfg, spec.Invalid("%w", err)
	}
	if len(cfg.Password.Reveal()) > 8 {
		return cfg, spec.Invalid("password: SMPP 3.4 allows at most 8 characters")
	}
	if spec.Window <= 0 {
		spec.Window = defaultWindow
	}
	if cfg.BindWindow == 0 {
		cfg.BindWindow = spec.Window
	}
	return cfg, nil
}
