package ingest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// perFetch is the fetching of miniflux 2 (internal/reader/fetcher and handler): a
// pool of workers, a transport of its own for each request, conditional requests,
// and every body that is sent parsed whole. What miniflux then does in PostgreSQL,
// a query an entry, is left out; gofeed stands for its parser, which is internal.
func perFetch(b *testing.B, news bool) {
	port, _ := child(b, "towns")
	c := &country{b: b, port: port}
	const towns, workers = 1000, 32
	var tags [towns]atomic.Value
	fetch := func(town int) error {
		transport := &http.Transport{ForceAttemptHTTP2: true, IdleConnTimeout: 10 * time.Second}
		defer transport.CloseIdleConnections()
		client := http.Client{Transport: transport, Timeout: 20 * time.Second}
		req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://127.1.%d.%d:%s/feed/%d", town>>8, town&255, port, town), nil)
		if err != nil {
			return err
		}
		if tag, ok := tags[town].Load().(string); ok {
			req.Header.Set("If-None-Match", tag)
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode == http.StatusNotModified {
			return nil
		}
		tags[town].Store(res.Header.Get("ETag"))
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		_, err = gofeed.NewParser().Parse(bytes.NewReader(body))
		return err
	}
	round := func(n int) {
		work := make(chan int)
		var pool sync.WaitGroup
		for range workers {
			pool.Go(func() {
				for town := range work {
					if err := fetch(town); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for i := range n {
			work <- i % towns
		}
		close(work)
		pool.Wait()
	}
	round(towns)
	cpu, began := sourcetest.ProcessorTime(), time.Now()
	b.ResetTimer()
	done := 0
	for done < b.N {
		n := towns
		if news {
			c.news()
		} else {
			n = b.N
		}
		round(n)
		done += n
	}
	took := time.Since(began)
	b.StopTimer()
	c.report(cpu, took, int64(done))
}

// The way of a transport and a parse for each fetch, beside ours.
func BenchmarkPerFetchUnchanged(b *testing.B) { perFetch(b, false) }

func BenchmarkPerFetchChanged(b *testing.B) { perFetch(b, true) }
