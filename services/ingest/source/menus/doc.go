// Package menus reads the menus of canteens in the SCDL schema menus-collectifs:
// a CSV with one dish a line.
//
// In: an address. Out: one record.Entry a day and a canteen, with its meals and
// dishes in the order in which they are served; allergens are listed once, at the
// end. Only days from yesterday on are given: a canteen publishes whole years.
//
// Guaranteed: columns are found whatever their letter case and underscores;
// dishes listed twice are served once; a line without day or dish is refused with
// its number.
//
// Standard: schema.data.gouv.fr/scdl/menus-collectifs, version 1.2.
package menus
