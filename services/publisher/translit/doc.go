// Package translit gives the closest plain reading of a character for outputs
// with a small alphabet: SMS (GSM 03.38) and LED signs.
//
// In: one Unicode character. Out: text of printable ASCII that a French reader
// recognises ("œ" → "oe", "ê" → "e", "«" → `"`), or nothing when no such
// reading exists (Arabic, Chinese, lower-case Greek…): the caller then decides
// between another encoding and a replacement. It never guesses a
// transliteration of another script.
//
// Every function is pure and safe for concurrent use.
package translit
