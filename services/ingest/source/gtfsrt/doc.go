// Package gtfsrt reads the service alerts of a GTFS Realtime feed: detours, works
// and strikes of public transport.
//
// In: the address of a feed, protobuf, whole data set. Out: one record.Entry a
// disruption. Networks publish one work as an alert a line: alerts with the same
// words, but for the line's name, and the same periods are one record that names
// all its lines. A text without language is in the configured one, French unless
// said otherwise; a French translation is preferred, the others are kept beside it.
//
// Guaranteed: a group keeps its item as long as one of its alerts stays, however
// its words or its other lines change; an alert that is over is withdrawn even
// while it is still listed; one no longer listed is withdrawn too. Differential
// feeds, which the standard reserves, are refused.
//
// Standard: gtfs.org/documentation/realtime/reference.
package gtfsrt
