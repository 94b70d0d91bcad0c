package suites

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "rewrite README.md")

// A verdict is what became of one case: met, unless it differs by choice or fails.
type verdict struct {
	choice string // the reason
	field  string // of the expectation that is not ours, where the reason asks which
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
		if v.choice == "" {
			v.choice, v.field = p.choice, p.field
		}
	}
	if v.fails != "" {
		v.choice = ""
	}
	return v
}

type row struct {
	suite      string
	met, total int
	choices    map[string][]string // the cases, or their fields, by reason
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
	r := &row{suite: suite, choices: map[string][]string{}}
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
		r.choices[v.choice] = append(r.choices[v.choice], cmp.Or(v.field, path.Base(filepath.ToSlash(name))))
	default:
		r.met++
	}
}

// within runs one case and holds it to the bounds.
func within(t *testing.T, name string, run func() verdict) (v verdict) {
	t.Helper()
	sourcetest.Bounded(t, name, func() {
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: panic: %v", name, p)
				v = fails("panic")
			}
		}()
		v = run()
	})
	return v
}

// named is up to how many cases of a reason are told by name, so that a reader can
// judge whether they are rather failures.
const named = 20

func (tb *table) markdown() string {
	var b strings.Builder
	b.WriteString("| suite | cases | met | not about an item | differs by choice | fails |\n|---|---:|---:|---:|---:|---:|\n")
	var total [5]int
	reasons := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(tb.rows)) {
		r := tb.rows[name]
		counts := [5]int{r.total, r.met, 0, 0, len(r.failed)}
		for reason, cases := range r.choices {
			column := 3
			if reason == wholeFeed || reason == readsAnyway {
				column = 2
			}
			counts[column] += len(cases)
			reasons[reason] = append(reasons[reason], cases...)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, columns(counts))
		for i := range total {
			total[i] += counts[i]
		}
	}
	fmt.Fprintf(&b, "| **all** | %s |\n", columns(total))
	b.WriteString("\n| not about an item, or differs by choice | cases | which |\n|---|---:|---|\n")
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(reasons[y]), len(reasons[x])), strings.Compare(x, y))
	}) {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", reason, len(reasons[reason]), which(reason, reasons[reason]))
	}
	return b.String()
}

func columns(counts [5]int) string {
	var parts []string
	for _, n := range counts {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, " | ")
}

// which names the cases of a reason, or counts its fields.
func which(reason string, cases []string) string {
	if len(cases) > named && reason != notCarried {
		return ""
	}
	counts := map[string]int{}
	for _, c := range cases {
		counts[c]++
	}
	var parts []string
	for _, c := range slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), strings.Compare(x, y))
	}) {
		part := "`" + c + "`"
		if counts[c] > 1 {
			part += fmt.Sprintf(" %d", counts[c])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

const readmeHead = `# The parsers of ingest against the test suites of others

Made by ` + "`go test ./suites -update`" + ` from the recorded corpus; the test holds it true. Each case has the expectation of its own suite. One that is not about an item (the feed's own title, whether a file is valid) shows only that the file is read. One that differs by choice is read otherwise than its suite wants, for the reason told below: nothing fails only because each such case was looked at, so that the reasons of few cases name them, for a reader to judge. No case may panic, take more than a second or allocate more than 64 MB.

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
