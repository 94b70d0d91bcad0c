// Package journal is the audit trail of each authority: a hash chain of
// events.Audit.
//
// In: what was done, by whom, to what. Out: audit events on the stream AUDIT,
// each holding the hash of the one before, and a check of the whole chain.
//
// Guarantees: entries of an authority form one line, whatever the number of
// processes that write (the head is moved by compare-and-set); an entry is in
// the stream before the next is written, so that a crash leaves no gap; a
// changed, removed, inserted or reordered entry is found by Verify. The stream
// itself refuses deletion. The hash is SHA-256 of the entry's JSON with its
// keys sorted, Hash left out.
package journal
