// Package territory knows the communes, intercommunalities (EPCI with their
// own taxation), départements and regions of France, and the zones of weather
// alerts.
//
// What comes in: an INSEE code, a post code, a name as people write it, a
// position, or a zone code of an alert. What goes out: communes and
// départements. Codes are those of INSEE's Code officiel géographique
// (www.insee.fr/fr/information/2560452): "33063", "2A004", "97411"; a
// département is their first two characters, or three overseas.
//
// The data is embedded (about 0.75 MB, notice in reference/NOTICE.md), read
// once at the first call of France, and held in some 6 MB. Everything it gives
// is read-only and safe for concurrent use.
package territory
