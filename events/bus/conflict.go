package bus

import (
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// IsConflict reports whether the server refused a conditional write, the
// Create, Update or Purge of a bucket or a message with an expected last
// sequence, because somebody else wrote first. Whether that write was our own,
// with its answer lost, it does not tell.
//
// Replicated streams have a code of their own for it:
// https://github.com/nats-io/nats.go/blob/v1.55.0/jetstream/errors.go
func IsConflict(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyRevisionMismatch) || errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
