package keyfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/crieur/crieur/events/keyfile"
)

func TestKeepMakesOnceAndThenReads(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys", "a.key")
	var made atomic.Int64
	fresh := func() ([]byte, error) { return fmt.Appendf(nil, "key %d", made.Add(1)), nil }
	// Of many that begin at once all have the same.
	var all sync.WaitGroup
	got := make([]string, 16)
	for i := range got {
		all.Go(func() {
			body, err := keyfile.Keep(file, fresh)
			if err != nil {
				t.Error(err)
			}
			got[i] = string(body)
		})
	}
	all.Wait()
	for _, g := range got {
		if g == "" || g != got[0] {
			t.Fatalf("%q and %q", g, got[0])
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v %v", left, err)
	}
	if err := keyfile.Create(file, []byte("another")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over: %v", err)
	}
}

// Who reads while a file is replaced has one of the two, whole.
func TestReplaceIsReadWhole(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a")
	bodies := []string{strings.Repeat("old", 1<<20), strings.Repeat("new", 1<<20)}
	if err := keyfile.Replace(file, []byte(bodies[0])); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 20 {
			if err := keyfile.Replace(file, []byte(bodies[(i+1)%2])); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		if got, err := os.ReadFile(file); err != nil || string(got) != bodies[0] && string(got) != bodies[1] {
			t.Fatalf("%d bytes: %v", len(got), err)
		}
	}
	writing.Wait()
}

func TestKeepNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.key")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unused := func() ([]byte, error) { return nil, errors.New("made anew") }
	if _, err := keyfile.Keep(empty, unused); err == nil || !strings.Contains(err.Error(), empty) || strings.Contains(err.Error(), "made anew") {
		t.Errorf("empty: %v", err)
	}
	broken := errors.New("no entropy")
	file := filepath.Join(dir, "b.key")
	if _, err := keyfile.Keep(file, func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("fresh: %v", err)
	}
	if _, err := keyfile.Keep(file, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is left, or made of nothing: %v", err)
	}
}
