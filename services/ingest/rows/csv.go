package rows

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// ErrNotTable says that a body has no header line of at least two columns.
var ErrNotTable = errors.New("not a table with a header line")

const (
	// headerLines is within how many lines the header is looked for.
	headerLines = 20
	// maxColumns is how many cells of a line are columns.
	maxColumns = 1000
)

// CSV reads a table with a header line, in any charset. comma is the separator, 0
// to find it among ; tab | , . The header is the first line with two names that
// open data uses, else with two cells: lines of title may stand before it. A column
// without name is called column3, one named as another before it nom_2. Cells
// beyond the header and lines without any are left out.
func CSV(body []byte, contentType string, comma rune) ([]map[string]any, error) {
	utf8, _ := fetch.UTF8(body, contentType)
	if bytes.IndexByte(utf8[:min(len(utf8), 4096)], 0) >= 0 {
		return nil, ErrNotTable
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(utf8))
	text = strings.TrimLeft(text, "\ufeff \n")
	// Excel says its separator on a line of its own.
	if rest, found := strings.CutPrefix(text, "sep="); found && len(rest) > 1 {
		comma, text = rune(rest[0]), rest[1:]
	}
	if comma == 0 {
		comma = separator(text)
	}
	c := cutter{rest: text, comma: byte(comma)}
	names := c.header()
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t|,") { // each line is one cell of a spreadsheet
		var lines []string
		c = cutter{rest: text, comma: byte(comma)}
		for cells := c.line(); len(cells) == 1; cells = c.line() {
			lines = append(lines, cells[0])
		}
		text = strings.Join(lines, "\n")
		c = cutter{rest: text, comma: byte(separator(text))}
		names = c.header()
	}
	if len(names) < 2 {
		return nil, ErrNotTable
	}
	var list []map[string]any
	for cells := c.line(); cells != nil; cells = c.line() {
		row := make(map[string]any, len(names))
		for i, cell := range cells[:min(len(cells), len(names))] {
			if cell = said(Clean(cell)); cell != "" {
				row[names[i]] = cell
			}
		}
		if len(row) > 0 {
			list = append(list, row)
		}
	}
	return list, nil
}

// separator finds what parts the cells: what stands, outside quotes, as often in
// most of the first lines; of two alike, what stands more often.
func separator(text string) rune {
	best, most, often := ',', 0, 0
	for _, comma := range ";\t|," {
		lines := map[int]int{} // how many have so many of it
		rest := text
		for range headerLines {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			if n := outsideQuotes(line, comma); n > 0 {
				lines[n]++
			}
		}
		for n, times := range lines {
			if times > most || times == most && n > often {
				best, most, often = comma, times, n
			}
		}
	}
	return best
}

func outsideQuotes(line string, comma rune) (n int) {
	quoted := false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == comma && !quoted:
			n++
		}
	}
	return n
}

// header finds the names of the columns and steps behind them.
func (c *cutter) header() []string {
	start, best, set := *c, *c, usual()
	var found []string
	for range headerLines {
		cells := c.line()
		if cells == nil {
			break
		}
		filled, known := 0, 0
		for _, cell := range cells[:min(len(cells), maxColumns)] {
			if cell = fold(cell); cell != "" {
				filled++
			}
			if set[cell] {
				known++
			}
		}
		if known > 1 || filled > 1 && found == nil {
			found, best = cells, *c
		}
		if known > 1 {
			break
		}
	}
	if found == nil { // a header of one name and empty ones
		found, best = start.line(), start
	}
	*c = best
	c.columns = len(found)
	return named(found[:min(len(found), maxColumns)])
}

func named(cells []string) []string {
	// A page of text has commas too; a header has no markup.
	if len(cells) > 0 && strings.HasPrefix(strings.TrimSpace(cells[0]), "<") {
		return nil
	}
	names := make([]string, len(cells))
	seen := map[string]int{}
	for i, cell := range cells {
		name := Line(cell)
		if name == "" {
			name = "column" + strconv.Itoa(i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name += "_" + strconv.Itoa(seen[name])
		}
		names[i] = name
	}
	return names
}
