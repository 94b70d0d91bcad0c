package ingest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/source"
)

// TestEveryFolderIsARegisteredKind fails on a connector that is not registered or
// lacks a piece.
func TestEveryFolderIsARegisteredKind(t *testing.T) {
	t.Parallel()
	kinds := map[string]source.Kind{}
	for _, k := range ingest.Kinds() {
		if kinds[k.Name].Name != "" {
			t.Errorf("%s is registered twice", k.Name)
		}
		if !events.IsSlug(k.Name) || k.New == nil {
			t.Errorf("%s: not a slug, or without New", k.Name)
		}
		kinds[k.Name] = k
	}
	folders, err := os.ReadDir("source")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		kind, ok := kinds[f.Name()]
		if !ok {
			t.Errorf("source/%s is not in Kinds", f.Name())
			continue
		}
		delete(kinds, f.Name())
		if !tested(t, filepath.Join("source", f.Name())) {
			t.Errorf("source/%s: no test calls sourcetest.Run or sourcetest.Hostile", f.Name())
		}
		for _, piece := range []string{"doc.go", "example.yaml", "testdata"} {
			if _, err := os.Stat(filepath.Join("source", f.Name(), piece)); err != nil {
				t.Errorf("source/%s lacks %s", f.Name(), piece)
			}
		}
		example, err := os.ReadFile(filepath.Join("source", f.Name(), "example.yaml"))
		if err != nil {
			continue
		}
		made, err := kind.New(source.Deps{}, source.Spec{Kind: kind.Name, Settings: example})
		if err != nil {
			t.Errorf("source/%s/example.yaml: %v", f.Name(), err)
		}
		_, polled := made.(source.Source)
		_, pushed := made.(source.Listener)
		if _, serves := made.(source.Server); !polled && !pushed && !serves {
			t.Errorf("%s is neither a Source, nor a Listener, nor a Server", f.Name())
		}
		if polled && !(kind.Interval.Least > 0 && kind.Interval.Least <= kind.Interval.Usual && kind.Interval.Usual <= kind.Interval.Most) {
			t.Errorf("%s: interval %+v", f.Name(), kind.Interval)
		}
		bad := append(append([]byte{}, example...), "\nunknown_key: 1\n"...)
		if _, err := kind.New(source.Deps{}, source.Spec{Kind: kind.Name, Settings: bad}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s takes an unknown key: %v", f.Name(), err)
		}
	}
	for name := range kinds {
		t.Errorf("kind %s has no folder", name)
	}
}

// tested reports whether the connector of a folder takes the contract suite, or
// the hostile part of it where it is not polled.
func tested(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && (strings.Contains(string(text), "sourcetest.Run(") || strings.Contains(string(text), "sourcetest.Hostile("))
	})
}
