package source

import "fmt"

// A DriftError says that a source no longer has the shape that its configuration
// expects: its health drifts until someone looks at it.
type DriftError struct {
	// Field is the setting that finds nothing any more.
	Field string
}

func (e *DriftError) Error() string {
	return fmt.Sprintf("%s: finds nothing any more: the page has changed, or the selector is wrong", e.Field)
}
