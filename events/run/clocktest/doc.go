// Package clocktest is a run.Clock that moves only when a test says so.
//
// What comes in: Advance. What goes out: the timers that fall due, in their
// order, each at its own time. Use BlockUntil to know that the code under test
// waits, then Advance: no test sleeps.
package clocktest
