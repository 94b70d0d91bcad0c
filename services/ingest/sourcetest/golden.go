package sourcetest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
)

// Golden reads each folder of testdata: input.* is parsed, and what comes must be
// want.json, or its error want.err. With -update they are written anew. A new
// case needs no Go.
func Golden(t *testing.T, update bool, parse func(input []byte) ([]source.Record, error)) {
	t.Helper()
	inputs, err := filepath.Glob(filepath.Join("testdata", "*", "input.*"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no case in testdata: %v", err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			records, err := parse(body)
			name, got := "want.json", []byte(nil)
			if err != nil {
				name, got = "want.err", []byte(err.Error()+"\n")
			} else {
				got = encode(t, records)
			}
			want := filepath.Join(dir, name)
			if update {
				if err := os.WriteFile(want, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, expected) {
				t.Errorf("%s differs:\n%s", want, firstDifference(string(got), string(expected)))
			}
		})
	}
}

func encode(t *testing.T, records []source.Record) []byte {
	t.Helper()
	type line struct {
		Item      string `json:"item,omitempty"`
		URL       string `json:"url,omitempty"`
		Withdrawn bool   `json:"withdrawn,omitempty"`
		Refused   string `json:"refused,omitempty"`
		Meaning   string `json:"meaning"`
		Record    any    `json:"record"`
	}
	var lines []line
	for _, r := range records {
		l := line{Item: r.Item, URL: r.URL, Withdrawn: r.Withdrawn, Meaning: source.Meaning(r.Value), Record: r.Value}
		if r.Refused != nil {
			l.Refused = r.Refused.Error()
		}
		lines = append(lines, l)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(lines); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			expected := "(end)"
			if i < len(w) {
				expected = w[i]
			}
			return "got  " + g[i] + "\nwant " + expected
		}
	}
	return "got ends before want"
}
