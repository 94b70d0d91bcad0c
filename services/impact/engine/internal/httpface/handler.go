//go:build linux || darwin

package httpface

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/crieur/crieur/services/impact/engine/internal/chdb"
)

// Handler is the interface. It is safe for concurrent use.
type Handler struct {
	reads   *pool
	inserts *pool
	killer  *killer
	kills   atomic.Int64 // KILL statements seen
}

// New opens the connection that ends statements, and returns a handler that
// opens up to maxReads connections for statements and maxInserts for inserted
// rows as they are needed. The two are apart so that long reads never hold up
// inserts.
func New(dial Dialer, maxReads, maxInserts int) (*Handler, error) {
	conn, err := dial("[killer]")
	if err != nil {
		return nil, err
	}
	return &Handler{
		reads:   newPool(dial, "read", maxReads),
		inserts: newPool(dial, "insert", maxInserts),
		killer:  &killer{conn: conn},
	}, nil
}

// ServeHTTP answers /ping and /, as ClickHouse does.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ping", "/replicas_status":
		_, _ = io.WriteString(w, "Ok.\n")
	case "/":
		if err := h.serve(w, r); err != nil {
			writeException(w, err)
		}
	default:
		http.NotFound(w, r)
	}
}

// serve returns an error only while nothing has been written.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	q, values, err := readRequest(r)
	if err != nil {
		return err
	}
	if q.queryID != "" {
		w.Header().Set("X-ClickHouse-Query-Id", q.queryID)
	}
	st := splitStatement(q.sql)
	if st.insert {
		return h.insert(r.Context(), w, q, st)
	}
	s, err := h.reads.acquire(r.Context())
	if err != nil {
		return err
	}
	defer h.reads.release(s)
	if err := s.prepare(q.database, q.settings); err != nil {
		return err
	}
	class, statements := s.conn.Classify(q.sql)
	if statements > 1 {
		return exceptionf(codeSyntaxError, "SYNTAX_ERROR", "Multi-statements are not allowed")
	}
	s.tainted = s.tainted || class == chdb.Control
	if st.first == "KILL" {
		h.kills.Add(1)
	}
	stop := h.killer.watch(r.Context(), s)
	defer stop()

	out := &output{w: newResponseWriter(w, r, values), http: w, revision: q.revision, tag: rand.Text()[:16]}
	sql, format := q.sql, q.format
	if st.format != "" {
		format, sql = st.format, st.head
		if st.head == q.sql { // more follows the clause: the engine reads it
			return out.whole(s, q, sql, format)
		}
	}
	if class == chdb.ReadOnly && st.selects && format == "Native" && !q.whole {
		kills := h.kills.Load()
		return out.stream(s, q, sql, func() bool { return h.kills.Load() != kills && h.killer.killed(s) })
	}
	return out.whole(s, q, sql, format)
}

// output writes one result.
type output struct {
	w        *responseWriter
	http     http.ResponseWriter
	revision uint64
	tag      string
	started  bool
}

func (o *output) start(format string) {
	if !o.started {
		o.started = true
		o.http.Header().Set("X-ClickHouse-Format", format)
		o.http.Header().Set("X-ClickHouse-Exception-Tag", o.tag)
		o.http.Header().Set("Content-Type", contentType(format))
	}
}

func contentType(format string) string {
	switch {
	case strings.HasPrefix(format, "JSON"):
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(format, "CSV"):
		return "text/csv; charset=UTF-8; header=absent"
	case strings.HasPrefix(format, "TabSeparated"), strings.HasPrefix(format, "TSV"):
		return "text/tab-separated-values; charset=UTF-8"
	}
	return "application/octet-stream"
}

// piece writes one piece of output in format and frees it.
func (o *output) piece(r *chdb.Result, format string) error {
	defer r.Free()
	if format != "Native" {
		o.start(format)
		_, err := o.w.Write(r.Bytes())
		return err
	}
	b, err := reencode(r.Bytes(), o.revision)
	if err != nil {
		return exceptionf(codeUnknownFormat, "UNKNOWN_FORMAT", "%v", err)
	}
	o.start(format)
	_, err = o.w.Write(b)
	return err
}

func (o *output) whole(s *session, q *request, sql, format string) error {
	r, err := s.conn.Query(sql, format, q.params)
	if err != nil {
		return err
	}
	if err := o.piece(r, format); err != nil && !o.started {
		return err
	}
	_ = o.w.Close()
	return nil
}

// stream writes blocks as the engine makes them. Nothing is written before the
// first block, so a statement that fails at once is answered with a status.
// A read that was killed looks to libchdb like one that ended; killed tells.
func (o *output) stream(s *session, q *request, sql string, killed func() bool) error {
	read, err := s.conn.Stream(sql, "Native", q.params)
	if err != nil {
		return err
	}
	defer read.Close()
	for {
		r, err := read.Next()
		if err == nil && r != nil {
			err = o.piece(r, "Native")
			o.w.Flush()
		}
		if err == nil && r == nil && killed() {
			err = exceptionf(codeQueryWasCanceled, "QUERY_WAS_CANCELLED", "Query was cancelled")
		}
		switch {
		case err != nil && !o.started:
			return err
		case err != nil:
			writeFramed(o.w, o.tag, err)
			_ = o.w.Close()
			return nil
		case r == nil:
			o.start("Native")
			_ = o.w.Close()
			return nil
		}
	}
}

// insert streams the rows of the body, or the inline ones, into the engine. A
// body that breaks off is cancelled; once it has all arrived the insert is
// finished even if the client goes away, as on a server.
func (h *Handler) insert(ctx context.Context, w http.ResponseWriter, q *request, st statement) error {
	rows := q.body
	if st.data != "" || rows == nil {
		rows = io.MultiReader(strings.NewReader(st.data), orEmpty(rows))
	}
	format := st.format
	if format == "" {
		format = "Values"
	}
	s, err := h.inserts.acquire(ctx)
	if err != nil {
		return err
	}
	defer h.inserts.release(s)
	if err := s.prepare(q.database, q.settings); err != nil {
		return err
	}
	in, err := s.conn.Insert(st.head, format, q.params)
	if err != nil {
		return err
	}
	defer in.Close()
	from := &faultyReader{r: rows}
	if _, err := io.CopyBuffer(struct{ io.Writer }{in}, from, make([]byte, 1<<20)); err != nil {
		if from.err == nil { // the engine refused: its own reason comes with the end
			if _, err := in.Done(); err != nil {
				return err
			}
		}
		return exceptionf(codeIncorrectData, "INCORRECT_DATA", "reading the rows: %v", err)
	}
	written, err := in.Done()
	if err != nil {
		return err
	}
	summary, _ := json.Marshal(map[string]string{"written_rows": strconv.FormatUint(written, 10)})
	w.Header().Set("X-ClickHouse-Summary", string(summary))
	w.WriteHeader(http.StatusOK)
	return nil
}

// faultyReader remembers whether reading failed, to tell a broken body from
// rows that the engine refuses.
type faultyReader struct {
	r   io.Reader
	err error
}

func (f *faultyReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

func orEmpty(r io.Reader) io.Reader {
	if r == nil {
		return strings.NewReader("")
	}
	return r
}
