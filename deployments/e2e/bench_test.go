package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func now() int64 { return time.Now().UnixNano() }

const benchConfig = `
authorities:
  - {id: ville, name: Ville, kind: municipality, insee: ["81004"], relayStateAlerts: true}
sources:
  - {authority: ville, id: guichet, name: Guichet, kind: webhook, trust: state, settings: {secret_file: guichet.secret}}
channels:
  - authority: ville
    id: sms
    name: SMS
    kind: sms
    window: %d
    settings: {address: "127.0.0.1:%d", system_id: crieur, password_file: %s, sender: VILLE, binds: %d, receipts: false}
  - {authority: ville, id: fil, name: Fil, kind: feed}
streams:
  - {authority: ville, id: infos, name: Infos, policy: automatic, public: true, rule: {classes: [service]}, channels: [sms, fil]}
  - {authority: ville, id: alertes, name: Alertes, policy: review, public: true, rule: {classes: [alert]}, channels: [sms, fil]}
`

const benchSecret = "a-secret-of-the-counter"

// benchInstallation is a running Crieur whose SMS go to a sink that answers
// after a time.
func benchInstallation(b *testing.B, window, binds int, delay time.Duration) (*installation, *sink) {
	b.Helper()
	s := startSlowSink(b, delay)
	in := install(b, "")
	password := filepath.Join(in.dir, "smpp.secret")
	write(b, password, "secret")
	in.counterSecret()
	in.append(fmt.Sprintf(benchConfig, window, s.port(), password, binds))
	in.start()
	return in, s
}

func notice(id string) map[string]any {
	return map[string]any{"id": id, "title": "Coupure d'eau rue Neuve " + id, "body": "Demain de 9 h à 12 h.", "class": "service"}
}

// BenchmarkFanout sends one SMS to 100,000 and to 1,000,000 subscribers, from
// the source's post to the provider's last answer, beside two windowed clients
// that do nothing else, with the same sink, window and binds in the same run:
// one that only writes bytes, and one of a client library others wrote.
func BenchmarkFanout(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		for _, window := range []int{64, 1024} {
			b.Run(fmt.Sprintf("subscribers=%d/window=%d", n, window), func(b *testing.B) { fanout(b, n, window, 2, 0) })
		}
	}
}

// BenchmarkDistantFanout is the same to a provider that answers each message
// after 5 ms, as one in the same country does: the window is the limit then.
func BenchmarkDistantFanout(b *testing.B) { fanout(b, 100_000, 64, 2, 5*time.Millisecond) }

func fanout(b *testing.B, n, window, binds int, delay time.Duration) {
	in, s := benchInstallation(b, window, binds, delay)
	enrol(b, in.bus(), n)
	in.forgetPeak()
	before := in.memory("VmRSS")
	for i := range b.N {
		from, start := s.received.Load(), now()
		in.post("guichet", benchSecret, notice(strconv.Itoa(i)))
		until(b, 10*time.Minute, func() bool { return s.received.Load() == from+int64(n) })
		took := time.Duration(s.last.Load() - start)
		b.ReportMetric(float64(n)/took.Seconds(), "sms/s")
		b.ReportMetric(float64(in.memory("VmHWM")-before)/1024, "MB-growth")
		limit := startSlowSink(b, delay)
		start = now()
		bareClient(b, limit.l.Addr().String(), n, binds, window)
		bare := time.Duration(now() - start)
		b.ReportMetric(float64(n)/bare.Seconds(), "bare-sms/s")
		b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
		other := startSlowSink(b, delay)
		start = now()
		libraryClient(b, other.l.Addr().String(), n, binds, window)
		library := time.Duration(now() - start)
		b.ReportMetric(float64(n)/library.Seconds(), "library-sms/s")
		b.ReportMetric(library.Seconds()/took.Seconds(), "ratio-library")
	}
}

// BenchmarkSourceToDelivery is the time from a source's signed post to the
// message at the provider of the first subscriber, on an idle installation.
func BenchmarkSourceToDelivery(b *testing.B) {
	in, s := benchInstallation(b, 64, 1, 0)
	enrol(b, in.bus(), 1)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		from, start := s.received.Load(), now()
		in.post("guichet", benchSecret, notice(strconv.Itoa(i)))
		until(b, 10*time.Second, func() bool { return s.received.Load() > from })
		took = append(took, time.Duration(s.last.Load()-start))
	}
	slices.Sort(took)
	at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

// BenchmarkIdleMemory is what an installation without work takes, everything
// embedded; ClickHouse, a process of its own, apart.
func BenchmarkIdleMemory(b *testing.B) {
	in, _ := benchInstallation(b, 64, 1, 0)
	in.stop()
	password := filepath.Join(in.dir, "officer.secret")
	write(b, password, "le tambour du garde champêtre")
	in.append(fmt.Sprintf("officers:\n  - {id: ana, name: Ana, email: ana@ville.example, password_file: %s, roles: {ville: [officer]}}\n", password))
	in.start()
	for b.Loop() {
		wait(b, 5*time.Second)
		b.ReportMetric(float64(in.memory("VmRSS"))/1024, "MB")
		b.ReportMetric(float64(in.childMemory("VmRSS"))/1024, "clickhouse-MB")
	}
}

// BenchmarkPage is a page read over HTTP, beside a bare handler that answers as
// many bytes.
func BenchmarkPage(b *testing.B) {
	in, s := benchInstallation(b, 64, 1, 0)
	enrol(b, in.bus(), 1)
	for i := range 20 {
		in.post("guichet", benchSecret, notice(strconv.Itoa(i)))
	}
	until(b, 30*time.Second, func() bool { return s.received.Load() == 20 })
	for _, page := range []struct{ name, path string }{
		{"feed", "/feeds/ville/infos.atom"},
		{"portal", "/c/ville"},
	} {
		b.Run(page.name, func(b *testing.B) { besideBare(b, "http://"+in.listen+page.path) })
	}
}

func besideBare(b *testing.B, url string) {
	body := get(b, url)
	bare := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/atom+xml")
		_, _ = w.Write(body)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = bare.Serve(l) }()
	b.Cleanup(func() { _ = bare.Close() })
	var ours, limit time.Duration
	for b.Loop() {
		start := time.Now()
		get(b, url)
		ours += time.Since(start)
		start = time.Now()
		get(b, "http://"+l.Addr().String())
		limit += time.Since(start)
	}
	b.ReportMetric(float64(b.N)/ours.Seconds(), "pages/s")
	b.ReportMetric(limit.Seconds()/ours.Seconds(), "ratio")
}

func get(b *testing.B, url string) []byte {
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %v", url, resp.Status, err)
	}
	return buf.Bytes()
}

func until(t testing.TB, within time.Duration, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s", within)
		}
		wait(t, time.Millisecond)
	}
}

// memory reads a field of /proc/<pid>/status, in KiB.
func (in *installation) memory(field string) int { return procStatus(in.cmd.Process.Pid, field) }

// forgetPeak lets VmHWM begin anew: what enrolling took is not the sending's.
func (in *installation) forgetPeak() {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", in.cmd.Process.Pid), []byte("5"), 0); err != nil {
		in.t.Fatal(err)
	}
}

// childMemory sums a field over the program's children: each thread has its own.
func (in *installation) childMemory(field string) int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", in.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	sum := 0
	for _, list := range lists {
		body, err := os.ReadFile(list)
		if err != nil {
			continue // the thread ended
		}
		for _, child := range strings.Fields(string(body)) {
			if n, err := strconv.Atoi(child); err == nil {
				sum += procStatus(n, field)
			}
		}
	}
	return sum
}

func procStatus(pid int, field string) int {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}
