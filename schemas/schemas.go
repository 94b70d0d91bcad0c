package schemas

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed json examples asyncapi.json all:clickhouse
var files embed.FS

// Files is the whole tree: json/, examples/, clickhouse/ and asyncapi.json.
func Files() fs.FS { return files }

// AsyncAPI returns the AsyncAPI 3 document.
func AsyncAPI() []byte { return read("asyncapi.json") }

// Stages returns the stages that have a schema, in the order of the path.
func Stages() []string {
	return []string{"raw", "message", "publication", "delivery", "receipt", "audit"}
}

// read returns a file that is embedded: its absence is a defect of the build.
func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return b
}

// Validator checks event bodies against their stage's schema. It is safe for
// concurrent use.
type Validator struct {
	byStage map[string]*jsonschema.Schema
}

// NewValidator compiles every schema. It fails only on a broken build.
func NewValidator() (*Validator, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	entries, err := files.ReadDir("json")
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, e := range entries {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(path.Join("json", e.Name()))))
		if err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", e.Name(), err)
		}
		id := "https://crieur.example/schemas/" + e.Name()
		if err := c.AddResource(id, doc); err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", e.Name(), err)
		}
		stage, _, _ := strings.Cut(e.Name(), ".")
		ids[stage] = id
	}
	v := &Validator{byStage: map[string]*jsonschema.Schema{}}
	for _, stage := range Stages() {
		if v.byStage[stage], err = c.Compile(ids[stage]); err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", stage, err)
		}
	}
	return v, nil
}

// Validate checks one JSON body. Its error names each wrong field by its
// JSON pointer.
func (v *Validator) Validate(stage string, body []byte) error {
	s, ok := v.byStage[stage]
	if !ok {
		return fmt.Errorf("schemas: no stage %q", stage)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("schemas: %s: %w", stage, err)
	}
	if err := s.Validate(doc); err != nil {
		return fmt.Errorf("schemas: %s: %w", stage, err)
	}
	return nil
}
