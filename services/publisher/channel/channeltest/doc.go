// Package channeltest is the contract suite of channels: the same faults for
// all, and what each must answer.
//
// In: a channel and, for each Fault, one connected to a peer that has it. Out:
// failed tests that name the fault. Peers are real programs where there are
// some, and HTTP servers that misbehave for the faults no program makes.
package channeltest
