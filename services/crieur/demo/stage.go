package demo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/crieur/demo/outside"
	"github.com/crieur/crieur/services/crieur/program"
)

// addresses are where the outside world's stand-ins listen.
type addresses struct{ smpp, smtp, web string }

// Stage is a demonstration that is ready to run.
type Stage struct {
	cfg      *config.Config
	world    *outside.World
	site     *site
	mqtt     string // host:port of the signs' listener
	started  time.Time
	password string
}

// Folder is the demonstration's data folder beside that of a configuration:
// without the demonstration, Crieur starts empty.
func Folder(data string) string { return filepath.Clean(data) + "-demo" }

// Prepare opens the stand-ins and completes cfg with the demonstration's
// authorities. It fails when a port is taken: this demonstration runs already.
func Prepare(cfg *config.Config) (*Stage, error) {
	cfg.Data = Folder(cfg.Data)
	s := &Stage{cfg: cfg}
	secrets := filepath.Join(cfg.Data, "secrets")
	passwordFile := filepath.Join(cfg.Data, "demo", "password")
	var err error
	if s.password, err = program.Keep(passwordFile, passphrase); err != nil {
		return nil, err
	}
	begun, err := program.Keep(filepath.Join(cfg.Data, "demo", "started"), func() string { return time.Now().UTC().Truncate(time.Second).Format(time.RFC3339) })
	if err != nil {
		return nil, err
	}
	if s.started, err = time.Parse(time.RFC3339, begun); err != nil {
		return nil, fmt.Errorf("demo: first start: %w", err)
	}
	for _, name := range []string{hookSecret, "smpp.secret", "mastodon.secret", "slack.secret"} {
		fresh := rand.Text
		if name == "smpp.secret" {
			// SMPP 3.4 takes eight characters at most.
			fresh = func() string { return rand.Text()[:8] }
		}
		if _, err := program.Keep(filepath.Join(secrets, name), fresh); err != nil {
			return nil, err
		}
	}
	hook, err := os.ReadFile(filepath.Join(secrets, hookSecret))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	world, listener, first, err := listen(cfg.Data)
	if err != nil {
		return nil, err
	}
	s.world, s.mqtt = world, loopback(first+portMQTT)
	if s.site, err = newSite(listener, s.started, "http://"+cfg.Listen+"/hooks/"+town+"/voirie", strings.TrimSpace(string(hook))); err != nil {
		s.world.Close()
		return nil, errors.Join(err, listener.Close())
	}
	s.complete(passwordFile)
	return s, nil
}

// undoWithin leaves time to see that an approval can be taken back; more would
// be waited for.
const undoWithin = 2 * time.Second

// complete adds the demonstration to the configuration.
func (s *Stage) complete(passwordFile string) {
	cfg := s.cfg
	cfg.Fetch.Allow = append(cfg.Fetch.Allow, "127.0.0.0/8")
	cfg.Fetch.Politeness = new(registry.Duration)
	if cfg.Log.Level == "" || cfg.Log.Level == "info" {
		// A visitor reads the terminal for addresses, not for requests.
		cfg.Log.Level = "warn"
	}
	if cfg.Curator.UndoWithin == nil {
		undo := registry.Duration(undoWithin)
		cfg.Curator.UndoWithin = &undo
	}
	if _, err := exec.LookPath("espeak-ng"); err == nil && len(cfg.Speech.Command) == 0 {
		cfg.Speech = config.Speech{
			Command: []string{"espeak-ng", "-v", "{language}", "-s", "150", "--stdin", "--stdout"}, Languages: []string{"fr", "en"},
		}
	}
	if cfg.NATS.MQTT == "" {
		cfg.NATS.MQTT = s.mqtt
	}
	cfg.Authorities = append(cfg.Authorities, authorities()...)
	cfg.Sources = append(cfg.Sources, sources("http://"+s.site.listener.Addr().String())...)
	cfg.Streams = append(cfg.Streams, streams()...)
	cfg.Channels = append(cfg.Channels, channels(cfg, addresses{smpp: s.world.SMPP(), smtp: s.world.SMTP(), web: s.world.Web()})...)
	cfg.Signs = append(cfg.Signs, signs()...)
	cfg.Officers = append(cfg.Officers, officers(passwordFile)...)
	cfg.SetDefaults()
}

// Services are the demonstration's own: the outside, the site, the residents
// and the page that shows what they received.
func (s *Stage) Services(deps run.Deps) ([]run.Service, error) {
	page, err := newPage(s.world.Inbox, []byte(s.password+s.password), deps)
	if err != nil {
		return nil, err
	}
	return []run.Service{run.Func("demo-outside", s.world.Run), s.site, residents(deps), s.devices(deps), page}, nil
}

// Welcome says where a visitor looks first and how to sign in.
func (s *Stage) Welcome() string {
	return fmt.Sprintf(`Demonstration: Albi (Tarn). Sign in to the console as claire@albi.example.org (or karim@albi.example.org), password %s
  1. %[2]s/console            approve what waits in "À traiter"
  2. %[2]s/demo               what the residents received
  3. %[2]s/kiosk/albi/place-du-vigan   the sign of place du Vigan
  4. %[2]s/impact/albi        who was informed, and how fast`, s.password, s.cfg.PublicURL)
}

// passphrase is easy to copy by hand: four groups of four, 80 bits.
func passphrase() string {
	t := strings.ToLower(rand.Text())
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]
}
