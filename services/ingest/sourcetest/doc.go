// Package sourcetest is the contract that every polled connector passes.
//
// In: how to make a connector for an address, and a document it reads. Out: test
// failures. The peer is a real HTTP server and the client the real one; the
// ledger of revisions is the runner's business and is tested there.
package sourcetest
