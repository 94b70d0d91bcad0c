// Package mapping turns the record of a raw into a draft of a message: what
// the record says, in the message's own terms, nothing decided. One folder a
// kind of record: entry for all that is editorial, cap for alerts.
//
// In: events.Raw, whose Record has the shape record.ShapeOf(Kind). Out: a
// Draft, whose texts are still as found. Errors are events.Permanent with
// ReasonInvalidContent or ReasonUnsupported and name the field.
//
// A kind is added by a folder, its golden cases (testdata/<case>/input.json
// with want.json or want.err) and a line in normalizer.mappings.
package mapping
