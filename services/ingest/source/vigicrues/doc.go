// Package vigicrues reads the State's flood watch: the level of each reach of a
// river, green to red, for the next 24 hours.
//
// In: the address of InfoVigiCru.geojson, and which reaches matter: by their
// codes, by the code of their territory, or by the communes and départements
// their line passes through. Out: one record.Alert a reach at the configured
// colour or above, identified by the reach's code. Stations of a reach may be
// named: their last water level is told with it.
//
// The bulletin's time is that of the whole collection: the dates of a feature are
// those of the list of rivers. A level stands until it changes; its expiry is the
// end of the day after the bulletin's, so that a bulletin with the same levels
// says nothing new the same day. Water levels are read when a reach changes
// colour, not at each turn.
//
// Guaranteed: a reach back to green is no longer given, which withdraws it; a
// document without a configured reach, or without any, is refused rather than
// read as green; a station that does not answer holds no warning back.
//
// Interface: www.vigicrues.gouv.fr/services, "Documentation des services web".
package vigicrues
