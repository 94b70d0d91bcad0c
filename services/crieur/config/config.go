package config

import (
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/openid"
)

// Config is the whole file. Its zero value with defaults starts Crieur empty,
// on loopback, with both engines embedded.
type Config struct {
	Data      string `json:"data"`      // folder of the embedded engines and keys; default .crieur
	Listen    string `json:"listen"`    // host:port of the web surfaces; default 127.0.0.1:8080
	PublicURL string `json:"publicURL"` // how residents reach Listen; default http://<Listen>
	// ShortURL is a shorter address that leads to Listen, too: the links in SMS
	// and posts, and to audio, have it, such as https://crr.fr. Empty: they are
	// PublicURL's.
	ShortURL string `json:"shortURL"`
	// TrustedProxies are the CIDR ranges of the proxies in front of Listen, whose
	// X-Forwarded-For and X-Forwarded-Proto are believed; default this machine
	// when PublicURL is https, else none.
	TrustedProxies []string `json:"trustedProxies"`

	Log        Log        `json:"log"`
	NATS       NATS       `json:"nats"`
	ClickHouse ClickHouse `json:"clickhouse"`
	Fetch      Fetch      `json:"fetch"`
	Normalizer Normalizer `json:"normalizer"`
	Curator    Curator    `json:"curator"`
	Audience   Audience   `json:"audience"`
	Speech     Speech     `json:"speech"`

	Authorities []registry.Authority `json:"authorities"`
	Sources     []registry.Source    `json:"sources"`
	Streams     []registry.Stream    `json:"streams"`
	Channels    []registry.Channel   `json:"channels"`
	Signs       []Sign               `json:"signs"`
	Officers    []Officer            `json:"officers"`
}

// Log says how logs are written, on standard error.
type Log struct {
	Format string `json:"format"` // text (default) or json
	Level  string `json:"level"`  // debug, info (default), warn, error
}

// NATS says which server to use. With no URL the server is embedded.
type NATS struct {
	URL    string `json:"url"`    // also NATS_URL
	Listen string `json:"listen"` // host:port the embedded server listens on; default a free port of loopback, for the commands of this machine
	MQTT   string `json:"mqtt"`   // host:port of its MQTT listener for signs, which need no password; empty: none
	// SyncEvery is how often the embedded server forces to the disk what was
	// accepted, which is what a power cut may lose: empty for 10s, "0s" forces
	// each write.
	SyncEvery *registry.Duration `json:"syncEvery"`
	Replicas  int                `json:"replicas"` // of streams and buckets: 1, 3 or 5; 0: as they are, 1 for new ones
	// Credentials of a server: a NATS credentials file.
	CredentialsFile string `json:"credentials_file"`
}

// ClickHouse says which server to use. With no URL the engine is embedded.
type ClickHouse struct {
	URL     string `json:"url"`     // also CLICKHOUSE_URL, which keeps the password out of the file
	Listen  string `json:"listen"`  // loopback host:port the embedded engine also answers on, for curl or Grafana; empty: in the process only
	Library string `json:"library"` // libchdb of the embedded engine; empty: looked for
}

// Fetch bounds what sources may make Crieur read.
type Fetch struct {
	Allow     []string `json:"allow"` // CIDR ranges that are not public and may be read all the same
	UserAgent string   `json:"userAgent"`
	// Politeness is the pause between two requests to one host, such as 1s;
	// empty for ingest's own, "0s" for none.
	Politeness *registry.Duration `json:"politeness"`
}

// Normalizer names the editable rules.
type Normalizer struct {
	Rules string `json:"rules"` // YAML file of topic rules; empty: those that come with Crieur
}

// Curator is how officers work.
type Curator struct {
	// UndoWithin is how long an approval can be taken back before anything
	// leaves, such as 8s; empty for the curator's own, "0s" for none. Alerts
	// never wait.
	UndoWithin *registry.Duration `json:"undoWithin"`
	// OIDC is the issuer where officers may sign in too, such as ProConnect;
	// empty: with their passwords only.
	OIDC *openid.Config `json:"oidc"`
}

// Audience names the keys of the residents' contacts and of the public pages.
// Both empty: they are in the data folder, made at the first start unless the
// NATS server is elsewhere.
type Audience struct {
	MasterKeyFile string `json:"master_key_file"` // 32 bytes in base64
	SealKeyFile   string `json:"seal_key_file"`   // Ed25519, PKCS #8 in PEM
}

// Speech reads publications aloud; without a command nobody does.
type Speech struct {
	// Command reads a text on its standard input and writes audio on its
	// standard output. It is run as it is, without a shell; {language} in an
	// argument is the text's: [espeak-ng, -v, "{language}", --stdin, --stdout].
	Command      []string           `json:"command"`
	Languages    []string           `json:"languages"`    // that it speaks: fr, en
	Type         string             `json:"type"`         // media type; default audio/wav
	Timeout      *registry.Duration `json:"timeout"`      // of one text; default 30s
	MaxMegabytes int                `json:"maxMegabytes"` // of one file; default 16
}

// Sign is a sign with the secret it identifies itself with.
type Sign struct {
	registry.Sign
	TokenFile string `json:"token_file"` // file that holds its token
}

// Officer is an officer's account, with the first password.
type Officer struct {
	registry.Officer
	PasswordFile string `json:"password_file"` // file that holds the first password
}

// SetDefaults fills what the file leaves out, and the defaults of entities.
func (c *Config) SetDefaults() {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&c.Data, ".crieur")
	set(&c.Listen, "127.0.0.1:8080")
	set(&c.PublicURL, "http://"+c.Listen)
	if c.TrustedProxies == nil && c.HTTPS() {
		c.TrustedProxies = []string{"127.0.0.0/8", "::1/128"}
	}
	set(&c.Log.Format, "text")
	set(&c.Log.Level, "info")
	set(&c.NATS.Listen, "127.0.0.1:0")
	for i := range c.Authorities {
		c.Authorities[i].SetDefaults()
	}
	for i := range c.Sources {
		c.Sources[i].SetDefaults()
	}
	for i := range c.Streams {
		c.Streams[i].SetDefaults()
	}
	for i := range c.Channels {
		c.Channels[i].SetDefaults()
	}
	for i := range c.Officers {
		c.Officers[i].SetDefaults()
	}
}
