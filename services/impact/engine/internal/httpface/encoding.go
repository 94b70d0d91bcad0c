package httpface

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// requestBody undoes Content-Encoding and ClickHouse's own framing
// (decompress=1). Both are as the server understands them.
func requestBody(r *http.Request, v url.Values) (io.Reader, error) {
	var body io.Reader = r.Body
	switch enc := r.Header.Get("Content-Encoding"); enc {
	case "", "identity":
	case "gzip":
		gz, err := gzip.NewReader(body)
		if err != nil {
			return nil, exceptionf(codeIncorrectData, "INCORRECT_DATA", "gzip body: %v", err)
		}
		body = gz
	default:
		return nil, exceptionf(codeNotImplemented, "NOT_IMPLEMENTED", "Content-Encoding %q: the embedded engine takes gzip, or lz4 and zstd by decompress=1", enc)
	}
	if isOn(v.Get("decompress")) {
		body = frameReader{compress.NewReader(body)}
	}
	return body, nil
}

// frameReader says a plain io.EOF at the end of the frames. A frame that breaks
// off is io.ErrUnexpectedEOF.
type frameReader struct{ r *compress.Reader }

func (f frameReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

// responseWriter compresses what goes out as asked: ClickHouse's framing with
// compress=1, or gzip with enable_http_compression=1.
type responseWriter struct {
	w     http.ResponseWriter
	gz    *gzip.Writer
	block *compress.Writer
}

func newResponseWriter(w http.ResponseWriter, r *http.Request, v url.Values) *responseWriter {
	rw := &responseWriter{w: w}
	switch {
	case isOn(v.Get("compress")):
		method := compress.LZ4
		if strings.EqualFold(v.Get("network_compression_method"), "zstd") {
			method = compress.ZSTD
		}
		rw.block = compress.NewWriter(0, method)
	case isOn(v.Get("enable_http_compression")) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
		w.Header().Set("Content-Encoding", "gzip")
		rw.gz, _ = gzip.NewWriterLevel(w, gzip.BestSpeed)
	}
	return rw
}

// maxFrame bounds one compressed frame; readers refuse large ones.
const maxFrame = 1 << 20

func (rw *responseWriter) Write(p []byte) (int, error) {
	switch {
	case rw.block != nil:
		for rest := p; len(rest) > 0; {
			n := min(len(rest), maxFrame)
			if err := rw.block.Compress(rest[:n]); err != nil {
				return 0, err
			}
			if _, err := rw.w.Write(rw.block.Data); err != nil {
				return 0, err
			}
			rest = rest[n:]
		}
		return len(p), nil
	case rw.gz != nil:
		return rw.gz.Write(p)
	}
	return rw.w.Write(p)
}

// Flush sends what has been written so far.
func (rw *responseWriter) Flush() {
	if rw.gz != nil {
		_ = rw.gz.Flush()
	}
	if f, ok := rw.w.(http.Flusher); ok {
		f.Flush()
	}
}

// Close ends the encoding; the response itself is net/http's.
func (rw *responseWriter) Close() error {
	if rw.gz != nil {
		return rw.gz.Close()
	}
	return nil
}

func isOn(s string) bool { return s == "1" || strings.EqualFold(s, "true") }
