// Package stem reduces French words to their stems, by the Snowball algorithm
// (snowballstem.org/algorithms/french/stemmer.html), without regard to accents.
//
// In: a text folded by territory.Fold. Out: its stems, one a word. "coupures",
// "Coupure" and "COUPURE" give the same. Words of six letters or less
// lose only the endings of plural and feminine. Rules and documents go through the
// same door, so that a stem that is not a word still matches.
package stem
