package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "mail"

const (
	imapsPort = "993"

	dkimRequire = "require"
	dkimRecord  = "record"
)

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// OAuth replaces the password.
	OAuth   OAuth  `yaml:"oauth"`
	Mailbox string `yaml:"mailbox"`
	// Senders are addresses, or @domain.
	Senders []string `yaml:"senders"`
	DKIM    string   `yaml:"dkim"`
	// Since bounds the first reading.
	Since  time.Duration `yaml:"since"`
	Prefer string        `yaml:"prefer"`
}

// Mailbox is a mailbox on an IMAP server.
type Mailbox struct {
	cfg     Config
	address string // host:port
	deps    source.Deps
	grant   grant
}

var _ source.Watcher = (*Mailbox)(nil)

// Kind describes the connector. The server says when a mail arrives; polling is
// for those that do not.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: 2 * time.Minute, Usual: 5 * time.Minute, Most: 15 * time.Minute},
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Mailbox, error) {
	cfg := Config{Mailbox: "INBOX", DKIM: dkimRequire, Since: 7 * 24 * time.Hour, Prefer: "html"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	invalid := func(field, what string) error {
		return events.Permanentf(events.ReasonInvalidConfig, "mail: %s: %s", field, what)
	}
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Scheme != "imaps" || u.Hostname() == "" || u.User != nil:
		return nil, invalid("url", "is imaps://host, without a user")
	case cfg.User == "":
		return nil, invalid("user", "required")
	case cfg.Password == "" && cfg.OAuth == OAuth{}:
		return nil, invalid("password", "required, or oauth")
	case cfg.Password != "" && cfg.OAuth != OAuth{}:
		return nil, invalid("password", "not with oauth")
	case cfg.Mailbox == "":
		return nil, invalid("mailbox", "required")
	case len(cfg.Senders) == 0:
		return nil, invalid("senders", "required: who may write")
	case cfg.DKIM != dkimRequire && cfg.DKIM != dkimRecord:
		return nil, invalid("dkim", "is require or record")
	case cfg.Prefer != "html" && cfg.Prefer != "text":
		return nil, invalid("prefer", "is html or text")
	case cfg.Since <= 0 || cfg.Since > 366*24*time.Hour:
		return nil, invalid("since", "is over 0 and at most a year")
	}
	if field, what := cfg.OAuth.check(); cfg.Password == "" && field != "" {
		return nil, invalid(field, what)
	}
	for i, sender := range cfg.Senders {
		cfg.Senders[i] = strings.ToLower(strings.TrimSpace(sender))
		name, domain, found := strings.Cut(cfg.Senders[i], "@")
		if !found || domain == "" || strings.ContainsAny(name+domain, "@ <>*") {
			return nil, invalid(fmt.Sprintf("senders[%d]", i), "is an address, or @domain")
		}
	}
	return &Mailbox{cfg: cfg, address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), imapsPort)), deps: deps}, nil
}

// position is what has been read: all UIDs up to UID, as long as the server
// numbers its mails as it did (RFC 3501 §2.3.1.1).
type position struct {
	UIDValidity uint32 `json:"v"`
	UID         uint32 `json:"u"`
}

// Fetch implements source.Source.
func (m *Mailbox) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	var at position
	if len(cur.State) > 0 {
		if err := json.Unmarshal(cur.State, &at); err != nil {
			return nil, cur, fmt.Errorf("mail: cursor: %w", err)
		}
	}
	s, err := m.open(ctx)
	if err != nil {
		return nil, cur, err
	}
	defer s.close()
	validity := s.validity()
	if validity != at.UIDValidity {
		at = position{UIDValidity: validity}
	}
	list, err := s.after(at.UID, m.deps.Now().Add(-m.cfg.Since))
	if err != nil {
		return nil, cur, err
	}
	records := make([]source.Record, 0, len(list))
	for _, uid := range list {
		body, size, err := s.body(uid)
		if err != nil {
			return nil, cur, err
		}
		if size > 0 {
			r, err := m.record(ctx, at.UIDValidity, uid, body, size)
			if err != nil {
				return nil, cur, err
			}
			records = append(records, r)
		}
		at.UID = max(at.UID, uid)
	}
	next := cur
	if next.State, err = json.Marshal(at); err != nil {
		return nil, cur, fmt.Errorf("mail: cursor: %w", err)
	}
	if len(records) == 0 && string(next.State) == string(cur.State) {
		return nil, cur, source.ErrUnchanged
	}
	return records, next, nil
}

// record makes an entry of a mail, or refuses it with the reason. An error is one of
// what keeps its files, and may pass with time.
func (m *Mailbox) record(ctx context.Context, validity, uid uint32, body []byte, size uint32) (source.Record, error) {
	item := strconv.FormatUint(uint64(validity), 10) + "." + strconv.FormatUint(uint64(uid), 10)
	refuse := func(reason events.Reason, err error) (source.Record, error) {
		return source.Record{Item: item, Refused: events.Permanent(reason, err)}, nil
	}
	if body == nil {
		return refuse(events.ReasonTooLarge, fmt.Errorf("mail: %d bytes, over the limit of %d", size, maxMailBytes))
	}
	msg, err := Parse(body)
	if err != nil {
		return refuse(events.ReasonInvalidContent, &source.InvalidError{Body: body, Err: err})
	}
	if !m.allowed(msg.From) {
		return refuse(events.ReasonForbidden, errors.New("mail: its sender is not one of senders"))
	}
	verdict := vouch(ctx, m.deps.LookupTXT, body, msg.From)
	if verdict != dkimPass && m.cfg.DKIM == dkimRequire {
		return refuse(events.ReasonUnauthorized, &source.InvalidError{Body: body, Err: errors.New("mail: no DKIM signature of its sender's domain holds: " + verdict)})
	}
	entry, err := m.entry(ctx, msg, verdict)
	return source.Record{Item: cmp.Or(msg.ID, item), Value: entry}, err
}

func (m *Mailbox) entry(ctx context.Context, msg Message, verdict string) (record.Entry, error) {
	_, domain, _ := strings.Cut(msg.From, "@")
	e := record.Entry{
		Title: msg.Subject, Published: msg.Date,
		Extra: map[string]string{"dkim": verdict, "domain": domain},
	}
	e.Body = cmp.Or(msg.HTML, msg.Text)
	if m.cfg.Prefer == "text" {
		e.Body = cmp.Or(msg.Text, msg.HTML)
	}
	if msg.FromName != "" && !strings.Contains(msg.FromName, "@") {
		e.Authors = []string{msg.FromName}
	}
	kept, rest, err := m.keep(ctx, msg)
	if err != nil {
		return record.Entry{}, err
	}
	e.Media = kept
	if len(rest) > 0 {
		e.Extra["attachments"] = strings.Join(rest, "; ")
	}
	if msg.Cut {
		e.Extra["cut"] = "true"
	}
	return e, nil
}

func (m *Mailbox) allowed(from string) bool {
	_, domain, found := strings.Cut(from, "@")
	return found && (slices.Contains(m.cfg.Senders, from) || slices.Contains(m.cfg.Senders, "@"+domain))
}
