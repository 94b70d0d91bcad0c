package load

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/impact/engine"
	"github.com/crieur/crieur/services/impact/impacttest"
)

const envChild = "CRIEUR_TEST_LOADER"

// loaderProcess is a program of its own that loads until it is killed. At the
// given step it says so on standard output and then waits for its end.
func loaderProcess() int {
	nc, err := nats.Connect(os.Getenv(envChild))
	if err != nil {
		return 1
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return 1
	}
	options, err := engine.OptionsFromURL(os.Getenv(envChild + "_CLICKHOUSE"))
	if err != nil {
		return 1
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return 1
	}
	l, err := New(run.Deps{NATS: nc, JetStream: js, Logger: slog.New(slog.DiscardHandler)}, conn,
		Config{Key: testKey, MaxRows: 500, Linger: time.Millisecond, Pace: time.Millisecond})
	if err != nil {
		return 1
	}
	var once sync.Once
	l.onStep = func(s step) {
		if s == step(os.Getenv(envChild+"_STEP")) {
			once.Do(func() { fmt.Println(s) })
			select {} // until killed
		}
	}
	if err := l.Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return 1
}

// TestKilledProgramCountsOnce kills the loading program with SIGKILL after it
// wrote its intent, after its insert, after it settled, and at any moment, and
// compares each time what is in the tables with what is on the stream.
func TestKilledProgramCountsOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills programs")
	}
	listen := eventstest.FreeAddr(t)
	f := newFixture(t, eventstest.Dial(t, eventstest.Server(t, func(c *natsserver.Config) { c.Listen = listen })))
	httpListen := eventstest.FreeAddr(t)
	e, err := engine.Start(t.Context(), engine.Config{Dir: filepath.Join(t.TempDir(), "ch"), Listen: httpListen})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(e.Stop)
	conn := impacttest.Connect(t, e)
	impacttest.Migrate(t, conn)
	w, rows := newWorld(9), 0
	for i, at := range []step{stepIntended, stepInserted, stepSettled, "", stepInserted, "", stepIntended, stepInserted, "", ""} {
		rows += f.receipts(t, w, 100, 60)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), envChild+"=nats://"+listen, envChild+"_CLICKHOUSE=http://"+httpListen, envChild+"_STEP="+string(at))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if at != "" {
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatalf("%d: the program never came to %s: %v", i, at, err)
			}
		} else {
			timer := time.NewTimer(time.Duration(50+rand.IntN(350)) * time.Millisecond)
			<-timer.C
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	loading(t, newLoader(t, f, conn))
	equalToStream(t, f, conn, rows)
}

// TestKilledEngineCountsOnce kills ClickHouse under the inserts.
func TestKilledEngineCountsOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills engines")
	}
	f := newFixture(t, eventstest.Connect(t))
	e, conn := impacttest.Open(t)
	l := newLoader(t, f, conn, func(c *Config) { c.MaxRows = 300 })
	loading(t, l)
	w, rows := newWorld(10), 0
	for range 12 {
		rows += f.receipts(t, w, 60, 40)
		timer := time.NewTimer(time.Duration(rand.IntN(150)) * time.Millisecond)
		<-timer.C
		if pid := e.Health().PID; pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be dead already
		}
	}
	equalToStream(t, f, conn, rows)
	eventstest.Eventually(t, func() bool { return l.Err() == nil }, patience, "ready again")
}

// equalToStream waits until every row is in and compares the table and the
// aggregates with what was published.
func equalToStream(t *testing.T, f *fixture, conn driver.Conn, rows int) {
	t.Helper()
	want := uint64(rows) //nolint:gosec // a count
	awaitRows(t, conn, "receipts", rows)
	info, err := f.js.Stream(t.Context(), bus.StreamReceipts)
	if err != nil {
		t.Fatal(err)
	}
	if n := number(t, conn, "SELECT count() FROM receipts"); n != want {
		t.Errorf("%d rows, want %d", n, want)
	}
	if n := number(t, conn, "SELECT uniqExact(sequence) FROM receipts"); n != info.CachedInfo().State.Msgs {
		t.Errorf("%d events, want %d", n, info.CachedInfo().State.Msgs)
	}
	// Rows are visible a moment before those of the views behind them.
	eventstest.Eventually(t, func() bool {
		return number(t, conn, "SELECT sum(receipts) FROM publication_receipts") >= want &&
			number(t, conn, "SELECT sum(receipts) FROM receipts_hourly") >= want
	}, patience, "the views are filled")
	eventstest.Eventually(t, func() bool {
		id, err := identity(t.Context(), conn)
		if err != nil {
			return false
		}
		kv, err := f.js.KeyValue(t.Context(), bus.BucketImpact)
		if err != nil {
			return false
		}
		entry, err := kv.Get(t.Context(), "position."+id+"."+bus.StreamReceipts)
		var p position
		return err == nil && json.Unmarshal(entry.Value(), &p) == nil && p.First == 0 && p.Done == info.CachedInfo().State.LastSeq
	}, patience, "the last range is settled")
	for name, sql := range aggregates() {
		if n := number(t, conn, sql); n != 0 {
			t.Errorf("%s: %d groups differ", name, n)
		}
	}
}
