package config

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/crieur/crieur/events/registry"
)

// Error is one thing wrong in a file.
type Error struct {
	File  string
	Line  int    // from 1; 0 when the whole file is meant
	Field string // path of the field: sources[2].url
	Err   error
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Field == "" {
		return fmt.Sprintf("%s: %v", at, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", at, e.Field, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Connectors checks that the kind of a source or a channel exists and that its
// settings suit it. Errors name the setting.
type Connectors interface {
	CheckSource(s registry.Source) error
	CheckChannel(ch registry.Channel) error
	// CheckSign tells why a channel cannot show a sign: an events.FieldError.
	CheckSign(s registry.Sign, ch registry.Channel) error
	// CheckFallback tells why a channel cannot take over from another.
	CheckFallback(ch, other registry.Channel) error
}

// Read reads and validates a file. connectors may be nil: connectors' own
// settings are then left unchecked.
func Read(file string, connectors Connectors) (*Config, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(file, body, connectors)
}

// Parse is Read of a body already in memory; file is its name in errors.
func Parse(file string, body []byte, connectors Connectors) (*Config, error) {
	doc, err := parser.ParseBytes(body, 0)
	if err != nil {
		return nil, syntaxError(file, err)
	}
	if len(doc.Docs) > 1 {
		second := &Error{File: file, Err: errors.New("a second document: the file holds one")}
		if start := doc.Docs[1].Start; start != nil {
			second.Line = start.Position.Line
		}
		return nil, second
	}
	f := &document{name: file, doc: doc}
	c := &Config{}
	var tree any
	if err := yaml.Unmarshal(body, &tree); err != nil {
		return nil, syntaxError(file, err)
	}
	if _, keys := tree.(map[string]any); tree != nil && !keys {
		return nil, &Error{File: file, Line: 1, Err: errors.New("not settings: a file of settings is keys and their values, such as data: /var/lib/crieur")}
	}
	f.unknown("", tree, reflect.TypeFor[Config]())
	if len(f.errs) == 0 {
		f.decode(tree, c)
	}
	if len(f.errs) == 0 {
		c.SetDefaults()
		f.validate(c, connectors)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// err joins what is wrong, in the order of the file; nil when nothing is.
func (f *document) err() error {
	slices.SortStableFunc(f.errs, func(a, b *Error) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field)) })
	var errs []error
	for _, e := range f.errs {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func syntaxError(file string, err error) error {
	var se yaml.Error
	if errors.As(err, &se) && se.GetToken() != nil {
		return &Error{File: file, Line: se.GetToken().Position.Line, Err: errors.New(se.GetMessage())}
	}
	return &Error{File: file, Err: err}
}

// document is a parsed file and what was found wrong in it.
type document struct {
	name string
	doc  *ast.File
	errs []*Error
}

func (f *document) wrong(path string, err error) {
	f.errs = append(f.errs, &Error{File: f.name, Line: f.line(path), Field: strings.TrimPrefix(path, "."), Err: err})
}

// line returns where a path stands; that of its nearest parent when the field
// itself is absent.
func (f *document) line(path string) int {
	for path != "" {
		if p, err := yaml.PathString("$" + path); err == nil {
			if node, err := p.FilterFile(f.doc); err == nil && node != nil {
				return keyLine(node)
			}
		}
		path = path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
	}
	return 0
}

// keyLine is the line of the first token of a node.
func keyLine(node ast.Node) int {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position.Line
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		return m.Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}

// unknown reports every key that the Go type has no field for, and every text
// that a type which reads itself (duration, time of day) refuses: encoding/json
// would not say where it stands.
func (f *document) unknown(path string, value any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if text, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		if err := text.UnmarshalText(fmt.Append(nil, value)); err != nil {
			f.wrong(path, err)
		}
		return
	}
	switch v := value.(type) {
	case map[string]any:
		switch {
		case t.Kind() == reflect.Map:
			for k, item := range v {
				f.unknown(path+"."+k, item, t.Elem())
			}
		case t.Kind() == reflect.Struct:
			known := fields(t)
			for k, item := range v {
				ft, ok := known[k]
				if !ok {
					f.wrong(path+"."+k, errors.New("unknown key"+suggest(k, known)))
					continue
				}
				f.unknown(path+"."+k, item, ft)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice && t != reflect.TypeFor[json.RawMessage]() {
			for i, item := range v {
				f.unknown(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
			}
		}
	}
}

// fields returns the JSON names of a struct, those of embedded structs
// included.
func fields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for sf := range t.Fields() {
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Anonymous && name == "":
			for k, ft := range fields(sf.Type) {
				out[k] = ft
			}
		case name != "" && name != "-":
			out[name] = sf.Type
		}
	}
	return out
}

// suggest names a known key that differs by case, - or _ only.
func suggest(key string, known map[string]reflect.Type) string {
	plain := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	for k := range known {
		if plain(k) == plain(key) {
			return fmt.Sprintf("; did you mean %q?", k)
		}
	}
	return ""
}

// decode goes through JSON, so that the file, the registry and the API read
// one type in one way.
func (f *document) decode(tree any, c *Config) {
	body, err := json.Marshal(tree)
	if err != nil {
		f.wrong("", err)
		return
	}
	err = json.Unmarshal(body, c)
	var te *json.UnmarshalTypeError
	switch {
	case err == nil:
	case errors.As(err, &te):
		f.wrong("."+te.Field, fmt.Errorf("a %s is not a %s", te.Value, te.Type.Kind()))
	default:
		f.wrong("", err)
	}
}
