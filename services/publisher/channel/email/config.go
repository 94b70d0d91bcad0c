package email

import (
	"errors"
	"net"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

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
// them and the client is told of none: it would dial by itself.
func (c Config) client(dial mail.DialContextFunc) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(c.port), mail.WithTimeout(c.Timeout), mail.WithoutNoop(), mail.WithDialContextFunc(dial),
	}
	switch c.TLS {
	case tlsImplicit:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case tlsNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.HELO != "" {
		options = append(options, mail.WithHELO(c.HELO))
	}
	if c.Username != "" {
		options = append(options, c.signIn(), mail.WithUsername(c.Username), mail.WithPassword(c.Password.Reveal()))
	}
	return mail.NewClient(c.host, options...)
}

func (c Config) signIn() mail.Option {
	switch c.TLS {
	case tlsImplicit:
		return mail.WithSMTPAuthCustom(&offered{user: c.Username, password: c.Password.Reveal(), host: c.host})
	case tlsNone:
		return mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc)
	}
	return mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover)
}

// offered signs in by the best of what the server offers, on a connection that
// is known to be encrypted and that the client takes for clear.
type offered struct {
	smtp.Auth
	user, password, host string
}

// Start implements smtp.Auth.
func (o *offered) Start(server *smtp.ServerInfo) (string, []byte, error) {
	switch {
	case slices.Contains(server.Auth, "SCRAM-SHA-256"):
		o.Auth = smtp.ScramSHA256Auth(o.user, o.password)
	case slices.Contains(server.Auth, "PLAIN"):
		o.Auth = smtp.PlainAuth("", o.user, o.password, o.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		o.Auth = smtp.LoginAuth(o.user, o.password, o.host, false)
	default:
		return "", nil, errors.New("the server offers none of SCRAM-SHA-256, PLAIN and LOGIN")
	}
	return o.Auth.Start(server)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
