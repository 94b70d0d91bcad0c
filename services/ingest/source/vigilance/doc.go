// Package vigilance reads Météo-France's weather vigilance: the map and texts of
// the DPVigilance v1 interface, or the v3 "current phenomenons" of a département.
//
// In: the address of the map (and of the texts), an interface key. Out: one
// record.Alert a département and phenomenon at the configured colour or above,
// with its colour, its period and, where there is one, the département's text.
// Coastal strips ("2910") are alerts of their own in the département; the summary
// of the country ("FRA") repeats the others and is left out.
//
// Guaranteed: an alert's identifier is its place and phenomenon ("33-3"), so that
// another issue is the same item; an issue with the same colours at the same
// hours gives the same record, its text being the one that came with it. Its colour
// is the highest of the hours that are not over, its onset when that one begins,
// which an issue later does not move. A phenomenon back to green is no longer listed,
// which withdraws it. A map without a configured département is refused rather
// than read as green.
//
// Interface: portail-api.meteofrance.fr, "DPVigilance"; the form is described in
// donneespubliques.meteofrance.fr, "Vigilance météorologique".
package vigilance
