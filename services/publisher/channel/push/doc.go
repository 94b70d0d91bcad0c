// Package push is the channel of kind push: notifications of browsers (Web
// Push).
//
// In: publications, and subscribers' push subscriptions, whose JSON is the
// contact's address. Out: one encrypted message a subscriber (RFC 8291), with
// the title, the text and what to do, the publication's page and the address that ends it all,
// for the portal's service worker.
//
// Guarantees: TTL ends with the publication, and is at most four weeks; Urgency
// follows the class (high, normal, low: RFC 8030, 5.3); Topic and tag are the
// publication's, so that a correction replaces what was not shown yet (RFC 8030,
// 5.4); 404 and 410 mean that the subscription is over: audience is told to
// forget it (RFC 8030, 7.3). A message is at most 4,096 bytes (RFC 8030, 7.2).
// Endpoints are given by strangers: only known push services, over https, are
// called.
//
// The key of RFC 8292 (VAPID) is made at the first start in vapid_key_file, and
// never changes after: subscriptions are bound to it. Browsers read its public
// half at GET /push/<authority>/<channel>/key.
package push
