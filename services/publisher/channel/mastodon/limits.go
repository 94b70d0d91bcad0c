package mastodon

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/services/publisher/channel"
)

// Mastodon's own limits, until the server has told its own
// (https://docs.joinmastodon.org/user/posting/#text).
const (
	defaultMax  = 500
	defaultLink = 23
)

// limits is how the server counts a status.
type limits struct {
	MaxCharacters int `json:"max_characters"`
	URLCharacters int `json:"characters_reserved_per_url"`
}

const (
	limitsEvery = 24 * time.Hour
	limitsRetry = 10 * time.Minute
)

// Run implements channel.Runner: it reads the server's limits once a day.
// Until they are known, Mastodon's own hold.
func (c *Channel) Run(ctx context.Context) error {
	for {
		next := limitsEvery
		if err := c.readLimits(ctx); err != nil {
			next = limitsRetry
			if ctx.Err() == nil {
				c.deps.Logger.Warn("mastodon: limits of the server not read", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
			}
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// readLimits asks https://docs.joinmastodon.org/methods/instance/#v2. Values
// that make no sense are not taken.
func (c *Channel) readLimits(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var instance struct {
		Configuration struct{ Statuses limits }
	}
	if err := c.do(ctx, http.MethodGet, "/api/v2/instance", "", nil, &instance); err != nil {
		return err
	}
	said := instance.Configuration.Statuses
	if said.MaxCharacters < minMax || said.MaxCharacters > maxMax {
		said.MaxCharacters = defaultMax
	}
	if said.URLCharacters < 1 || said.URLCharacters > said.MaxCharacters/2 {
		said.URLCharacters = defaultLink
	}
	c.server.Store(&said)
	return nil
}

// limit is how a status is counted now.
func (c *Channel) limit() channel.Limit {
	l := limits{MaxCharacters: defaultMax, URLCharacters: defaultLink}
	if said := c.server.Load(); said != nil {
		l = *said
	}
	if c.cfg.MaxCharacters > 0 {
		l.MaxCharacters = c.cfg.MaxCharacters
	}
	return channel.Limit{Max: l.MaxCharacters, Link: l.URLCharacters, Size: l.size}
}

// Plain web addresses only: what Mastodon takes for a link and this does not
// is counted in full, so that a status is never too long.
var (
	urlRe     = regexp.MustCompile(`https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?:/[A-Za-z0-9._~/?#&=%+-]*[A-Za-z0-9/=&#])?`)
	mentionRe = regexp.MustCompile(`(^|[^\pL\pN_/=@.])@([A-Za-z0-9_])`)
)

// size counts grapheme clusters, and each address as a server does.
func (l limits) size(s string) int {
	n := 0
	for {
		at := urlRe.FindStringIndex(s)
		if at == nil {
			return n + uniseg.GraphemeClusterCount(s)
		}
		n += uniseg.GraphemeClusterCount(s[:at[0]]) + l.URLCharacters
		s = s[at[1]:]
	}
}

// unmention keeps a source's "@name" from calling somebody: a word joiner
// after the sign is not seen, and no server takes it for a mention.
func unmention(s string) string {
	return mentionRe.ReplaceAllString(strings.ReplaceAll(s, "\u2060", ""), "$1@\u2060$2")
}
