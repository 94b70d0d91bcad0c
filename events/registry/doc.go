// Package registry keeps Crieur's configuration and operational state in NATS
// JetStream key-value buckets (docs.nats.io/nats-concepts/jetstream/key-value-store,
// ADR-8), as typed repositories and as read models in memory.
//
// What comes in: values of a Go type, written as JSON under hierarchical keys
// such as source.<authority>.<id>. What goes out: the same values with their
// revision, one by one (Repository), or all together and kept up to date
// (View).
//
// Guarantees:
//   - A write that names a revision succeeds only if nobody wrote since:
//     ErrConflict otherwise. Create never overwrites: ErrExists.
//   - A value that is not valid is refused before it is written; the error names
//     every wrong field. Fields a program does not know are tolerated on read,
//     so that versions can run side by side; Modify by an older program drops
//     them, so values are written by the newest version.
//   - A stored value that cannot be decoded is reported with its key, never
//     skipped in silence.
//   - A View holds every value of its keys once Ready is closed, in the order of
//     their revisions, and drops every deleted key: after a reconnection, a
//     server's restart or a bucket's loss it reads the whole again and removes
//     what is gone.
//   - Keys are reversible: any text can be a token, and is read back equal.
//
// No value here holds a secret in clear: a connector's settings name files or
// environment variables, and Validate refuses a password written in them.
// All times are UTC.
package registry
