// Package gtfsrt maps the disruptions of public transport.
//
// In: a record.Entry of ingest's gtfsrt, whose extra holds cause, effect and
// severityLevel under the names of gtfs-realtime.proto. Out: a draft of class
// service, topic transports: a strike or a detour never rings at night. The
// standard's level gives the severity (SEVERE Severe, WARNING Moderate, INFO
// Minor), else the effect.
//
// A disruption without an end is taken to last three months from its last
// reading; its withdrawal by the source ends it sooner. The licence is that of
// the network, which the source's configuration says.
package gtfsrt
