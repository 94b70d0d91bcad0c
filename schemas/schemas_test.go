package schemas_test

import (
	"encoding/json"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/crieur/crieur/schemas"
)

func validator(t *testing.T) *schemas.Validator {
	t.Helper()
	v, err := schemas.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// stageOf reads the stage from an example's name: raw-feed.json is a raw.
func stageOf(name string) string {
	stage, _, _ := strings.Cut(path.Base(name), "-")
	return stage
}

func examples(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	names, err := fs.Glob(schemas.Files(), "examples/"+folder+"/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s example: %v", folder, err)
	}
	out := map[string][]byte{}
	for _, n := range names {
		b, err := fs.ReadFile(schemas.Files(), n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = b
	}
	return out
}

func TestValidExamplesPass(t *testing.T) {
	t.Parallel()
	v, seen := validator(t), map[string]bool{}
	for name, body := range examples(t, "valid") {
		seen[stageOf(name)] = true
		if err := v.Validate(stageOf(name), body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, stage := range schemas.Stages() {
		if !seen[stage] {
			t.Errorf("stage %s has no valid example", stage)
		}
	}
}

func TestInvalidExamplesFail(t *testing.T) {
	t.Parallel()
	v, seen := validator(t), map[string]bool{}
	for name, body := range examples(t, "invalid") {
		seen[stageOf(name)] = true
		if err := v.Validate(stageOf(name), body); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, stage := range schemas.Stages() {
		if !seen[stage] {
			t.Errorf("stage %s has no invalid example", stage)
		}
	}
}

// An old example with a field nobody knew then must stay readable: schemas
// never forbid additional properties.
func TestSchemasEvolveByAddition(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for name, body := range examples(t, "valid") {
		var doc map[string]any
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		doc["fieldOfALaterVersion"] = "x"
		later, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Validate(stageOf(name), later); err != nil {
			t.Errorf("%s with an added field: %v", name, err)
		}
	}
}

func TestAsyncAPINamesEveryStage(t *testing.T) {
	t.Parallel()
	var doc struct {
		AsyncAPI string `json:"asyncapi"`
		Channels map[string]struct {
			Address string `json:"address"`
		} `json:"channels"`
		Components struct {
			Messages map[string]struct {
				Payload struct {
					Schema map[string]string `json:"schema"`
				} `json:"payload"`
			} `json:"messages"`
		} `json:"components"`
	}
	if err := json.Unmarshal(schemas.AsyncAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.AsyncAPI, "3.") {
		t.Errorf("asyncapi %q", doc.AsyncAPI)
	}
	for _, stage := range schemas.Stages() {
		if !strings.HasPrefix(doc.Channels[stage].Address, stage+".") {
			t.Errorf("%s: address %q", stage, doc.Channels[stage].Address)
		}
		ref := doc.Components.Messages[stage].Payload.Schema["$ref"]
		if _, err := fs.Stat(schemas.Files(), ref); err != nil {
			t.Errorf("%s: payload %q: %v", stage, ref, err)
		}
	}
}
