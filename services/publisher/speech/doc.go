// Package speech reads publications aloud by a command that the operator
// configures, such as espeak-ng.
//
// In come what channels offer to be heard, kept on the shelf until the
// publication expires; out come audio files under /audio/, made when somebody
// first asks and kept in memory.
//
// Guarantees: the command is run as it is configured, without a shell; the text
// goes to its standard input and never into its arguments, the language is a
// checked tag; it has a time and a size that it cannot pass, a process group
// that ends with it, and at most two run at once. Only what is on the shelf can
// be heard, under an address that follows from its words and cannot be guessed
// without them. A command that fails costs a listener an error, and no channel
// anything.
//
// https://github.com/espeak-ng/espeak-ng/blob/master/src/espeak-ng.1.ronn
package speech
