package field

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// Name is the kind's name.
const Name = "field"

// Prefix is where the forms are.
const Prefix = "/terrain/"

const (
	leastCode    = 8 // characters
	maxFormBytes = 9 << 20
	maxSignBytes = 16 << 10
	// atOnce bounds the forms with photos that are read together.
	atOnce = 2
)

// Config is the connector's configuration; see example.yaml.
type Config struct {
	Agents    []Agent       `yaml:"agents"`
	Title     string        `yaml:"title"`
	Authority string        `yaml:"authority"`
	Topic     string        `yaml:"topic"`
	Session   time.Duration `yaml:"session"`
}

// Agent is someone, or a team, who may write.
type Agent struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Code names the secret.
	Code string `yaml:"code"`
}

// Form is the form of a source.
type Form struct {
	cfg   Config
	deps  source.Deps
	key   string // of the source
	base  string // of its pages
	tries *tries
	room  chan struct{}
}

var _ source.Server = (*Form)(nil)

// Kind describes the connector.
func Kind() source.Kind {
	return source.Kind{
		Name: Name,
		New:  func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Form, error) {
	cfg := Config{Title: "Signaler depuis le terrain", Session: 30 * 24 * time.Hour}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	invalid := func(field, what string) error {
		return events.Permanentf(events.ReasonInvalidConfig, "field: %s: %s", field, what)
	}
	switch {
	case len(cfg.Agents) == 0:
		return nil, invalid("agents", "required")
	case cfg.Topic != "" && !events.IsSlug(cfg.Topic):
		return nil, invalid("topic", "not a slug")
	case cfg.Session < time.Hour || cfg.Session > 366*24*time.Hour:
		return nil, invalid("session", "is between 1h and a year")
	}
	seen := map[string]bool{}
	for _, a := range cfg.Agents {
		switch {
		case !events.IsSlug(a.ID):
			return nil, invalid("agents: id", "not a slug")
		case seen[a.ID]:
			return nil, invalid("agents: id", "given twice: "+a.ID)
		case a.Name == "" || a.Code == "":
			return nil, invalid("agents: "+a.ID, "name and code are required")
		}
		seen[a.ID] = true
	}
	return &Form{
		cfg: cfg, deps: deps, key: spec.Key(), base: Prefix + spec.Authority + "/" + spec.ID,
		tries: newTries(), room: make(chan struct{}, atOnce),
	}, nil
}

// Serve implements source.Server.
func (f *Form) Serve(w http.ResponseWriter, r *http.Request, publish func(context.Context, []source.Record) error) {
	if !strings.HasPrefix(r.URL.Path, Prefix) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	file := r.PathValue("file")
	switch {
	case file != "":
		f.asset(w, r, file)
	case r.Method == http.MethodGet:
		f.show(w, r)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"):
		f.send(w, r, publish)
	default:
		f.sign(w, r)
	}
}

func (f *Form) show(w http.ResponseWriter, r *http.Request) {
	v := f.view(r)
	agent, ok := f.agent(r)
	if !ok {
		v.draw(w, "signin", http.StatusOK)
		return
	}
	v.Agent, v.Values = agent.Name, map[string]string{"id": newID()}
	v.Sent = r.URL.Query().Has("envoye")
	w.Header().Set("X-Crieur-Form", "1") // what the telephone may keep
	v.draw(w, "form", http.StatusOK)
}

// sign signs in or out.
func (f *Form) sign(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxSignBytes)
	v := f.view(r)
	if err := r.ParseForm(); err != nil {
		v.draw(w, "signin", http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("action") == "signout" {
		f.forget(w, r)
		http.Redirect(w, r, f.base, http.StatusSeeOther)
		return
	}
	client := f.client(r)
	if !f.tries.allow(client, f.deps.Now()) {
		w.Header().Set("Retry-After", "15")
		v.reject("code", "code.wait")
		v.draw(w, "signin", http.StatusTooManyRequests)
		return
	}
	agent, ok := f.byCode(strings.TrimSpace(r.PostForm.Get("code")))
	if !ok {
		v.reject("code", "code.wrong")
		v.draw(w, "signin", http.StatusUnprocessableEntity)
		return
	}
	f.tries.forgive(client)
	f.remember(w, r, agent)
	http.Redirect(w, r, f.base, http.StatusSeeOther)
}

// send takes an entry, from the page or from the telephone's queue.
func (f *Form) send(w http.ResponseWriter, r *http.Request, publish func(context.Context, []source.Record) error) {
	v := f.view(r)
	agent, ok := f.agent(r)
	if !ok {
		v.reject("code", "code.again")
		v.answer(w, "signin", http.StatusUnauthorized)
		return
	}
	v.Agent = agent.Name
	select {
	case f.room <- struct{}{}:
		defer func() { <-f.room }()
	case <-r.Context().Done():
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseMultipartForm(maxFormBytes); err != nil {
		v.Values = map[string]string{"id": newID()}
		v.reject("photo", "photo.large")
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		v.answer(w, "form", status)
		return
	}
	defer r.MultipartForm.RemoveAll() //nolint:errcheck // all of it is in memory
	in := read(r)
	in.check(&v)
	picture, problem := photoOf(r)
	if problem != "" {
		v.reject("photo", problem)
	}
	if len(v.Errors) > 0 {
		v.Values = in.values()
		v.answer(w, "form", http.StatusUnprocessableEntity)
		return
	}
	if err := f.publish(r.Context(), agent, in, picture, publish); err != nil {
		v.Values = in.values()
		v.reject("title", "unavailable")
		v.answer(w, "form", http.StatusServiceUnavailable)
		return
	}
	if v.json {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": in.ID}) // or the telephone asks again
		return
	}
	http.Redirect(w, r, f.base+"?envoye=1", http.StatusSeeOther)
}

func (f *Form) publish(ctx context.Context, agent Agent, in input, picture []byte, publish func(context.Context, []source.Record) error) error {
	entry := in.entry(f.deps.Now())
	entry.Topic = f.cfg.Topic
	entry.Extra["agent"] = agent.ID
	if picture != nil {
		if f.deps.Media == nil {
			return errors.New("field: photos are not kept here")
		}
		kept, err := f.deps.Media.Keep(ctx, source.File{Type: "image/jpeg", Body: picture})
		if err != nil {
			return err
		}
		kept.Alt = in.Title
		entry.Media = append(entry.Media, kept)
	}
	return publish(ctx, []source.Record{{Item: agent.ID + "." + in.ID, Value: entry}})
}

func long(s string, max int) bool { return utf8.RuneCountInString(s) > max }
