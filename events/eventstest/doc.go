// Package eventstest gives tests the real bus: a nats-server of their own in a
// temporary folder, connections that close by themselves, peers that are programs
// of others, the recorded corpus, and waiting without sleeping.
//
// In comes a *testing.T. Everything made is released by t.Cleanup, in the right
// order. Nothing is shared between tests, so they may run in parallel.
package eventstest
