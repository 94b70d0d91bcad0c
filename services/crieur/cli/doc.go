// Package cli is Crieur's command line: what `crieur --help` lists.
//
// In: arguments. Out: an exit code: 0 done, 1 it went wrong (the reason is on
// standard error), 2 the arguments make no sense. Standard output has only what
// was asked for, so that it can be piped; logs go to standard error.
package cli
