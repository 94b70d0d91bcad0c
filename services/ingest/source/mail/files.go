package mail

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/emersion/go-message"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/media"
	"github.com/crieur/crieur/services/ingest/picture"
	"github.com/crieur/crieur/services/ingest/source"
)

// maxFiles is how many files of a mail are kept; the names of the others are told.
const maxFiles = 20

// hold reads a part that may be kept. A picture that the text shows in its place
// (RFC 2392) is a logo or a signature, not something sent.
func (w *walker) hold(e *message.Entity, name, kind, disposition string) {
	shown := isPicture(kind) && e.Header.Has("Content-Id") && !strings.EqualFold(disposition, "attachment")
	if len(w.m.Files) >= maxFiles || shown || !isPicture(kind) && !media.Accepts(name, kind) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(e.Body, maxMailBytes))
	if err != nil || len(body) == 0 {
		return
	}
	w.m.Files = append(w.m.Files, source.File{Name: name, Type: kind, Body: body})
}

func isPicture(kind string) bool {
	switch kind {
	case "image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp":
		return true
	}
	return false
}

// keep stores the files of a mail. rest are the names of those that are not kept; an
// error may pass with time.
func (m *Mailbox) keep(ctx context.Context, msg Message) (kept []record.Media, rest []string, _ error) {
	rest = msg.Attachments
	if m.deps.Media == nil {
		return nil, rest, nil
	}
	for _, f := range msg.Files {
		f, ok := drawn(f)
		if !ok {
			continue
		}
		file, err := m.deps.Media.Keep(ctx, f.File)
		if errors.Is(err, source.ErrNotKept) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		kept = append(kept, file)
		rest = without(rest, f.called)
	}
	return kept, rest, nil
}

// a sent file, as it is kept.
type sent struct {
	source.File
	called string // among the names of attachments
}

// drawn makes of a picture one without what cameras write into it; false where it is
// none.
func drawn(f source.File) (sent, bool) {
	out := sent{File: f, called: f.Name}
	if f.Name == "" {
		out.called = f.Type
	}
	if !isPicture(f.Type) {
		return out, true
	}
	body, err := picture.Redraw(f.Body)
	if err != nil {
		return sent{}, false
	}
	out.File = source.File{Name: strings.TrimSuffix(f.Name, path.Ext(f.Name)) + ".jpg", Type: "image/jpeg", Body: body}
	return out, true
}

// without leaves out the first that equals name.
func without(list []string, name string) []string {
	for i, s := range list {
		if s == name {
			return append(append([]string(nil), list[:i]...), list[i+1:]...)
		}
	}
	return list
}
