package feed_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

// BenchmarkPage reads a feed of 50 entries over one kept connection, as a
// program that takes gzip and as one that does not, in turn with a bare handler
// that answers as many bytes.
func BenchmarkPage(b *testing.B) {
	tw := newTown(b, nil)
	for i := range 50 {
		tw.publish(func(p *events.Publication) { p.Message = strconv.Itoa(i) })
	}
	for _, coding := range []string{"gzip", "identity"} {
		b.Run(coding, func(b *testing.B) {
			ours := dial(b, tw.server.Listener.Addr().String(), "/feeds/pessac/voirie.atom", coding)
			body := ours.get(b)
			bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/atom+xml")
				_, _ = w.Write(body)
			}))
			b.Cleanup(bare.Close)
			limit := dial(b, bare.Listener.Addr().String(), "/", coding)
			var we, they time.Duration
			for b.Loop() {
				start := time.Now()
				ours.get(b)
				we += time.Since(start)
				start = time.Now()
				limit.get(b)
				they += time.Since(start)
			}
			b.ReportMetric(float64(b.N)/we.Seconds(), "pages/s")
			b.ReportMetric(they.Seconds()/we.Seconds(), "ratio")
			b.ReportMetric(float64(len(body)), "bytes")
		})
	}
}

// line is a kept connection.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	ask  []byte
}

func dial(b *testing.B, addr, path, coding string) *line {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &line{conn, bufio.NewReader(conn), fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n", path, coding)}
}

func (l *line) get(b *testing.B) []byte {
	if _, err := l.conn.Write(l.ask); err != nil {
		b.Fatal(err)
	}
	resp, err := http.ReadResponse(l.in, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return body
}
