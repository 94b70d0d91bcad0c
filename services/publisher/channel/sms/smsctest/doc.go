// Package smsctest runs an SMSC written by others, npm smpp, for tests. What
// it can be asked is written in ../testdata/peer/smsc.js.
package smsctest
