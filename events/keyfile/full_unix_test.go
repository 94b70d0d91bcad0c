//go:build unix

package keyfile_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/crieur/crieur/events/keyfile"
)

const fullEnv = "CRIEUR_TEST_KEYFILE" // where the child keeps a key

// TestFullDiskLeavesNothing: a write that fails half-way leaves no file that the
// next start would read. A limit on the size of files stands in for the disk.
func TestFullDiskLeavesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.key")
	child := exec.Command(os.Args[0], "-test.run=^TestFullDiskProcess$")
	child.Env = append(os.Environ(), fullEnv+"="+file)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 0 {
		t.Fatalf("left in the folder: %v %v", left, err)
	}
	want := []byte("a key of some length")
	if got, err := keyfile.Keep(file, func() ([]byte, error) { return want, nil }); err != nil || string(got) != string(want) {
		t.Errorf("the next start: %q %v", got, err)
	}
}

// TestFullDiskProcess is the child of TestFullDiskLeavesNothing.
func TestFullDiskProcess(t *testing.T) {
	file := os.Getenv(fullEnv)
	if file == "" {
		t.Skip("only as a child of TestFullDiskLeavesNothing")
	}
	signal.Ignore(syscall.SIGXFSZ) // a write that is too large then fails
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4, Max: 4}); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.Keep(file, func() ([]byte, error) { return []byte("a key of some length"), nil }); err == nil {
		t.Error("a key was kept on a full disk")
	}
}
