// Package openagenda reads the events of an agenda of OpenAgenda, API v2.
//
// In: an agenda and a key. Out: one record.Entry an event, with all its dates in
// Timings; the first reading asks for what is current or to come, later ones for
// what was updated or removed since. An event removed, cancelled, private, or not
// (or no longer) published is a withdrawal. The API says no licence: it is that of
// the source's own setting.
//
// Guaranteed: one language a text, the one asked for where it is there; telephone
// numbers, e-mail addresses and members of the agenda are never kept; the key is
// in no error; at most rows.MaxRows events a reading.
//
// Provider: developers.openagenda.com.
package openagenda
