package gammu

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/crieur/crieur/services/publisher/channel/sms"
)

// inboxEvery is how often incoming messages are looked for.
const inboxEvery = 5 * time.Second

// keepFor is how long a message whose batch is gone stays where gammu-smsd
// moved it: a redelivery then knows that it was sent.
const keepFor = time.Hour

// Run implements channel.Runner: it reads what comes in, and deletes what
// nobody waits for any more.
func (c *Channel) Run(ctx context.Context) error {
	tick := time.NewTicker(min(inboxEvery, 10*c.cfg.Poll))
	defer tick.Stop()
	for {
		if c.cfg.Inbox != "" {
			c.readInbox(ctx)
		}
		c.forget()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// readInbox opts out those who say stop, and deletes what was read. What could
// not be stored is read again.
func (c *Channel) readInbox(ctx context.Context) {
	files, err := filepath.Glob(filepath.Join(c.cfg.Inbox, "IN*"))
	if err != nil {
		return
	}
	for _, file := range files {
		from, first := sender(filepath.Base(file))
		if from != "" && first {
			body, err := os.ReadFile(file)
			if err != nil {
				c.deps.Logger.Error("gammu: inbox", "authority", c.spec.Authority, "channel", c.spec.ID, "err", outside("inbox", err))
				continue
			}
			if sms.IsStop(decode(body)) {
				if _, err := c.deps.OptOut(ctx, sms.Stop(c.spec.Authority, from, c.deps.Now())); err != nil {
					c.deps.Logger.Error("gammu: opt-out not stored; it is read again", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
					continue
				}
			}
		}
		c.clear(c.cfg.Inbox, filepath.Base(file))
	}
}

var oursRe = regexp.MustCompile(`^OUT[AN][0-9]{8}_[0-9]{6}_00_\+[0-9]+_[0-9a-z]+\.txt$`)

// forget deletes our messages that were moved long ago.
func (c *Channel) forget() {
	for _, dir := range []string{c.cfg.Sent, c.cfg.Error} {
		files, err := os.ReadDir(dir)
		if err != nil {
			continue // Deliver tells
		}
		for _, f := range files {
			if info, err := f.Info(); err == nil && oursRe.MatchString(f.Name()) && c.deps.Now().Sub(info.ModTime()) > keepFor {
				c.clear(dir, f.Name())
			}
		}
	}
}

// sender reads IN<date>_<time>_<serial>_<sender>_<sequence>.txt: from whom, and
// whether it is the first part.
func sender(name string) (from string, first bool) {
	parts := strings.Split(strings.TrimSuffix(name, filepath.Ext(name)), "_")
	if len(parts) != 5 || !numberRe.MatchString(parts[3]) {
		return "", false
	}
	return parts[3], parts[4] == "00"
}

// decode reads UTF-16 with a byte order mark, else UTF-8.
func decode(body []byte) string {
	var order binary.ByteOrder
	switch {
	case len(body) >= 2 && body[0] == 0xFF && body[1] == 0xFE:
		order = binary.LittleEndian
	case len(body) >= 2 && body[0] == 0xFE && body[1] == 0xFF:
		order = binary.BigEndian
	default:
		return string(body)
	}
	units := make([]uint16, 0, len(body)/2)
	for i := 2; i+1 < len(body); i += 2 {
		units = append(units, order.Uint16(body[i:]))
	}
	return string(utf16.Decode(units))
}
