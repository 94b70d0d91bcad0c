package events_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/schemas"
)

// decode decodes and validates a body of a stage with its Go type.
func decode(stage string, body []byte) (events.Event, error) {
	switch stage {
	case "raw":
		return events.Unmarshal[events.Raw](body)
	case "message":
		return events.Unmarshal[events.Message](body)
	case "publication":
		return events.Unmarshal[events.Publication](body)
	case "delivery":
		return events.Unmarshal[events.Delivery](body)
	case "receipt":
		return events.Unmarshal[events.Receipt](body)
	default:
		return events.Unmarshal[events.Audit](body)
	}
}

func eachExample(t *testing.T, folder string, check func(t *testing.T, stage string, body []byte)) {
	t.Helper()
	names, err := fs.Glob(schemas.Files(), "examples/"+folder+"/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no example in %s: %v", folder, err)
	}
	for _, name := range names {
		t.Run(path.Base(name), func(t *testing.T) {
			t.Parallel()
			body, err := fs.ReadFile(schemas.Files(), name)
			if err != nil {
				t.Fatal(err)
			}
			stage, _, _ := strings.Cut(path.Base(name), "-")
			check(t, stage, body)
		})
	}
}

func TestValidExamplesRoundTrip(t *testing.T) {
	t.Parallel()
	v, err := schemas.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	eachExample(t, "valid", func(t *testing.T, stage string, body []byte) {
		e, err := decode(stage, body)
		if err != nil {
			t.Fatal(err)
		}
		again, err := events.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Validate(stage, again); err != nil {
			t.Errorf("what Go writes is not valid: %v", err)
		}
		var want, got any
		if json.Unmarshal(body, &want) != nil || json.Unmarshal(again, &got) != nil {
			t.Fatal("not JSON")
		}
		if missing := lost("", want, got); missing != "" {
			t.Errorf("decoding and encoding loses %s", missing)
		}
	})
}

// What was written once is stored for more than a year: its examples are never
// rewritten.
func TestEarlierExamplesAreRead(t *testing.T) {
	t.Parallel()
	v, err := schemas.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	eachExample(t, "earlier", func(t *testing.T, stage string, body []byte) {
		if err := v.Validate(stage, body); err != nil {
			t.Error(err)
		}
		e, err := decode(stage, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := events.Marshal(e); err != nil {
			t.Error(err)
		}
	})
}

// lost returns the path of the first value of want that got lacks.
func lost(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range w {
			if _, ok := g[k]; !ok {
				return at + "/" + k
			}
			if m := lost(at+"/"+k, v, g[k]); m != "" {
				return m
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return at
		}
		for i, v := range w {
			if m := lost(fmt.Sprintf("%s/%d", at, i), v, g[i]); m != "" {
				return m
			}
		}
	default:
		if !reflect.DeepEqual(want, got) {
			return at
		}
	}
	return ""
}

func TestLostLooksIntoLists(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		`{"to":[{"id":"a","at":1}]}`: `{"to":[{"id":"a"}]}`,
		`{"to":[1,2]}`:               `{"to":[1]}`,
		`{"to":[1]}`:                 `{"to":[2]}`,
	} {
		var w, g any
		if json.Unmarshal([]byte(want), &w) != nil || json.Unmarshal([]byte(got), &g) != nil {
			t.Fatal("not JSON")
		}
		if lost("", w, g) == "" {
			t.Errorf("%s becomes %s, and nothing is lost", want, got)
		}
	}
}

func TestInvalidExamplesAreRefused(t *testing.T) {
	t.Parallel()
	eachExample(t, "invalid", func(t *testing.T, stage string, body []byte) {
		_, err := decode(stage, body)
		if err == nil {
			t.Fatal("accepted")
		}
		if o := events.OutcomeOf(err); o.Kind != events.PermanentFailure || o.Reason != events.ReasonInvalidEvent {
			t.Errorf("outcome %+v", o)
		}
		if !strings.HasPrefix(err.Error(), stage+": ") {
			t.Errorf("the error does not name the stage: %v", err)
		}
	})
}

// Every field of a Go type is in its schema, and the other way round.
func TestTypesAndSchemasHaveTheSameFields(t *testing.T) {
	t.Parallel()
	types := map[string]any{
		"raw": events.Raw{}, "message": events.Message{}, "publication": events.Publication{},
		"delivery": events.Delivery{}, "receipt": events.Receipt{}, "audit": events.Audit{},
	}
	shared := map[string]any{
		"area": events.Area{}, "content": events.Content{}, "provenance": events.Provenance{},
		"rendition": events.Rendition{}, "image": events.Image{}, "point": events.Point{},
	}
	for stage, value := range types {
		compareFields(t, stage, value, properties(t, stage, ""))
	}
	for def, value := range shared {
		compareFields(t, def, value, properties(t, "common", def))
	}
}

func properties(t *testing.T, stage, def string) []string {
	t.Helper()
	body, err := fs.ReadFile(schemas.Files(), "json/"+stage+".v1.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var doc struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	o := doc.object
	if def != "" {
		o = doc.Defs[def]
	}
	var names []string
	for n := range o.Properties {
		names = append(names, n)
	}
	return names
}

func compareFields(t *testing.T, name string, value any, want []string) {
	t.Helper()
	var got []string
	for f := range reflect.TypeOf(value).Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		got = append(got, tag)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: Go has %v, the schema %v", name, got, want)
	}
}

func TestEnumsAreTheSame(t *testing.T) {
	t.Parallel()
	body, err := fs.ReadFile(schemas.Files(), "json/common.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Defs map[string]struct {
			Enum []string `json:"enum"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	same := func(def string, got []string) {
		if !slices.Equal(got, doc.Defs[def].Enum) {
			t.Errorf("%s: Go has %v, the schema %v", def, got, doc.Defs[def].Enum)
		}
	}
	same("reason", words(events.Reasons()))
	same("receiptStatus", words(events.ReceiptStatuses()))
	same("class", words(events.Classes()))
	same("severity", words(events.Severities()))
	for _, s := range events.ReceiptStatuses() {
		if !s.Valid() {
			t.Errorf("%s is listed and not valid", s)
		}
	}
}

func words[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
