// Package projection turns the metres of French maps into degrees.
//
// In: coordinates in Lambert-93 (EPSG:2154), in one of the nine zones of the
// conformal conics CC42 to CC50 (EPSG:3942 to 3950) that towns use, or in Web
// Mercator (EPSG:3857); the projection may be left to be told by where they are.
// Out: WGS 84 degrees, which RGF93 equals within a metre.
//
// Guaranteed: what lies outside metropolitan France, where these projections do not
// hold, is refused rather than placed.
//
// Sources: IGN's note NT/G 71; EPSG guidance note 7-2, §3.1.1.
package projection
