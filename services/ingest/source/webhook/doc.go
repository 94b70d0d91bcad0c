// Package webhook receives what another program posts to
// /hooks/<authority>/<source>.
//
// In: a JSON body, signed with HMAC-SHA256 and a shared secret. Out: one
// record.Entry an item.
//
//	POST /hooks/bordeaux/travaux
//	Crieur-Timestamp: 1790000000
//	Crieur-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp + "." + body)>
//
//	{"id": "42", "title": "Rue barrée", "body": "…", "link": "https://…"}
//
// The body is one item, a list of items, or {"items": […]}; an item has an id
// and the fields of record.Entry, and no other: an unknown field is refused by
// its name. {"id": "42", "withdrawn": true} takes an item back.
//
// Guaranteed: nothing is read of a body before its signature is found right, in
// constant time, over the very bytes received; a timestamp outside the window is
// refused, so that a captured request cannot be sent again later; inside the
// window sending again changes nothing, since an item is known by its id.
//
// A sender that cannot sign a timestamp signs the body alone (signed: body).
//
// Answers: 202 once the items are on the bus, 401, 413, 422 with the field, 503.
// Standard: RFC 2104 (HMAC).
package webhook
