package normalizer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/normalizer"
	"github.com/crieur/crieur/services/normalizer/classify"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden is a case's input.json: a raw without the identifiers that follow
// from it, and what is known of its source.
type golden struct {
	Kind      string             `json:"kind"`
	URL       string             `json:"url"`
	FetchedAt time.Time          `json:"fetchedAt"`
	Record    json.RawMessage    `json:"record"`
	Source    registry.Source    `json:"source"`
	Authority registry.Authority `json:"authority"`
}

func (g golden) raw() events.Raw {
	return events.Raw{
		ID: events.RawID("bordeaux", "site", "1", "h"), Authority: "bordeaux", Source: "site", Kind: g.Kind, Item: "1", Hash: "h",
		Revision: 1, FetchedAt: g.FetchedAt, URL: g.URL, Record: g.Record,
	}
}

func pipeline(t testing.TB) *normalizer.Pipeline {
	t.Helper()
	p, err := normalizer.NewPipeline(classify.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGolden walks mapping/<kind>/testdata/<case>: input.json gives want.json
// or want.err. A kind without a case fails.
func TestGolden(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	kinds, err := filepath.Glob("mapping/*/doc.go")
	if err != nil || len(kinds) == 0 {
		t.Fatal("no mapping", err)
	}
	for _, k := range kinds {
		inputs, _ := filepath.Glob(filepath.Join(filepath.Dir(k), "testdata", "*", "input.json"))
		if len(inputs) == 0 {
			t.Errorf("%s: no golden case", filepath.Dir(k))
		}
		for _, in := range inputs {
			t.Run(strings.TrimPrefix(filepath.Dir(in), "mapping/"), func(t *testing.T) { t.Parallel(); oneCase(t, p, filepath.Dir(in)) })
		}
	}
}

func oneCase(t *testing.T, p *normalizer.Pipeline, dir string) {
	body, err := os.ReadFile(filepath.Join(dir, "input.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		t.Fatal(err)
	}
	m, err := p.Normalise(g.raw(), g.Source, g.Authority, g.FetchedAt.Add(time.Second))
	name, got := "want.json", []byte(nil)
	if err != nil {
		name, got = "want.err", []byte(err.Error()+"\n")
	} else {
		if err := m.Validate(); err != nil {
			t.Errorf("the message is not valid: %v", err)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(m); err != nil {
			t.Fatal(err)
		}
		got = b.Bytes()
	}
	path := filepath.Join(dir, name)
	if *update {
		for _, old := range []string{"want.json", "want.err"} {
			if err := os.Remove(filepath.Join(dir, old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (got: %s)", err, got)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs, got:\n%s", path, got)
	}
}

// shared is one pipeline for fuzzing, which calls it many times.
var shared = sync.OnceValue(func() *normalizer.Pipeline {
	p, err := normalizer.NewPipeline(classify.DefaultRules())
	if err != nil {
		panic(err)
	}
	return p
})
