package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
)

// Config is the configuration of ingest. Its zero value is usable.
type Config struct {
	Fetch  fetch.Config  `yaml:"fetch"`
	Runner runner.Config `yaml:"runner"`
	// SecretsDir is the folder of the secrets that sources may name. Empty: none.
	SecretsDir string `yaml:"secrets_dir"`
	// PublicURL is where the world reaches this installation, https://…: hubs push
	// there. Empty: no hub is subscribed to.
	PublicURL string `yaml:"public_url"`
	// Client names who sent a request, proxies looked through; nil for the other end
	// of the connection.
	Client func(r *http.Request) string `yaml:"-"`
	// Secure tells whether a request came over TLS, likewise.
	Secure func(r *http.Request) bool `yaml:"-"`
	// Alone says that no other process reads these sources, as with an embedded
	// NATS: a new start after a crash then waits for no one.
	Alone bool `yaml:"alone"`
	// MemberTTL is how long a silent process keeps its share of the sources when
	// several run.
	MemberTTL time.Duration `yaml:"member_ttl"`
	// SpreadOver is the time over which the sources known at the start are first
	// read, when they are many. Those that are asked often do not wait so long.
	SpreadOver time.Duration `yaml:"spread_over"`
}

const (
	defaultMemberTTL  = 15 * time.Second
	defaultSpreadOver = 10 * time.Minute
	// fewSources are read at once at the start.
	fewSources = 200
)

func (c Config) withDefaults() Config {
	if c.MemberTTL <= 0 {
		c.MemberTTL = defaultMemberTTL
	}
	if c.SpreadOver <= 0 {
		c.SpreadOver = defaultSpreadOver
	}
	return c
}

// environmentName is what a source may read of the environment: a source is
// written by an authority's administrator, who must not reach the operator's
// secrets.
var environmentName = regexp.MustCompile(`^\$\{(CRIEUR_SOURCE_[A-Z0-9_]+)\}$`)

// Secret reads what a source's setting names: ${CRIEUR_SOURCE_…} or the name of
// a file in the secrets folder.
func (c Config) Secret(reference string) (string, error) {
	if m := environmentName.FindStringSubmatch(reference); m != nil {
		if value := os.Getenv(m[1]); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("environment variable %s is not set", m[1])
	}
	if strings.ContainsAny(reference, "${}") {
		return "", errors.New("a secret of a source is ${CRIEUR_SOURCE_NAME} or the name of a file")
	}
	if c.SecretsDir == "" || !filepath.IsLocal(reference) || strings.ContainsAny(reference, `/\`) {
		return "", errors.New("a secret of a source is a file of the secrets folder")
	}
	value, err := run.LoadSecret("secret", run.Secret{}, filepath.Join(c.SecretsDir, reference))
	if err != nil {
		return "", err
	}
	return value.Reveal(), nil
}
