// Package engine carries deliveries out and proves it: publication → delivery
// → receipt, for every channel.
//
// In: publications (Plan) and deliveries (Deliver), from the bus. Out: one
// delivery an endpoint, and receipts. In between, one file a stage: freshness,
// supersession, contacts, window, ledger, send, receipts.
//
// Guarantees:
//   - A ledger entry is stored before anything is handed to a provider (the
//     intent) and after it answered (the outcome). A delivery is acknowledged
//     only when its receipts are stored.
//   - After a crash between the two, an alert is sent again, counted as
//     duplicate; service and promotional deliveries end as unknown and go to
//     reconciliation; where the channel is idempotent, the same is sent again.
//   - At most Window recipients of one channel and lane have an intent without
//     an outcome at any time. Alerts and the others have lanes of their own.
//   - Every recipient ends in a receipt: sent, delivered, failed with a reason,
//     or unknown.
//
// Two publishers may work at once: an intent is created, never overwritten.
package engine
