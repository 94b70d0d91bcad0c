package registry

import "time"

// CheckEvery makes the watches of r ask the server more often.
func CheckEvery[T any](r *Repository[T], d time.Duration) { r.checkEvery = d }
