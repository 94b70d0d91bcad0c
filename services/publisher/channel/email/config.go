package email

import (
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// How a connection is encrypted.
const (
	tlsStart    = "starttls"
	tlsImplicit = "implicit"
	tlsNone     = "none"
)

// Config is a mail channel's settings.
type Config struct {
	Address      string        `yaml:"address"` // host:port of the SMTP server
	TLS          string        `yaml:"tls"`     // starttls (default), implicit, or none
	Username     string        `yaml:"username"`
	Password     run.Secret    `yaml:"password"`
	PasswordFile string        `yaml:"password_file"`
	From         string        `yaml:"from"` // "Mairie de Pessac <infos@pessac.example>"
	ReplyTo      string        `yaml:"reply_to"`
	Connections  int           `yaml:"connections"` // at once; 1 to 64, default 4
	Timeout      time.Duration `yaml:"timeout"`     // of one exchange; default 30s
	HELO         string        `yaml:"helo"`
	DKIM         DKIM          `yaml:"dkim"`
	Bounces      Bounces       `yaml:"bounces"`

	host   string
	port   int
	from   *netmail.Address
	domain string
}

func load(spec channel.Spec) (Config, error) {
	cfg := Config{TLS: tlsStart, Connections: 4, Timeout: 30 * time.Second}
	if err := spec.Decode(&cfg); err != nil {
		return cfg, err
	}
	host, port, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return cfg, spec.Invalid("address: %q is not host:port", cfg.Address)
	}
	cfg.host = host
	if cfg.port, err = strconv.Atoi(port); err != nil {
		return cfg, spec.Invalid("address: port %q is not a number", port)
	}
	if cfg.from, err = netmail.ParseAddress(cfg.From); err != nil {
		return cfg, spec.Invalid("from: must be an address, as Mairie <infos@mairie.example>")
	}
	_, cfg.domain, _ = strings.Cut(cfg.from.Address, "@")
	if cfg.ReplyTo != "" {
		if _, err := netmail.ParseAddress(cfg.ReplyTo); err != nil {
			return cfg, spec.Invalid("reply_to: is not an address")
		}
	}
	switch {
	case cfg.TLS != tlsStart && cfg.TLS != tlsImplicit && cfg.TLS != tlsNone:
		return cfg, spec.Invalid("tls: %q is not starttls, implicit or none", cfg.TLS)
	case cfg.TLS == tlsNone && cfg.Username != "" && !loopback(host):
		return cfg, spec.Invalid("tls: a password is never sent in clear to another machine")
	case cfg.Connections < 1 || cfg.Connections > 64:
		return cfg, spec.Invalid("connections: %d is not between 1 and 64", cfg.Connections)
	case cfg.Timeout < time.Second:
		return cfg, spec.Invalid("timeout: at least 1s")
	}
	if cfg.Password, err = run.LoadSecret("password", cfg.Password, cfg.PasswordFile); err != nil {
		return cfg, spec.Invalid("%w", err)
	}
	if err := cfg.DKIM.load(cfg.domain); err != nil {
		return cfg, spec.Invalid("dkim.%w", err)
	}
	if err := cfg.Bounces.load(); err != nil {
		return cfg, spec.Invalid("bounces.%w", err)
	}
	return cfg, nil
}

// client makes connections that dial opens. With implicit TLS dial encrypts
// them: a client told of it would dial by itself, and one told of no TLS at all
// would take them for clear.
func (c Config) client(dial mail.DialContextFunc) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(c.port), mail.WithTimeout(c.Timeout), mail.WithoutNoop(), mail.WithDialContextFunc(dial),
	}
	switch c.TLS {
	case tlsImplicit:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case tlsNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.HELO != "" {
		options = append(options, mail.WithHELO(c.HELO))
	}
	if c.Username != "" {
		auth := mail.SMTPAuthAutoDiscover
		if c.TLS == tlsNone {
			auth = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(c.Username), mail.WithPassword(c.Password.Reveal()))
	}
	return mail.NewClient(c.host, options...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
