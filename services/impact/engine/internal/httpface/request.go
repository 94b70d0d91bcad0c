//go:build linux || darwin

package httpface

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/crieur/crieur/services/impact/engine/internal/chdb"
)

// maxSQL bounds a statement with its inline rows, in bytes. Rows that follow a
// statement given in ?query= are streamed and have no bound.
const maxSQL = 64 << 20

// request is one statement as the HTTP interface received it.
type request struct {
	sql      string
	body     io.Reader // rows of an INSERT given in ?query=, else nil
	database string
	queryID  string
	format   string // default_format
	revision uint64 // client_protocol_version
	whole    bool   // wait_end_of_query: no streaming
	settings map[string]string
	params   []chdb.Param
}

// ownValue reports whether a URL value is read by the interface itself, or
// names users and quotas, which the socket's permissions stand in for. All
// others are settings.
func ownValue(name string) bool {
	switch name {
	case "query", "database", "default_format", "query_id", "client_protocol_version",
		"compress", "decompress", "wait_end_of_query", "buffer_size", "stacktrace",
		"user", "password", "quota_key", "close_session", "session_timeout", "session_check":
		return true
	}
	return false
}

func readRequest(r *http.Request) (*request, url.Values, error) {
	v := r.URL.Query()
	if v.Get("session_id") != "" || r.Header.Get("X-ClickHouse-Session-Id") != "" {
		return nil, v, exceptionf(codeNotImplemented, "NOT_IMPLEMENTED", "session_id: the embedded engine keeps no sessions")
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, v, exceptionf(codeNotImplemented, "NOT_IMPLEMENTED", "external tables: the embedded engine takes none")
	}
	body, err := requestBody(r, v)
	if err != nil {
		return nil, v, err
	}
	q := &request{
		sql: v.Get("query"), body: body, database: v.Get("database"), queryID: v.Get("query_id"),
		format: v.Get("default_format"), whole: isOn(v.Get("wait_end_of_query")), settings: map[string]string{},
	}
	if q.database == "" {
		q.database = r.Header.Get("X-ClickHouse-Database")
	}
	if q.format == "" {
		q.format = "TabSeparated"
	}
	if s := v.Get("client_protocol_version"); s != "" {
		if q.revision, err = strconv.ParseUint(s, 10, 32); err != nil {
			return nil, v, exceptionf(codeSyntaxError, "SYNTAX_ERROR", "client_protocol_version %q", s)
		}
	}
	for name, values := range v {
		value := values[len(values)-1]
		if p, ok := strings.CutPrefix(name, "param_"); ok {
			q.params = append(q.params, chdb.Param{Name: p, Value: value})
		} else if !ownValue(name) {
			q.settings[name] = value
		}
	}
	return q, v, q.readSQL()
}

// readSQL takes the statement out of the body, unless ?query= has an INSERT
// whose rows the body is.
func (q *request) readSQL() error {
	if q.sql != "" && splitStatement(q.sql).insert {
		return nil
	}
	rest, err := io.ReadAll(io.LimitReader(q.body, maxSQL+1))
	if err != nil {
		return exceptionf(codeIncorrectData, "INCORRECT_DATA", "reading the statement: %v", err)
	}
	if len(rest) > maxSQL {
		return exceptionf(codeSyntaxError, "SYNTAX_ERROR", "the statement is over %d bytes: give it in ?query= and the rows in the body", maxSQL)
	}
	if q.sql != "" && len(rest) > 0 {
		q.sql += "\n"
	}
	q.sql += string(rest)
	q.body = nil
	if strings.TrimSpace(q.sql) == "" {
		return exceptionf(codeSyntaxError, "SYNTAX_ERROR", "Empty query")
	}
	return nil
}
