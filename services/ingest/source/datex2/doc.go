// Package datex2 reads what happens on roads: situations in DATEX II v2 and v3
// (Bison Futé, bare or in a SOAP envelope), traffic orders in DATEX II v3 (DiaLog)
// and CIFS (DiaLog for navigation services).
//
// In: the address of a publication, and the area that matters: communes,
// départements or a box. Out: one record.Entry a situation, with all its records
// (works, closure and diversion are one thing to a driver), or one an order.
//
// Where: coordinates, lines, road numbers, the names of towns and of the issuing
// authority, reference markers ("05PR91U" is in département 05). A town named near
// the position is preferred to the commune that holds it.
//
// A measure for some vehicles says which, what holds at some hours says which.
//
// Guaranteed: a publication is read as a stream, one situation in memory at a
// time; namespaces do not matter, element names do. A situation whose cause has
// ended is withdrawn even while it is listed or while a measure it called for has
// no end; a closure whose end is to come stands. Suspended works are not told.
// One that a whole publication no longer lists is withdrawn; a publication
// of updates withdraws nothing it does not name. Tests and what is not for the
// public are left out or marked. What is larger than maxNodes is refused alone.
//
// A restriction published by DiaLog has no legal value, only the order has: each
// record says so.
//
// Standards: docs.datex2.eu; MTES-MCT/dialog, docs/spec/datex2;
// developers.google.com/waze/data-feed/cifs-specification.
package datex2
