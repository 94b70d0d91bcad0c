// Package language tells in which language a text is written.
//
// In: what the source says of its language, and a text. Out: a BCP 47 primary
// subtag (rfc-editor.org/rfc/rfc5646): fr, en, de, es, it, pt, nl, ca, oc, br,
// eu or co, or whatever well-formed one the source says. The source's word is
// taken unless its text clearly belongs to another language, since many sites
// announce the language of their program rather than that of their articles.
// What is too short to tell is French.
package language
