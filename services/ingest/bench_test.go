package ingest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// role names what a child of a benchmark is: memory and time are measured apart
// from those of the towns and of the bus.
const role = "CRIEUR_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "towns":
		serveTowns()
	case "bus":
		serveBus()
	case "ingest":
		serveIngest()
	default:
		os.Exit(m.Run())
	}
}

// serveTowns is a web server of as many town sites as it is asked for. POST
// /news gives each a new notice.
func serveTowns() {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	var news, changed, unchanged atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /news", func(http.ResponseWriter, *http.Request) { news.Add(1) })
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, changed.Load(), unchanged.Load())
	})
	mux.HandleFunc("GET /feed/{town}", func(w http.ResponseWriter, r *http.Request) {
		n := news.Load()
		tag := fmt.Sprintf(`"%s-%d"`, r.PathValue("town"), n)
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		changed.Add(1)
		w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
		_, _ = w.Write(townFeed(r.PathValue("town"), int(n)))
	})
	server := &http.Server{Handler: mux}
	go untilParentEnds(func() { _ = server.Close() })
	_ = server.Serve(listener)
}

// townFeed is a feed of twenty notices, 27 KB, as WordPress writes them.
func townFeed(town string, news int) []byte {
	phrases := []string{
		"La circulation sera interdite à tous les véhicules, sauf riverains et services de secours, de 8 h 30 à 17 h. ",
		"En raison de l'entretien du réseau, la distribution d'eau potable sera interrompue&nbsp;; pensez à constituer une réserve. ",
		"La séance est publique et retransmise en direct sur le site de la commune. L'ordre du jour est affiché en mairie. ",
		"Les dossiers sont à retirer à l'accueil ou à télécharger&nbsp;; ils devront être rendus complets avant le vendredi 29 à midi. ",
		"Nous vous remercions de votre compréhension et vous prions de nous excuser pour la gêne occasionnée. ",
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(town))
	seed := int(h.Sum32() >> 1)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Ville n° %s</title><link>https://ville-%s.example/</link><description>Les avis de la mairie</description><language>fr-FR</language>`, town, town)
	now := time.Now().UTC().Truncate(time.Hour)
	for i := range 20 {
		n := news + 19 - i
		fmt.Fprintf(&b, `<item><title>Avis n° %d : %s</title><link>https://ville-%s.example/avis/%d/</link><dc:creator><![CDATA[Mairie]]></dc:creator><pubDate>%s</pubDate><category><![CDATA[Travaux]]></category><guid isPermaLink="false">https://ville-%s.example/?p=%d</guid>`,
			n, string([]rune(phrases[(seed+n)%5])[:30]), town, n, now.Add(time.Duration(n-400)*time.Hour).Format(time.RFC1123Z), town, n)
		b.WriteString("<description><![CDATA[<p>" + phrases[(seed+n)%5] + "</p>]]></description><content:encoded><![CDATA[<p>")
		for j := range 7 {
			b.WriteString(phrases[(seed+n+j)%5])
		}
		b.WriteString("</p>]]></content:encoded></item>")
	}
	b.WriteString("</channel></rss>")
	return b.Bytes()
}

func serveBus() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	s, err := natsserver.Start(context.Background(), natsserver.Config{Dir: os.Getenv("CRIEUR_BENCH_DIR"), Listen: address, SyncInterval: time.Minute, MinFreeBytes: -1})
	if err != nil {
		panic(err)
	}
	fmt.Println(address)
	done := make(chan struct{})
	go untilParentEnds(func() { close(done) })
	<-done
	heapProfile(os.Getenv("CRIEUR_BENCH_PROFILES"), "bus")
	_ = s.Close()
}

func untilParentEnds(end func()) {
	signal.Ignore(syscall.SIGINT)
	_, _ = io.Copy(io.Discard, os.Stdin)
	end()
}

// child starts one and returns its first line.
func child(b testing.TB, as string, env ...string) (line string, process *os.Process) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), role+"="+as), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line), cmd.Process
}

// country is an ingest over as many towns as are asked for, each a host.
type country struct {
	b      *testing.B
	port   string
	busPID int
	js     jetstream.JetStream
	cancel context.CancelFunc
	done   chan error
}

func newCountry(b *testing.B, towns int, spread time.Duration, every time.Duration) *country {
	b.Helper()
	c := &country{b: b, done: make(chan error, 1)}
	c.port, _ = child(b, "towns")
	nc := c.connect()
	var err error
	if c.js, err = jetstream.New(nc); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	c.cancel = cancel
	if err := bus.Ensure(ctx, c.js, bus.Options{}); err != nil {
		b.Fatal(err)
	}
	reg, err := registry.Open(ctx, c.js)
	if err != nil {
		b.Fatal(err)
	}
	for n := range towns {
		src := registry.Source{
			Authority: "ville-" + strconv.Itoa(n), ID: "site", Name: "Site", Kind: "feed",
			URL: fmt.Sprintf("http://127.%d.%d.%d:%s/feed/%d", 1+n>>16, n>>8&255, n&255, c.port, n),
		}
		src.SetDefaults()
		if _, err := reg.Sources.Put(ctx, src); err != nil {
			b.Fatal(err)
		}
	}
	s, err := ingest.New(run.Deps{NATS: nc, JetStream: c.js, Logger: slog.New(slog.DiscardHandler)}, ingest.Config{
		Fetch:  fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Runner: runner.Config{Every: every, Gap: time.Millisecond}, SpreadOver: spread, Alone: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	resetPeak()
	go func() { c.done <- s.Run(ctx) }()
	b.Cleanup(c.stop)
	return c
}

// connect joins a bus of its own process or, where CRIEUR_BENCH_BUS is "inside",
// one in this process, as the program alone has it.
func (c *country) connect() *nats.Conn {
	if os.Getenv("CRIEUR_BENCH_BUS") == "inside" {
		c.busPID = os.Getpid()
		return eventstest.Connect(c.b)
	}
	address, process := child(c.b, "bus", "CRIEUR_BENCH_DIR="+c.b.TempDir())
	c.busPID = process.Pid
	nc, err := nats.Connect("nats://" + address)
	if err != nil {
		c.b.Fatal(err)
	}
	c.b.Cleanup(nc.Close)
	return nc
}

func (c *country) stop() {
	c.cancel()
	if err := <-c.done; err != nil {
		c.b.Error(err)
	}
	c.done <- nil
}

func (c *country) news() {
	res, err := http.Post("http://127.0.0.1:"+c.port+"/news", "", nil)
	if err != nil {
		c.b.Fatal(err)
	}
	_ = res.Body.Close()
}

// counts returns the feeds that the towns sent whole, and those they did not.
func (c *country) counts() (changed, unchanged int64) {
	res, err := http.Get("http://127.0.0.1:" + c.port + "/count")
	if err != nil {
		c.b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := fmt.Fscan(res.Body, &changed, &unchanged); err != nil {
		c.b.Fatal(err)
	}
	return changed, unchanged
}

// until waits for a state of the towns' counters.
func (c *country) until(reached func(changed, unchanged int64) bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if reached(c.counts()) {
			return
		}
	}
}

// BenchmarkFirstReading reads b.N sources for the first time, over as long as a
// start spreads that many over at 120 a second, times CRIEUR_BENCH_HASTE.
// Run it with -benchtime 36000x.
func BenchmarkFirstReading(b *testing.B) {
	haste := 1.0
	if text := os.Getenv("CRIEUR_BENCH_HASTE"); text != "" {
		var err error
		if haste, err = strconv.ParseFloat(text, 64); err != nil {
			b.Fatal(err)
		}
	}
	spread := time.Duration(float64(b.N) / 120 / haste * float64(time.Second))
	c := newCountry(b, b.N, max(spread, time.Second), 5*time.Minute)
	cpu, began := sourcetest.ProcessorTime(), time.Now()
	b.ResetTimer()
	c.until(func(changed, _ int64) bool { return changed >= int64(b.N) })
	took := time.Since(began)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/took.Seconds(), "sources/s")
	b.ReportMetric((sourcetest.ProcessorTime()-cpu).Seconds()/took.Seconds(), "cores")
	b.ReportMetric(memoryMiB("self", "VmHWM"), "peak-MiB")
	b.ReportMetric(memoryMiB("self", "VmRSS"), "MiB")
	b.ReportMetric(memoryMiB(strconv.Itoa(c.busPID), "VmHWM"), "bus-peak-MiB")
	heapProfile(os.Getenv("CRIEUR_BENCH_PROFILES"), "first")
}

// BenchmarkUnchanged and BenchmarkChanged fetch b.N times from a thousand
// sources as fast as it goes.
func BenchmarkUnchanged(b *testing.B) {
	c := newCountry(b, 1000, time.Second, time.Millisecond)
	c.until(func(changed, unchanged int64) bool { return changed >= 1000 && unchanged >= 2000 })
	cpu, began := sourcetest.ProcessorTime(), time.Now()
	_, from := c.counts()
	b.ResetTimer()
	c.until(func(_, unchanged int64) bool { return unchanged-from >= int64(b.N) })
	took := time.Since(began)
	b.StopTimer()
	_, to := c.counts()
	c.report(cpu, took, to-from)
}

func BenchmarkChanged(b *testing.B) {
	c := newCountry(b, 1000, time.Second, time.Millisecond)
	c.until(func(changed, unchanged int64) bool { return changed >= 1000 && unchanged >= 2000 })
	cpu, began := sourcetest.ProcessorTime(), time.Now()
	from, _ := c.counts()
	b.ResetTimer()
	for {
		before, _ := c.counts()
		if before-from >= int64(b.N) {
			break
		}
		c.news()
		c.until(func(changed, _ int64) bool { return changed >= before+1000 })
	}
	took := time.Since(began)
	b.StopTimer()
	to, _ := c.counts()
	c.report(cpu, took, to-from)
}

func (c *country) report(cpu, took time.Duration, fetches int64) {
	c.b.ReportMetric(float64(fetches)/took.Seconds(), "fetches/s")
	c.b.ReportMetric(float64((sourcetest.ProcessorTime()-cpu).Milliseconds())*1000/float64(fetches), "cpu-ms/1000")
	c.b.ReportMetric(memoryMiB("self", "VmHWM"), "peak-MiB")
}

// resetPeak begins VmHWM anew (proc(5), clear_refs).
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func memoryMiB(pid, field string) float64 {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	_, after, _ := strings.Cut(string(status), field+":")
	kb, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.ParseFloat(kb, 64)
	return n / 1024
}

// heapProfile writes what is live into a folder, where there is one.
func heapProfile(dir, name string) {
	if dir == "" {
		return
	}
	f, err := os.Create(dir + "/" + name + ".heap")
	if err != nil {
		panic(err)
	}
	defer func() { _ = f.Close() }()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(os.Stderr, "%s: live %d MiB, heap %d, released %d, stacks %d, collector %d, other %d\n", name,
		m.HeapAlloc>>20, m.HeapSys>>20, m.HeapReleased>>20, m.StackSys>>20, m.GCSys>>20, (m.MSpanSys+m.MCacheSys+m.OtherSys+m.BuckHashSys)>>20)
	if err := pprof.WriteHeapProfile(f); err != nil {
		panic(err)
	}
}
