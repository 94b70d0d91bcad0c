package suites

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "rewrite README.md")

// A verdict is what became of one case: met, unless it differs by choice or fails.
type verdict struct {
	choice string // the reason
	fails  string // what was wanted and got
}

func met() verdict { return verdict{} }

func choice(reason string) verdict { return verdict{choice: reason} }

func fails(format string, args ...any) verdict { return verdict{fails: fmt.Sprintf(format, args...)} }

// all is met where all parts are, and fails where one does.
func all(parts ...verdict) verdict {
	var v verdict
	for _, p := range parts {
		v.fails = cmp.Or(v.fails, p.fails)
		v.choice = cmp.Or(v.choice, p.choice)
	}
	if v.fails != "" {
		v.choice = ""
	}
	return v
}

type row struct {
	suite      string
	met, total int
	choices    map[string]int
	failed     []string
}

// table gathers the verdicts by suite.
type table struct {
	root string
	rows map[string]*row
}

// walk judges each file of a folder of the corpus that is a case. A case is timed
// and weighed; one that panics fails the test.
func (tb *table) walk(t *testing.T, suite, folder string, isCase func(path string) bool, judge func(t *testing.T, path string, body []byte) verdict) {
	t.Helper()
	r := &row{suite: suite, choices: map[string]int{}}
	tb.rows[suite] = r
	root := filepath.Join(tb.root, folder)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if isCase != nil && !isCase(rel) {
			return nil
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.note(rel, within(t, suite+"/"+rel, func() verdict { return judge(t, path, body) }))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.total == 0 {
		t.Errorf("%s: no case", suite)
	}
}

func (r *row) note(name string, v verdict) {
	r.total++
	switch {
	case v.fails != "":
		r.failed = append(r.failed, name+": "+v.fails)
	case v.choice != "":
		r.choices[v.choice]++
	default:
		r.met++
	}
}

// within runs one case and holds it to the bounds.
func within(t *testing.T, name string, run func() verdict) (v verdict) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	func() {
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: panic: %v", name, p)
				v = fails("panic")
			}
		}()
		v = run()
	}()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; took > sourcetest.MaxProcessor || allocated > sourcetest.MaxAllocated {
		t.Errorf("%s: took %s and %d bytes", name, took, allocated)
	}
	return v
}

func (tb *table) markdown() string {
	var b strings.Builder
	b.WriteString("| suite | cases | met | differs by choice | fails |\n|---|---:|---:|---:|---:|\n")
	var cases, good, chosen, bad int
	reasons := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(tb.rows)) {
		r := tb.rows[name]
		n := 0
		for reason, count := range r.choices {
			n += count
			reasons[reason] += count
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", name, r.total, r.met, n, len(r.failed))
		cases, good, chosen, bad = cases+r.total, good+r.met, chosen+n, bad+len(r.failed)
	}
	fmt.Fprintf(&b, "| **all** | %d | %d | %d | %d |\n", cases, good, chosen, bad)
	b.WriteString("\n| differs by choice | cases |\n|---|---:|\n")
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(x, y string) int {
		return cmp.Or(cmp.Compare(reasons[y], reasons[x]), strings.Compare(x, y))
	}) {
		fmt.Fprintf(&b, "| %s | %d |\n", reason, reasons[reason])
	}
	return b.String()
}

const readmeHead = `# The parsers of ingest against the test suites of others

Made by ` + "`go test ./suites -update`" + ` from the recorded corpus; the test holds it true. Each case has the expectation of its own suite. A case that differs by choice is read, and the expectation is not ours, for the reason told. No case may panic, take more than a second or allocate more than 64 MB.

`

// TestSuites judges every case of every suite and prints the table.
func TestSuites(t *testing.T) {
	tb := &table{root: eventstest.Corpus(t), rows: map[string]*row{}}
	feeds(t, tb)
	others(t, tb)
	mails(t, tb)
	pages(t, tb)
	text := tb.markdown()
	t.Log("\n" + text)
	for _, name := range slices.Sorted(maps.Keys(tb.rows)) {
		for _, f := range tb.rows[name].failed {
			t.Logf("fails: %s: %s", name, f)
		}
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(readmeHead+text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile("README.md")
	if err != nil || string(kept) != readmeHead+text {
		t.Errorf("README.md does not say what is: run with -update and look at what changed (%v)", err)
	}
}
