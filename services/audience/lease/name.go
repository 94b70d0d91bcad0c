package lease

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// OpenName returns the name of the installation in a folder, made at the first
// time, and whether no other living process has it: the file is locked until
// close (flock(2), which the system undoes when a process dies). A second
// process of the folder, and one without a folder, gets a name of its own.
func OpenName(dir string) (name string, sole bool, closeName func(), err error) {
	if dir == "" {
		return rand.Text(), false, func() {}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, nil, fmt.Errorf("lease: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "holder"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", false, nil, fmt.Errorf("lease: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return rand.Text(), false, func() {}, f.Close()
	}
	body, err := io.ReadAll(f)
	name = strings.TrimSpace(string(body))
	if err == nil && name == "" {
		name = rand.Text()
		_, err = f.WriteString(name + "\n")
	}
	if err != nil {
		return "", false, nil, errors.Join(fmt.Errorf("lease: %w", err), f.Close())
	}
	return name, true, func() { _ = f.Close() }, nil
}
