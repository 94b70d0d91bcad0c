// Package rewrite makes what a source wrote fit to be read and sent anywhere.
//
// What comes in: titles and bodies as found, in text or HTML, of any size and
// quality. What goes out: one-line titles, sanitised HTML, plain text whose
// paragraphs are separated by blank lines, summaries made of whole sentences,
// and absolute links without trackers.
//
// Guarantees: the output is valid UTF-8 in normal form C, without NUL, control,
// bidirectional-override or invisible characters; HTML is well-formed and has
// passed a bluemonday policy (github.com/microcosm-cc/bluemonday); limits hold
// (MaxTitle, MaxSummary, MaxText, MaxHTMLBytes); the same input always gives
// the same output; nothing panics. A text that was cut ends with CutMark.
//
// Everything is safe for concurrent use.
package rewrite
