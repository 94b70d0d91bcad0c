package gammu

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
	"github.com/crieur/crieur/services/publisher/gsm"
)

// waiting is a message in gammu-smsd's hands.
type waiting struct {
	index int
	name  string // of its file
	parts int
}

// batch is what one DeliverBatch waits for.
type batch struct {
	c     *Channel
	done  func(int, channel.Result)
	list  []waiting
	moved time.Time // when gammu-smsd last took one
}

// DeliverBatch implements channel.Batch: it writes everybody's file, then sees
// where gammu-smsd moves each.
func (c *Channel) DeliverBatch(ctx context.Context, send channel.Send, done func(int, channel.Result)) {
	body, err := channel.BodyOf[sms.Body](send.Delivery.Rendition)
	if err != nil {
		for i := range send.Contacts {
			done(i, channel.Failed(err, c.deps.Now()))
		}
		return
	}
	b := &batch{c: c, done: done, moved: c.deps.Now()}
	for i, to := range send.Contacts {
		text := body.For(c.deps.Short(), to)
		name, err := fileName(send.Delivery, to)
		if err == nil {
			err = c.put(name, text)
		}
		if err != nil {
			done(i, channel.Failed(err, c.deps.Now()))
			continue
		}
		b.list = append(b.list, waiting{i, name, gsm.Count(text).Segments})
	}
	b.wait(ctx)
}

var numberRe = regexp.MustCompile(`^\+[0-9]{6,15}$`)

// fileName is OUT<priority><date>_<time>_<serial>_<recipient>_<note>.txt. It
// follows from the delivery and the subscriber.
func fileName(d events.Delivery, to call.Contact) (string, error) {
	number := to.Address.Reveal()
	if !numberRe.MatchString(number) {
		return "", events.Permanent(events.ReasonBadRecipient, errors.New("gammu: not an E.164 number"))
	}
	priority := "N"
	if d.Class == events.ClassAlert {
		priority = "A"
	}
	return "OUT" + priority + d.CreatedAt.UTC().Format("20060102_150405") + "_00_" + number + "_" + events.NewID("sms", d.ID, to.Subscriber) + ".txt", nil
}

// put writes a message into the outbox, unless an earlier try did.
func (c *Channel) put(name, text string) error {
	for _, dir := range []string{c.cfg.Outbox, c.cfg.Sent, c.cfg.Error} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	part := filepath.Join(c.cfg.Outbox, "."+strings.TrimPrefix(name, "OUT"))
	err := os.WriteFile(part, encode(text), 0o660)
	if err == nil {
		err = os.Rename(part, filepath.Join(c.cfg.Outbox, name))
	}
	if err != nil {
		_ = os.Remove(part) // it may not be there
		return events.Transient(events.ReasonConnection, outside("outbox", err), 0)
	}
	return nil
}

// encode is UTF-16 with its byte order mark: gammu-smsd reads other texts in
// its own locale.
func encode(text string) []byte {
	out := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// outside is a file system's error without the file's name, which has a
// number in it.
func outside(dir string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		err = at.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return errors.Join(errors.New("gammu: "+dir), err)
}

// wait ends each message as gammu-smsd moves it. When ctx ends, what it cannot
// be sending is taken back.
func (b *batch) wait(ctx context.Context) {
	tick := time.NewTicker(b.c.cfg.Poll)
	defer tick.Stop()
	for b.look(); len(b.list) > 0; b.look() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.look()
			b.takeBack()
			return
		}
	}
}

// look ends what was moved.
func (b *batch) look() {
	now := b.c.deps.Now()
	b.list = slices.DeleteFunc(b.list, func(w waiting) bool {
		switch {
		case b.c.clear(b.c.cfg.Sent, w.name):
			b.done(w.index, channel.Result{
				Remote: strings.TrimSuffix(w.name[strings.LastIndexByte(w.name, '_')+1:], ".txt"), At: now,
				Units: w.parts, CostMicroEUR: int64(w.parts) * b.c.cfg.CostMicroEUR,
			})
		case b.c.clear(b.c.cfg.Error, w.name):
			b.done(w.index, channel.Failed(events.Permanent(events.ReasonRejected, errors.New("gammu: gammu-smsd could not send it; its log says why")), now))
		default:
			return false
		}
		b.moved = now
		return true
	})
}

// clear deletes a file, and tells whether it was there.
func (c *Channel) clear(dir, name string) bool {
	err := os.Remove(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.deps.Logger.Error("gammu: a message that is done stays on disk", "authority", c.spec.Authority, "channel", c.spec.ID, "err", outside(dir, err))
		return true
	}
	return err == nil
}

// takeBack ends what is left. gammu-smsd sends in the order of the names: if it
// moved something lately, the first may be in its hands and is left there.
func (b *batch) takeBack() {
	now := b.c.deps.Now()
	first := ""
	if now.Sub(b.moved) < b.c.cfg.Take {
		first = b.c.first()
	}
	// The last first, so that none comes into its hands meanwhile.
	slices.SortFunc(b.list, func(x, y waiting) int { return strings.Compare(y.name, x.name) })
	b.list = slices.DeleteFunc(b.list, func(w waiting) bool {
		if w.name == first || !b.c.clear(b.c.cfg.Outbox, w.name) {
			return false
		}
		b.done(w.index, channel.Failed(events.Transient(events.ReasonConnection, errors.New("gammu: gammu-smsd did not take it in time"), 0), now))
		return true
	})
	b.look()
	for _, w := range b.list {
		b.done(w.index, channel.Failed(events.Transient(events.ReasonAmbiguous, errors.New("gammu: time ran out while gammu-smsd may be sending it"), 0), now))
	}
}

// first is the next message that gammu-smsd sends.
func (c *Channel) first() string {
	names, err := filepath.Glob(filepath.Join(c.cfg.Outbox, "OUT*"))
	if err != nil || len(names) == 0 {
		return ""
	}
	return filepath.Base(slices.Min(names))
}
