package httpface

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/crieur/crieur/services/impact/engine/internal/chdb"
)

// The codes of ClickHouse that this package itself answers with
// (src/Common/ErrorCodes.cpp).
const (
	codeNotImplemented   = 48
	codeSyntaxError      = 62
	codeUnknownFormat    = 73
	codeTooManyRequests  = 202
	codeIncorrectData    = 117
	codeNetworkError     = 210
	codeQueryWasCanceled = 394
)

func exceptionf(code int, name, format string, args ...any) *chdb.Exception {
	return &chdb.Exception{
		Code:    code,
		Message: fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name),
	}
}

// statusOf maps an exception to a status as the server does
// (exceptionCodeToHTTPStatus in src/Server/HTTP/exceptionCodeToHTTPStatus.cpp).
func statusOf(code int) int {
	switch code {
	case 6, 27, 38, 41, 53, 62, 72, 69, 33, 34, 70, 71, 73, 117, 130, 131, 456, 457, 386, 26, 25, 43, 36, 115:
		return http.StatusBadRequest
	case 47, 46, 50, 60, 81, 63, 66, 68, 80:
		return http.StatusNotFound
	case 497, 164, 291, 195, 516:
		return http.StatusForbidden
	case codeNotImplemented:
		return http.StatusNotImplemented
	case 241, codeTooManyRequests:
		return http.StatusServiceUnavailable
	case 159:
		return http.StatusRequestTimeout
	case codeQueryWasCanceled:
		return 499 // client closed request
	}
	return http.StatusInternalServerError
}

func writeException(w http.ResponseWriter, err error) {
	e := asException(err)
	h := w.Header()
	h.Del("Content-Encoding")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.Code))
	w.WriteHeader(statusOf(e.Code))
	fmt.Fprintln(w, e.Message)
}

// writeFramed ends a body that has begun with an exception block
// (WriteBufferFromHTTPServerResponse.cpp), which clickhouse-go looks for when
// it cannot read a block.
func writeFramed(w io.Writer, tag string, err error) {
	msg := asException(err).Message
	fmt.Fprintf(w, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", tag, msg, len(msg)+1, tag)
}

func asException(err error) *chdb.Exception {
	if e, ok := err.(*chdb.Exception); ok {
		if e.Code == 0 {
			return exceptionf(1002, "UNKNOWN_EXCEPTION", "%s", e.Message)
		}
		return e
	}
	return exceptionf(codeNetworkError, "NETWORK_ERROR", "%v", err)
}
