// Package classify tells what a message is about, and of which class it is.
//
// In: a title, the source's own categories and a body, folded. Out: a topic's
// slug, and whether the text speaks of immediate danger. The rules are a YAML
// file that an officer can read and edit (rules.yaml is the default): words and
// phrases by topic, with weights, compared by French stem and without accents; and
// what is a danger, what its end, and what only sounds like one (Danger), compared
// word by word.
//
// The result depends on nothing but the rules and the text. A Classifier is
// immutable and safe for concurrent use.
package classify
