package schemas

import (
	"fmt"
	"strconv"
	"strings"
)

// Migration is one step of the ClickHouse tables, forward only.
type Migration struct {
	Version    int // from 1, without a gap
	Name       string
	Statements []string // in order; each may be run again without effect
}

// ClickHouse returns the migrations in order. It fails only on a broken build:
// a file whose name is not NNNN_name.sql, or a gap in the numbers.
func ClickHouse() ([]Migration, error) {
	entries, err := files.ReadDir("clickhouse")
	if err != nil {
		return nil, err
	}
	var list []Migration
	for _, e := range entries { // sorted by name
		number, name, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || len(number) != 4 || version != len(list)+1 {
			return nil, fmt.Errorf("schemas: clickhouse/%s: want %04d_<name>.sql", e.Name(), len(list)+1)
		}
		list = append(list, Migration{
			Version: version, Name: name,
			Statements: statements(string(read("clickhouse/" + e.Name()))),
		})
	}
	return list, nil
}

// statements splits a file: a statement ends with a semicolon at the end of a
// line, and a line that begins with -- is a comment.
func statements(text string) []string {
	var list []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--") {
			continue
		}
		b.WriteString(line)
		if strings.HasSuffix(strings.TrimRight(line, " \n"), ";") {
			list = append(list, strings.TrimSuffix(strings.TrimSpace(b.String()), ";"))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		list = append(list, rest)
	}
	return list
}
