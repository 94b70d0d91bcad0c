// Package curator is the stage message → publication: streams, their rules and
// policies, and the console where officers review, edit once, preview every
// channel, approve, schedule, correct and withdraw.
//
// In: events.Message (consumer "curator"), events.Receipt (consumer
// "curator-receipts"), and officers at /console. Out: events.Publication and
// events.Audit.
//
// What an officer writes in the console takes the same path as what a source
// gives: a raw of source "console" and shape record.Entry is emitted, and comes
// back as a message through the normalizer. Nothing else makes a message.
//
// Guarantees are those of packages rule (who gets what), item (what may
// happen to it), desk (nothing lost or doubled), journal (nobody rewrites the
// past), account and openid (who acts). All state is in JetStream: any number of
// processes may run.
package curator
