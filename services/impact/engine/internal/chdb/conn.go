//go:build linux || darwin

package chdb

import (
	"runtime"
	"unsafe"
)

// Conn is one connection to the engine. It runs one statement at a time.
type Conn struct {
	lib    *Library
	handle *uintptr
}

// Param is one value bound to a {name:Type} placeholder. As on ClickHouse's
// HTTP interface, Value is in the escaped text form (TabSeparated): \N is NULL.
type Param struct{ Name, Value string }

// Class says what a statement does to state that outlives it (chdb_query_class).
type Class uint32

// The classes of chdb.h.
const (
	ReadOnly Class = iota
	Mutating
	MutatingGlobal
	Control // session state, or not replayable: SET, USE, SYSTEM, KILL, …
	Unknown // does not parse
)

// Classify parses sql and reports its class and how many statements it holds.
func (c *Conn) Classify(sql string) (class Class, statements int) {
	out := analysis{structSize: uint32(unsafe.Sizeof(analysis{}))}
	q, n := bytesOf(sql)
	db, dbn := bytesOf("default")
	if c.lib.classify(*c.handle, q, n, db, dbn, &out) != 0 {
		return Unknown, 0
	}
	return Class(out.class), int(out.statements)
}

// Query runs a statement and returns its whole output in format.
func (c *Conn) Query(sql, format string, params []Param) (*Result, error) {
	return c.lib.take(c.call(c.lib.queryWithParams, sql, format, params))
}

// Exec runs a statement whose output is of no interest.
func (c *Conn) Exec(sql string) error {
	r, err := c.Query(sql, "Null", nil)
	if err != nil {
		return err
	}
	r.Free()
	return nil
}

// Stream starts a read whose output is fetched piece by piece.
func (c *Conn) Stream(sql, format string, params []Param) (*Stream, error) {
	r, err := c.lib.take(c.call(c.lib.streamWithParams, sql, format, params))
	if err != nil {
		return nil, err
	}
	return &Stream{conn: c, stream: r}, nil
}

// Insert starts an INSERT whose rows, encoded in format, follow by Write.
func (c *Conn) Insert(sql, format string, params []Param) (*Insert, error) {
	i := &Insert{lib: c.lib, stream: c.call(c.lib.insertWithParams, sql, format, params)}
	if i.stream == 0 {
		return nil, &Exception{Message: "the engine returned no insert stream"}
	}
	if msg := c.lib.insertError(i.stream); msg != "" {
		i.Close()
		return nil, NewException(msg)
	}
	return i, nil
}

// Close ends the connection. The last one of a process must not be closed while
// MergeTree tables exist: the library crashes in its shutdown.
func (c *Conn) Close() {
	if c.handle != nil {
		c.lib.closeConn(c.handle)
		c.handle = nil
	}
}

type statementFunc = func(conn uintptr, q *byte, n uintptr, f *byte, fn uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) uintptr

func (c *Conn) call(fn statementFunc, sql, format string, params []Param) uintptr {
	var pin runtime.Pinner
	defer pin.Unpin()
	names, nameLens := make([]*byte, len(params)+1), make([]uintptr, len(params)+1)
	values, valueLens := make([]*byte, len(params)+1), make([]uintptr, len(params)+1)
	for i, p := range params {
		names[i], nameLens[i] = bytesOf(p.Name)
		values[i], valueLens[i] = bytesOf(p.Value)
		pin.Pin(names[i])
		pin.Pin(values[i])
	}
	q, n := bytesOf(sql)
	f, fn2 := bytesOf(format)
	pin.Pin(q)
	pin.Pin(f)
	return fn(*c.handle, q, n, f, fn2, &names[0], &nameLens[0], &values[0], &valueLens[0], uintptr(len(params)))
}

// bytesOf copies s into NUL-terminated memory and gives its length without it.
func bytesOf(s string) (*byte, uintptr) {
	b := append([]byte(s), 0)
	return &b[0], uintptr(len(s))
}

// Stream is a read under way.
type Stream struct {
	conn   *Conn
	stream *Result
	ended  bool
}

// Next returns the next piece, or nil at the end. The caller frees it.
func (s *Stream) Next() (*Result, error) {
	r, err := s.conn.lib.take(s.conn.lib.streamFetch(*s.conn.handle, s.stream.result))
	if err != nil {
		s.ended = true
		return nil, err
	}
	if s.conn.lib.resultLength(r.result) == 0 {
		s.ended = true
		r.Free()
		return nil, nil
	}
	return r, nil
}

// Close cancels what has not been fetched and frees the read.
func (s *Stream) Close() {
	if !s.ended {
		s.conn.lib.streamCancel(*s.conn.handle, s.stream.result)
		s.ended = true
	}
	s.stream.Free()
}

// Insert is an INSERT under way.
type Insert struct {
	lib    *Library
	stream uintptr
}

// Write appends bytes of the format; it may wait for the engine to catch up.
// Pieces need not end at rows.
func (i *Insert) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if i.lib.insertAppend(i.stream, &p[0], uintptr(len(p))) != 0 {
		if msg := i.lib.insertError(i.stream); msg != "" {
			return 0, NewException(msg)
		}
		return 0, &Exception{Message: "the engine refused the rows"}
	}
	runtime.KeepAlive(p)
	return len(p), nil
}

// Done commits and returns the number of rows written, those of materialised
// views included.
func (i *Insert) Done() (uint64, error) {
	r, err := i.lib.take(i.lib.insertDone(i.stream))
	if err != nil {
		return 0, err
	}
	defer r.Free()
	return r.RowsWritten(), nil
}

// Close frees the insert, cancelling it first when Done was not called. Blocks
// that the engine already committed stay.
func (i *Insert) Close() {
	if i.stream != 0 {
		i.lib.insertDestroy(i.stream)
		i.stream = 0
	}
}
