//go:build linux || darwin

package chdb

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is libchdb loaded in this process, with the functions of chdb.h that
// are used. Handles are uintptr because they point to memory of the library,
// which Go's collector does not manage.
type Library struct {
	connect           func(argc int32, argv **byte) *uintptr
	closeConn         func(conn *uintptr)
	queryWithParams   func(conn uintptr, q *byte, n uintptr, f *byte, fn uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) uintptr
	streamWithParams  func(conn uintptr, q *byte, n uintptr, f *byte, fn uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) uintptr
	streamFetch       func(conn, stream uintptr) uintptr
	streamCancel      func(conn, stream uintptr)
	insertWithParams  func(conn uintptr, q *byte, n uintptr, f *byte, fn uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) uintptr
	insertAppend      func(stream uintptr, data *byte, n uintptr) int32
	insertDone        func(stream uintptr) uintptr
	insertCancel      func(stream uintptr)
	insertError       func(stream uintptr) string
	insertDestroy     func(stream uintptr)
	resultDestroy     func(result uintptr)
	resultBuffer      func(result uintptr) unsafe.Pointer
	resultLength      func(result uintptr) uintptr
	resultError       func(result uintptr) string
	resultRowsWritten func(result uintptr) uint64
	classify          func(conn uintptr, q *byte, n uintptr, db *byte, dbn uintptr, out *analysis) int32
	signalHandlers    func(enabled int32)
	version           func() string
}

// analysis is chdb_query_analysis_v1.
type analysis struct {
	structSize, statements, _, class uint32
}

// Open loads the library at path and switches its signal handlers off. It must
// be called once a process.
func Open(path string) (*Library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("chdb: load: %w", err)
	}
	l := &Library{}
	for _, s := range []struct {
		fn   any
		name string
	}{
		{&l.connect, "chdb_connect"},
		{&l.closeConn, "chdb_close_conn"},
		{&l.queryWithParams, "chdb_query_with_params_n"},
		{&l.streamWithParams, "chdb_stream_query_with_params_n"},
		{&l.streamFetch, "chdb_stream_fetch_result"},
		{&l.streamCancel, "chdb_stream_cancel_query"},
		{&l.insertWithParams, "chdb_stream_insert_with_params_n"},
		{&l.insertAppend, "chdb_stream_append"},
		{&l.insertDone, "chdb_stream_done"},
		{&l.insertCancel, "chdb_stream_cancel_insert"},
		{&l.insertError, "chdb_stream_insert_error"},
		{&l.insertDestroy, "chdb_destroy_insert_stream"},
		{&l.resultDestroy, "chdb_destroy_query_result"},
		{&l.resultBuffer, "chdb_result_buffer"},
		{&l.resultLength, "chdb_result_length"},
		{&l.resultError, "chdb_result_error"},
		{&l.resultRowsWritten, "chdb_result_rows_written"},
		{&l.classify, "chdb_classify_query_n"},
		{&l.signalHandlers, "chdb_set_signal_handlers_enabled"},
		{&l.version, "chdb_version"},
	} {
		symbol, err := purego.Dlsym(handle, s.name)
		if err != nil {
			return nil, fmt.Errorf("chdb: %s lacks %s, a release from 26.7.3 is needed: %w", path, s.name, err)
		}
		purego.RegisterFunc(s.fn, symbol)
	}
	l.signalHandlers(0)
	return l, nil
}

// Version is the release of libchdb, such as "26.7.3".
func (l *Library) Version() string { return l.version() }

// Connect opens a connection. args are options such as "--path=/var/lib/x" or
// "--max_threads=2"; server-level ones count on the first connection only. The
// engine says on standard error why a connection fails.
func (l *Library) Connect(args ...string) (*Conn, error) {
	argv := make([]*byte, 0, len(args)+1)
	for _, a := range append([]string{"clickhouse"}, args...) {
		argv = append(argv, &append([]byte(a), 0)[0])
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, p := range argv {
		pin.Pin(p)
	}
	handle := l.connect(int32(len(argv)), &argv[0])
	if handle == nil || *handle == 0 {
		return nil, fmt.Errorf("chdb: the engine refused the connection")
	}
	return &Conn{lib: l, handle: handle}, nil
}

// take turns a chdb_result into a Result or its exception.
func (l *Library) take(result uintptr) (*Result, error) {
	if result == 0 {
		return nil, &Exception{Message: "the engine returned no result"}
	}
	if msg := l.resultError(result); msg != "" {
		l.resultDestroy(result)
		return nil, NewException(msg)
	}
	return &Result{lib: l, result: result}, nil
}

// Result is a piece of output in the memory of the library.
type Result struct {
	lib    *Library
	result uintptr
}

// Bytes views the output; it is valid until Free.
func (r *Result) Bytes() []byte {
	n := r.lib.resultLength(r.result)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(r.lib.resultBuffer(r.result)), n)
}

// RowsWritten counts the rows written by the statement, those of materialised
// views included.
func (r *Result) RowsWritten() uint64 { return r.lib.resultRowsWritten(r.result) }

// Free gives the memory back. It may be called twice.
func (r *Result) Free() {
	if r.result != 0 {
		r.lib.resultDestroy(r.result)
		r.result = 0
	}
}
