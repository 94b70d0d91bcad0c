// Package chdb binds the parts of libchdb's C interface that the engine needs,
// without cgo, through ebitengine/purego.
//
// What comes in is SQL, a ClickHouse format name and bound parameters; what
// goes out is bytes in that format, or an *Exception with ClickHouse's own code
// and message. A Conn runs one statement at a time and is not safe for
// concurrent use; several Conns on one path run concurrently. All calls block
// the calling goroutine (not the scheduler) until the engine answers.
//
// The library may only be loaded in a process that has nothing else to lose: it
// resets the handlers of SIGSEGV and its kin to the system default, keeps one
// storage path a process, and crashes in its shutdown. That is why package
// engine runs it in a child process and ends the child by killing it.
//
// Interface: https://github.com/chdb-io/chdb-core/blob/main/programs/local/chdb.h
package chdb
