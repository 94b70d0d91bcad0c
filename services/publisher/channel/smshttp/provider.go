package smshttp

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/crieur/crieur/events"
)

//go:embed providers/*.yaml
var builtIn embed.FS

// Provider describes an HTTP interface.
type Provider struct {
	Name     string    `yaml:"name"`
	Base     string    `yaml:"base"`   // address, without a final slash
	Params   []string  `yaml:"params"` // settings that it needs
	Auth     Auth      `yaml:"auth"`
	Request  Request   `yaml:"request"`
	Answer   Said      `yaml:"answer"`
	Receipt  *Receipt  `yaml:"receipt"`  // nil: it reports nothing
	Incoming *Incoming `yaml:"incoming"` // nil: nobody can answer
	Rate     Rate      `yaml:"rate"`
}

// Auth is how requests are authenticated.
type Auth struct {
	Kind  string `yaml:"kind"`  // basic, header or ovh
	Name  string `yaml:"name"`  // header: its name
	User  string `yaml:"user"`  // basic: template
	Value string `yaml:"value"` // header, basic: template of the value or password
	Clock string `yaml:"clock"` // ovh: path that answers the provider's time
}

// Request is how one message is sent. Path, Headers and Body are templates of
// Message.
type Request struct {
	Method  string            `yaml:"method"`
	Path    string            `yaml:"path"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// tells reports whether requests carry a field of Message.
func (r Request) tells(field string) bool {
	for _, text := range append(slices.Collect(maps.Values(r.Headers)), r.Path, r.Body) {
		if strings.Contains(text, "."+field) {
			return true
		}
	}
	return false
}

// Said is how an answer is read. Paths are keys and indexes joined by dots.
type Said struct {
	ID    string `yaml:"id"`    // path of the message's ID
	Own   bool   `yaml:"own"`   // instead: the answer is 202, and reports name the message by our ID
	Units string `yaml:"units"` // path of the number of parts; empty: ours
	Rules []Rule `yaml:"rules"` // the first that holds decides; then the HTTP status
}

// Rule gives a meaning to some answers.
type Rule struct {
	Status  int           `yaml:"status"`  // 0: any
	Path    string        `yaml:"path"`    // of the body; empty: any
	Is      string        `yaml:"is"`      // its value
	Has     string        `yaml:"has"`     // instead: a part of its value, in any case
	Present bool          `yaml:"present"` // instead of a value: it is there
	Outcome string        `yaml:"outcome"` // permanent, transient or ambiguous
	Reason  events.Reason `yaml:"reason"`
	After   time.Duration `yaml:"after"`
}

// Receipt is how a delivery report is read.
type Receipt struct {
	Format   string             `yaml:"format"` // json, form or query
	ID       string             `yaml:"id"`
	Status   string             `yaml:"status"`
	Statuses map[string]Meaning `yaml:"statuses"` // the others are passed over
}

// Meaning is a receipt's status.
type Meaning struct {
	Status events.ReceiptStatus `yaml:"status"` // delivered, failed, or opted_out: who is named in incoming.from left
	Reason events.Reason        `yaml:"reason"`
}

// Incoming is how somebody's answer is read.
type Incoming struct {
	Format string `yaml:"format"`
	From   string `yaml:"from"`
	Text   string `yaml:"text"`
}

// Rate is how much a provider takes.
type Rate struct {
	Count     string  `yaml:"count"` // parts or messages
	PerSecond float64 `yaml:"per_second"`
}

// Message is what templates are given.
type Message struct {
	To           string // E.164 with +
	Number       string // without it
	Text, Sender string
	ID           string // the same for each attempt at a recipient
	Params       map[string]string
	Secret       string // templates of auth only
	ReceiptURL   string // with a query that names the message: more goes after &
	IncomingURL  string
	Unicode      bool // UCS-2
	Urgent       bool
	Promotional  bool
	ValidMinutes int
	ValidSeconds int
}

// Providers returns the names of the built-in provider files, sorted.
func Providers() []string {
	files, _ := fs.Glob(builtIn, "providers/*.yaml") // the pattern is valid
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "providers/"), ".yaml")
	}
	slices.Sort(names)
	return names
}

func loadProvider(name, file string) (*Provider, error) {
	var body []byte
	var err error
	switch {
	case (name == "") == (file == ""):
		return nil, errors.New("provider: one of provider and provider_file is required")
	case file != "":
		body, err = os.ReadFile(file)
	default:
		if body, err = builtIn.ReadFile("providers/" + name + ".yaml"); err != nil {
			return nil, fmt.Errorf("provider: there is no %q; there are %v", name, Providers())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("provider_file: %w", err)
	}
	p := &Provider{}
	if err := yaml.NewDecoder(bytes.NewReader(body), yaml.Strict()).Decode(p); err != nil {
		return nil, fmt.Errorf("provider %s: %s", name+file, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("provider %s: %w", name+file, err)
	}
	return p, nil
}

func (p *Provider) validate() error {
	formats := []string{"json", "form", "query"}
	for _, c := range []struct {
		ok    bool
		field string
	}{
		{slices.Contains([]string{"basic", "header", "ovh"}, p.Auth.Kind), "auth.kind: basic, header or ovh"},
		{p.Auth.Kind != "header" || p.Auth.Name != "", "auth.name: required"},
		{slices.Contains([]string{http.MethodPost, http.MethodGet, http.MethodPut}, p.Request.Method), "request.method: POST, PUT or GET"},
		{strings.HasPrefix(p.Request.Path, "/"), "request.path: must begin with /"},
		{(p.Answer.ID != "") != p.Answer.Own, "answer.id: required, or answer.own"},
		{p.Rate.Count == "parts" || p.Rate.Count == "messages", "rate.count: parts or messages"},
		{p.Rate.PerSecond > 0, "rate.per_second: must be positive"},
		{p.Receipt == nil || slices.Contains(formats, p.Receipt.Format), "receipt.format: json, form or query"},
		{p.Incoming == nil || slices.Contains(formats, p.Incoming.Format), "incoming.format: json, form or query"},
	} {
		if !c.ok {
			return errors.New(c.field)
		}
	}
	for i, r := range p.Answer.Rules {
		if !slices.Contains([]string{"permanent", "transient", "ambiguous"}, r.Outcome) || !slices.Contains(events.Reasons(), r.Reason) {
			return fmt.Errorf("answer.rules[%d]: outcome is permanent, transient or ambiguous, and reason one of the closed list", i)
		}
	}
	if p.Receipt != nil {
		for said, m := range p.Receipt.Statuses {
			switch {
			case m.Status == events.StatusDelivered, m.Status == events.StatusFailed:
			case m.Status == events.StatusOptedOut && p.Incoming != nil:
			default:
				return fmt.Errorf("receipt.statuses.%s: status is delivered or failed, or opted_out with an incoming", said)
			}
		}
	}
	_, err := p.parse()
	return err
}

// templates are a provider's, parsed.
type templates struct {
	path, body, user, value *template.Template
	headers                 map[string]*template.Template
}

func (p *Provider) parse() (templates, error) {
	t := templates{headers: map[string]*template.Template{}}
	for _, one := range []struct {
		name, text string
		into       **template.Template
	}{
		{"request.path", p.Request.Path, &t.path},
		{"request.body", p.Request.Body, &t.body},
		{"auth.user", p.Auth.User, &t.user},
		{"auth.value", p.Auth.Value, &t.value},
	} {
		var err error
		if *one.into, err = parseOne(one.name, one.text); err != nil {
			return t, err
		}
	}
	for name, text := range p.Request.Headers {
		h, err := parseOne("request.headers."+name, text)
		if err != nil {
			return t, err
		}
		t.headers[name] = h
	}
	return t, nil
}

// parseOne parses a template and tries it on a message, so that a wrong field
// is found before the first alert.
func parseOne(name, text string) (*template.Template, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"json": quote, "form": url.QueryEscape, "path": url.PathEscape,
	}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if _, err := fill(t, Message{Params: nil}); err != nil && !strings.Contains(err.Error(), "map has no entry") {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func fill(t *template.Template, m Message) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, m); err != nil {
		return "", err
	}
	return b.String(), nil
}

func quote(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// at reads a value of a decoded JSON document by its path; ok is false where
// there is none.
func at(doc any, path string) (value string, ok bool) {
	for key := range strings.SplitSeq(path, ".") {
		switch v := doc.(type) {
		case map[string]any:
			doc, ok = v[key]
			if !ok {
				return "", false
			}
		case []any:
			n := 0
			if _, err := fmt.Sscanf(key, "%d", &n); err != nil || n < 0 || n >= len(v) {
				return "", false
			}
			doc = v[n]
		default:
			return "", false
		}
	}
	switch v := doc.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

// decode keeps numbers as they are written: IDs pass 2^53.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var doc any
	err := d.Decode(&doc)
	return doc, err
}
