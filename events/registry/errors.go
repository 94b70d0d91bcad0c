package registry

import (
	"errors"
	"fmt"
)

// The outcomes of a repository's operation that a caller may act on, with
// errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed by someone else since it was read")
	ErrExists   = errors.New("already exists")
)

// DecodeError says that the value stored under a key is not one of the
// expected type. The value stays where it is.
type DecodeError struct {
	Key      string // as stored, prefix included
	Revision uint64
	Err      error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("registry: %s: revision %d cannot be decoded: %v", e.Key, e.Revision, e.Err)
}

// Unwrap returns the decoder's error.
func (e *DecodeError) Unwrap() error { return e.Err }
