package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "slack"

// maxEvents is how many events are remembered to know one sent again; Slack tries
// thrice within an hour.
const maxEvents = 512

// Config is the connector's configuration; see example.yaml.
type Config struct {
	SigningSecret string   `yaml:"signing_secret"`
	Team          string   `yaml:"team"`
	Channels      []string `yaml:"channels"`
	Users         []string `yaml:"users"`
	Commands      []string `yaml:"commands"`
}

// Workspace receives the events of an app in a workspace.
type Workspace struct {
	cfg  Config
	deps source.Deps

	key    string        // of what memory keeps
	memory source.Memory // of the events on the bus, all processes'
}

var _ source.Server = (*Workspace)(nil)

// Kind describes the connector.
func Kind() source.Kind {
	return source.Kind{
		Name: Name,
		New:  func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Workspace, error) {
	var cfg Config
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	invalid := func(field, what string) error {
		return events.Permanentf(events.ReasonInvalidConfig, "slack: %s: %s", field, what)
	}
	switch {
	case cfg.SigningSecret == "":
		return nil, invalid("signing_secret", "required")
	case cfg.Team == "":
		return nil, invalid("team", "required")
	case len(cfg.Channels) == 0 && len(cfg.Commands) == 0:
		return nil, invalid("channels", "required, or commands")
	}
	for _, command := range cfg.Commands {
		if !strings.HasPrefix(command, "/") {
			return nil, invalid("commands", "begin with /")
		}
	}
	s := &Workspace{cfg: cfg, deps: deps, key: "slack." + spec.Key(), memory: deps.Memory}
	if s.memory == nil {
		s.memory = &source.Local{}
	}
	return s, nil
}

// Serve implements source.Server.
func (s *Workspace) Serve(w http.ResponseWriter, r *http.Request, publish func(context.Context, []source.Record) error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := source.ReadBody(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err := s.verify(r.Header, body); err != nil {
		status := http.StatusUnauthorized
		if events.OutcomeOf(err).Reason == events.ReasonInvalidConfig {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, string(events.OutcomeOf(err).Reason), status)
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		s.command(w, r, body, publish)
		return
	}
	s.event(w, r, body, publish)
}

func (s *Workspace) verify(header http.Header, body []byte) error {
	secret, err := s.deps.Secret(s.cfg.SigningSecret)
	if err != nil {
		return events.Permanentf(events.ReasonInvalidConfig, "slack: signing_secret: %w", err)
	}
	v, err := slack.NewSecretsVerifier(header, secret)
	if err == nil {
		_, _ = v.Write(body) // a hash takes all
		err = v.Ensure()
	}
	if err != nil { // its text holds the signature that was expected
		return events.Permanent(events.ReasonUnauthorized, errors.New("slack: not signed by Slack"))
	}
	return nil
}

// envelope is what is around every event.
type envelope struct {
	Type    string `json:"type"`
	Team    string `json:"team_id"`
	EventID string `json:"event_id"`
}

func (s *Workspace) event(w http.ResponseWriter, r *http.Request, body []byte, publish func(context.Context, []source.Record) error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	if e.Type == slackevents.URLVerification {
		var c slackevents.EventsAPIURLVerificationEvent
		if err := json.Unmarshal(body, &c); err != nil || c.Challenge == "" {
			http.Error(w, "no challenge", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(c.Challenge))
		return
	}
	known, err := s.known(r.Context(), e.EventID)
	if err != nil {
		http.Error(w, string(events.ReasonUnavailable), http.StatusServiceUnavailable)
		return
	}
	if e.Team != s.cfg.Team || known {
		w.WriteHeader(http.StatusOK) // nothing that Slack could do better
		return
	}
	records, err := s.parse(body)
	if err != nil {
		w.Header().Set("X-Slack-No-Retry", "1")
		refused := []source.Record{{Item: e.EventID, Refused: err}}
		if publish(r.Context(), refused) != nil { // then Slack sends it again
			w.Header().Del("X-Slack-No-Retry")
		}
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if len(records) > 0 {
		if err := publish(r.Context(), records); err != nil {
			http.Error(w, string(events.OutcomeOf(err).Reason), http.StatusServiceUnavailable)
			return
		}
	}
	if len(records) > 0 && s.note(r.Context(), e.EventID) != nil { // then Slack sends it again
		http.Error(w, string(events.ReasonUnavailable), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// known reports whether an event is on the bus already, by whichever process. Without
// it an event sent again after its message was edited would undo the edit.
func (s *Workspace) known(ctx context.Context, id string) (bool, error) {
	seen, err := source.Amend(ctx, s.memory, s.key, func(*[]string) bool { return false })
	return id != "" && slices.Contains(seen, id), err
}

// note remembers an event, the oldest first.
func (s *Workspace) note(ctx context.Context, id string) error {
	_, err := source.Amend(ctx, s.memory, s.key, func(seen *[]string) bool {
		*seen = append(*seen, id)
		*seen = (*seen)[max(len(*seen)-maxEvents, 0):]
		return true
	})
	return err
}

// parse reads the records of an event; none where it is not for us.
func (s *Workspace) parse(body []byte) ([]source.Record, error) {
	e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		if strings.Contains(err.Error(), "does not exist") { // an event unknown to the library
			return nil, nil
		}
		return nil, events.Permanent(events.ReasonInvalidContent, &source.InvalidError{Body: body, Err: errors.New("slack: event cannot be read")})
	}
	m, ok := e.InnerEvent.Data.(*slackevents.MessageEvent)
	if !ok || !slices.Contains(s.cfg.Channels, m.Channel) {
		return nil, nil
	}
	item := func(ts string) string { return m.Channel + "." + ts }
	switch m.SubType {
	case "message_deleted":
		return []source.Record{{Item: item(m.DeletedTimeStamp), Withdrawn: true}}, nil
	case "", "file_share", "message_changed":
	default: // joins, topics, bots
		return nil, nil
	}
	msg := slack.Msg{User: m.User, Text: m.Text, Timestamp: m.TimeStamp, ThreadTimestamp: m.ThreadTimeStamp, BotID: m.BotID}
	if m.Message != nil {
		msg = *m.Message
	}
	reply := msg.ThreadTimestamp != "" && msg.ThreadTimestamp != msg.Timestamp
	if msg.BotID != "" || reply || msg.SubType == "tombstone" || !s.mayWrite(msg.User) {
		return nil, nil
	}
	names := make([]string, 0, len(msg.Files))
	for _, f := range msg.Files {
		names = append(names, f.Name)
	}
	entry := entryOf(msg.Text, msg.User, names)
	if entry.Title == "" {
		return nil, nil
	}
	entry.Published = when(msg.Timestamp)
	return []source.Record{{Item: item(msg.Timestamp), Value: entry}}, nil
}

func (s *Workspace) mayWrite(user string) bool {
	return user != "" && (len(s.cfg.Users) == 0 || slices.Contains(s.cfg.Users, user))
}

// command takes a slash command, and answers the officer alone.
func (s *Workspace) command(w http.ResponseWriter, r *http.Request, body []byte, publish func(context.Context, []source.Record) error) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	c, err := slack.SlashCommandParse(r)
	if err != nil {
		http.Error(w, "form cannot be read", http.StatusBadRequest)
		return
	}
	title, text, _ := strings.Cut(c.Text, "|")
	entry := entryOf(strings.TrimSpace(title)+"\n"+strings.TrimSpace(text), c.UserID, nil)
	switch {
	case c.TeamID != s.cfg.Team || !slices.Contains(s.cfg.Commands, c.Command):
		reply(w, "Cette commande n’est pas reliée à cette source.")
		return
	case !s.mayWrite(c.UserID):
		reply(w, "Vous n’êtes pas dans la liste des personnes qui peuvent publier ici. Demandez à l’administrateur·rice.")
		return
	case entry.Title == "" || c.TriggerID == "":
		reply(w, "Écrivez par exemple : "+c.Command+" Marché déplacé | Place de l’Église, samedi.")
		return
	}
	entry.Published = s.deps.Now()
	if err := publish(r.Context(), []source.Record{{Item: "command." + c.TriggerID, Value: entry}}); err != nil {
		reply(w, "L’information n’a pas pu être enregistrée. Réessayez dans une minute.")
		return
	}
	reply(w, "Reçu : « "+entry.Title+" ». L’information attend dans la console.")
}

func reply(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: text}) // Slack has gone otherwise
}

// when reads Slack's timestamp: seconds, a point, a counter. Zero where it is none,
// or after the year 2242.
func when(ts string) time.Time {
	seconds, _, _ := strings.Cut(ts, ".")
	var n int64
	if err := json.Unmarshal([]byte(seconds), &n); err != nil || n < 0 || n > 1<<33 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
