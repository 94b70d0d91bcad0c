package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keep returns what file holds. Where there is none it is made by fresh; with a
// nil fresh that is fs.ErrNotExist.
func Keep(file string, fresh func() ([]byte, error)) ([]byte, error) {
	body, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) || fresh == nil {
		return body, err
	}
	if body, err = fresh(); err != nil {
		return nil, err
	}
	if err := Create(file, body); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return read(file) // another process may have been faster
}

func read(file string) ([]byte, error) {
	body, err := os.ReadFile(file)
	if err == nil && len(body) == 0 {
		err = fmt.Errorf("%s: is empty, as a full disk leaves it: put the copy back, or remove it to have a new one made", file)
	}
	return body, err
}

// Create writes a file that does not exist yet: fs.ErrExist when there is
// another.
func Create(file string, body []byte) error { return write(file, body, os.Link) }

// Replace writes a file over the one that may be there: who reads it meanwhile
// has the old one or the new.
func Replace(file string, body []byte) error { return write(file, body, os.Rename) }

func write(file string, body []byte, put func(from, to string) error) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(body)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := put(tmp.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name outlast a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
