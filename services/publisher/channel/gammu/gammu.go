package gammu

import (
	"path/filepath"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
)

// Kind is the channel kind. Its contacts are those of kind sms.
const Kind = "gammu"

// Config is a channel's settings.
type Config struct {
	Outbox string        `yaml:"outbox"` // gammu-smsd's outboxpath
	Sent   string        `yaml:"sent"`   // sentsmspath
	Error  string        `yaml:"error"`  // errorsmspath
	Inbox  string        `yaml:"inbox"`  // inboxpath; empty: nothing comes in
	Take   time.Duration `yaml:"take"`   // how long one message may be in gammu-smsd's hands; default 45s
	Poll   time.Duration `yaml:"poll"`   // of the directories; default 500ms

	sms.Style `yaml:",inline"`
}

const (
	defaultTake = 45 * time.Second
	defaultPoll = 500 * time.Millisecond
	// defaultWindow is what a modem sends in a minute or so.
	defaultWindow = 16
)

// Channel sends SMS.
type Channel struct {
	*sms.Writer
	spec channel.Spec
	cfg  Config
	deps channel.Deps
}

var (
	_ channel.Batch     = (*Channel)(nil)
	_ channel.Runner    = (*Channel)(nil)
	_ channel.Previewer = (*Channel)(nil)
)

// New validates the settings of one channel. It does not look for the
// directories.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Take: defaultTake, Poll: defaultPoll, Style: sms.DefaultStyle()}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	for _, d := range []struct{ field, path string }{{"outbox", cfg.Outbox}, {"sent", cfg.Sent}, {"error", cfg.Error}, {"inbox", cfg.Inbox}} {
		if !filepath.IsAbs(d.path) && (d.field != "inbox" || d.path != "") {
			return nil, spec.Invalid("%s: must be a directory from the root", d.field)
		}
	}
	switch {
	case cfg.Outbox == cfg.Sent || cfg.Outbox == cfg.Error || cfg.Sent == cfg.Error || cfg.Inbox == cfg.Outbox:
		return nil, spec.Invalid("outbox, sent, error, inbox: must be different directories")
	case cfg.Take < time.Second || cfg.Take > time.Hour:
		return nil, spec.Invalid("take: 1s to 1h")
	case cfg.Poll < 10*time.Millisecond || cfg.Poll > time.Minute:
		return nil, spec.Invalid("poll: 10ms to 1m")
	}
	writer, err := sms.NewWriter(spec, cfg.Style, deps.Short())
	if err != nil {
		return nil, err
	}
	return &Channel{Writer: writer, spec: spec, cfg: cfg, deps: deps}, nil
}

// Window implements channel.Batch.
func (c *Channel) Window() int {
	if c.spec.Window > 0 {
		return c.spec.Window
	}
	return defaultWindow
}
