package audience

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/web"
)

// Config is the service's settings. PublicURL and DataDir are required.
type Config struct {
	// DataDir holds the master key and the seal's key where no file is named.
	DataDir string `yaml:"data_dir"`
	// MasterKeyFile is the key that the vault is sealed with: 32 bytes in
	// base64. Empty: DataDir/audience/master.key, made at the first start. A
	// file that is named must exist. Losing it is losing every contact: keep a
	// copy, away from the store's backup.
	MasterKeyFile string `yaml:"master_key_file"`
	// SealKeyFile is the Ed25519 key that publications are sealed with, in
	// PKCS #8 PEM. Empty: DataDir/audience/seal.pem, made at the first start.
	SealKeyFile string `yaml:"seal_key_file"`
	// NoNewKeys refuses to make either key: DataDir may be a container's, gone
	// with the next start, while the vault on its server stays.
	NoNewKeys bool `yaml:"no_new_keys"`
	// PublicURL is where residents reach the portal: https://crieur.example.
	PublicURL string `yaml:"public_url"`
	// ShortURL is a shorter address of the portal, which links in texts have;
	// empty: there is none.
	ShortURL string `yaml:"short_url"`
	// Window is how many batches of one channel of one publication may be in
	// the queue, 1 to 4096; 0 is 64.
	Window int `yaml:"window"`
	// Site is what the portal says of itself; its name is Crieur by default.
	Site web.Site `yaml:"-"`
	// BusMetrics are shared by the program's services; nil makes new ones.
	BusMetrics *bus.Metrics `yaml:"-"`

	leaseLife time.Duration // of the fan-outs' lease; the default where zero
}

func (c *Config) check() error {
	c.PublicURL, c.ShortURL = strings.TrimRight(c.PublicURL, "/"), strings.TrimRight(c.ShortURL, "/")
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("audience: public_url: %q is not an http or https address", c.PublicURL)
	}
	if c.DataDir == "" && (c.MasterKeyFile == "" || c.SealKeyFile == "") {
		return errors.New("audience: data_dir: required without master_key_file and seal_key_file")
	}
	if c.Window < 0 || c.Window > 4096 {
		return fmt.Errorf("audience: window: %d is not between 1 and 4096", c.Window)
	}
	if c.Site.Name == "" {
		c.Site.Name = "Crieur"
	}
	return nil
}

// holderDir is where the installation's name is kept; empty for none.
func (c *Config) holderDir() string {
	if c.DataDir == "" {
		return ""
	}
	return filepath.Join(c.DataDir, "audience")
}

func (c *Config) masterKey() (file string, create bool) {
	if c.MasterKeyFile != "" {
		return c.MasterKeyFile, false
	}
	return filepath.Join(c.DataDir, "audience", "master.key"), !c.NoNewKeys
}

func (c *Config) sealKey() (file string, create bool) {
	if c.SealKeyFile != "" {
		return c.SealKeyFile, false
	}
	return filepath.Join(c.DataDir, "audience", "seal.pem"), !c.NoNewKeys
}

// missing says what to do about a key that is not there and is not made.
func (c *Config) missing(err error) error {
	if c.NoNewKeys && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("audience: %w: with a NATS server elsewhere it is not made here; make it once, keep a copy, and name it in audience.master_key_file or audience.seal_key_file", err)
	}
	return fmt.Errorf("audience: %w", err)
}
