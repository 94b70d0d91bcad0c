package mail

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"golang.org/x/text/encoding/charmap"

	"github.com/crieur/crieur/services/ingest/source"
)

const (
	maxParts    = 500
	maxDepth    = 16
	maxHeader   = 256 << 10
	maxText     = 256 << 10
	maxNames    = 100
	maxNameSize = 200
)

// A Message is what a reader sees of a mail.
type Message struct {
	Subject string
	// From is the address of the author, in lower case; FromName their name.
	From, FromName string
	ID             string
	Date           time.Time
	Text, HTML     string
	// Attachments are their names, or media types where they have none.
	Attachments []string
	// Files are those of the attachments that may be kept.
	Files []source.File
	// Cut says that a text was longer than what is kept.
	Cut bool
}

var errNotMail = errors.New("mail: no header")

// Parse reads a mail as far as it can be read; only what has no header at all is
// an error. It holds no part of the mail.
func Parse(body []byte) (m Message, err error) {
	defer func() {
		if recover() != nil { // a parser of others must not end the service
			m, err = Message{}, errors.New("mail: the parser stopped")
		}
	}()
	text := mend(body)
	entity, err := message.ReadWithOptions(bytes.NewReader(text), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if entity == nil || entity.Header.Len() == 0 {
		return Message{}, errNotMail
	}
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return Message{}, errors.New("mail: cannot be read")
	}
	m.head(entity.Header)
	w := walker{m: &m}
	w.walk(entity, 0)
	m.Text, m.HTML = clean(w.text.String()), clean(w.html.String())
	return m, nil
}

func (m *Message) head(h message.Header) {
	head := gomail.Header{Header: h}
	m.Subject = line(decodeWords(h.Get("Subject")))
	m.ID = strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>")
	if date, err := head.Date(); err == nil && date.Year() >= 1970 && date.Year() < 2200 {
		m.Date = date.UTC()
	}
	for _, field := range []string{"From", "Sender"} {
		list, err := head.AddressList(field)
		if err != nil || len(list) == 0 {
			continue
		}
		m.From, m.FromName = strings.ToLower(list[0].Address), line(decodeWords(list[0].Name))
		if len(list) > 1 && field == "From" { // several authors: none that can be vouched for
			m.From = ""
		}
		return
	}
}

// walker goes through the parts of a mail in their order.
type walker struct {
	m          *Message
	text, html strings.Builder
	parts      int
}

func (w *walker) walk(e *message.Entity, depth int) {
	w.parts++
	if w.parts > maxParts || depth > maxDepth {
		return
	}
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		kind = mediaType(e.Header.Get("Content-Type"))
		if mended := bounded(e, kind); mended != nil {
			e = mended
		}
	}
	if parts := e.MultipartReader(); parts != nil {
		w.multipart(parts, kind, depth)
		return
	}
	disposition, extra, _ := e.Header.ContentDisposition()
	name := fileName(e.Header, extra, params)
	isText := kind == "text/plain" || kind == "text/html" || kind == "text/enriched" && depth == 0
	switch {
	case isText && !strings.EqualFold(disposition, "attachment") && name == "":
		w.read(e, kind, params["charset"])
	case strings.HasPrefix(kind, "multipart/"): // without a boundary
		w.read(e, "text/plain", params["charset"])
	default:
		w.attach(name, kind)
		w.hold(e, name, kind, disposition)
	}
}

// bounded makes a multipart whose type breaks the grammar readable; nil where it
// names no boundary.
func bounded(e *message.Entity, kind string) *message.Entity {
	boundary := roughName(e.Header.Get("Content-Type"), "boundary")
	if !strings.HasPrefix(kind, "multipart/") || boundary == "" || len(boundary) > 200 {
		return nil
	}
	h := e.Header.Copy()
	h.SetContentType(kind, map[string]string{"boundary": boundary})
	mended, err := message.New(h, e.Body)
	if err != nil {
		return nil
	}
	return mended
}

func (w *walker) multipart(parts message.MultipartReader, kind string, depth int) {
	defer parts.Close() //nolint:errcheck // it reads memory
	for w.parts <= maxParts {
		part, err := parts.NextPart()
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return
		}
		if kind == "multipart/alternative" && alternative(part) {
			continue
		}
		if kind == "multipart/digest" && !part.Header.Has("Content-Type") {
			w.attach("", "message/rfc822") // RFC 2046 §5.1.5
			continue
		}
		w.walk(part, depth+1)
	}
}

// alternative drops a form of a text that no one asks for: a calendar beside an
// invitation, AMP beside HTML.
func alternative(part *message.Entity) bool {
	kind, _, err := part.Header.ContentType()
	return err == nil && (kind == "text/x-amp-html" || kind == "text/watch-html")
}

func (w *walker) read(e *message.Entity, kind, charset string) {
	into := &w.text
	if kind == "text/html" {
		into = &w.html
	}
	room := maxText - into.Len()
	if room <= 0 {
		w.m.Cut = true
		return
	}
	body, _ := io.ReadAll(io.LimitReader(e.Body, int64(room)+1)) // a broken encoding leaves what came before
	if len(body) > room {
		w.m.Cut = true
		body = body[:room]
	}
	text := utf8Of(body)
	if isUTF7(charset) {
		text = utf7(text)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	if into.Len() > 0 && !strings.HasSuffix(into.String(), "\n") {
		into.WriteByte('\n')
	}
	into.WriteString(text)
}

func (w *walker) attach(name, kind string) {
	if name == "" {
		name = kind
	}
	if len(w.m.Attachments) < maxNames {
		w.m.Attachments = append(w.m.Attachments, name)
	}
}

// fileName is what the sender called a part, without folders.
func fileName(h message.Header, disposition, contentType map[string]string) string {
	name := disposition["filename"]
	if name == "" {
		name = contentType["name"]
	}
	if name == "" {
		name = roughName(h.Get("Content-Disposition"), "filename")
	}
	if name == "" {
		name = roughName(h.Get("Content-Type"), "name")
	}
	name = line(decodeWords(name))
	if at := strings.LastIndexAny(name, `/\`); at >= 0 {
		name = name[at+1:]
	}
	for len(name) > maxNameSize {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// roughName finds a parameter in a field that breaks the grammar.
func roughName(field, parameter string) string {
	at, sought := 0, parameter+"="
	for !strings.EqualFold(field[at:min(at+len(sought), len(field))], sought) {
		if at++; at > len(field) {
			return ""
		}
	}
	value := strings.TrimSpace(field[at+len(sought):])
	if quoted, found := strings.CutPrefix(value, `"`); found {
		value, _, _ = strings.Cut(quoted, `"`)
		return value
	}
	value, _, _ = strings.Cut(value, ";")
	return strings.TrimSpace(value)
}

func mediaType(field string) string {
	kind, _, _ := strings.Cut(field, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if main, sub, ok := strings.Cut(kind, "/"); !ok || main == "" || sub == "" || strings.ContainsAny(kind, " \t,") {
		return "text/plain" // RFC 2045 §5.2
	}
	return kind
}

// utf8Of reads bytes of no known charset: UTF-8, or else Windows-1252.
func utf8Of(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(text)
}

func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// clean drops controls and the carriage returns of lines.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
