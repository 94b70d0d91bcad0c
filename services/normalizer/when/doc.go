// Package when reads dates written in French prose.
//
// In: a text, the time it was written, and the time zone it speaks in. Out: the
// spans of time it names, in the order of the text: "du 3 au 5 décembre 2026",
// "lundi 23 novembre à 20h30", "jusqu'au 14/12", "demain de 9 h à midi". A
// missing year is the one that makes the date nearest after the writing, the
// weekday agreeing where there is one.
//
// Find and Read are pure functions, read at most MaxRead bytes, and never panic.
package when
