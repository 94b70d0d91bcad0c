// Package fanout turns a publication into delivery batches.
//
// In come publications, and the receipts of the batches. Out go deliveries of
// a few subscribers each, in the order of their ordinals, on the channels that
// write to people (SMS, e-mail, push); the others are publisher's.
//
// How: each channel's rendition is asked of publisher once; who is targeted is
// decided once for all channels of a publication and saved, compressed, before
// anything is sent (bucket fanout: plan.<publication>.<revision>, its bitmaps
// under set.…, the cursor of each channel under at.…, who could not be reached
// under failed.…). Those in their quiet hours are sent to when these end.
//
// One process of several runs the fan-outs, the one that has the lease (package
// lease); the others follow, to answer what was sent to whom. Cursors and plans
// are written by compare-and-set, so that a process that woke after its lease
// was taken stops at its first write.
//
// Guarantees:
//   - After a crash a fan-out goes on where it was. The cursor moves only once
//     the batches are stored; what is published again in between has the same
//     IDs, which the stream and publisher's ledger drop.
//   - A channel of a publication has only a window of batches in the queue, and
//     running fan-outs take turns, so that one authority's million never
//     starves another's ten. Alerts have a lane of their own.
//   - Nobody is left without an end: who was targeted and will not be sent to,
//     because the publication expired or a newer revision replaced it, gets a
//     failed receipt that says so.
//   - A correction goes to those who were sent the error and to no one else.
package fanout
