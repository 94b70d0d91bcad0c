package rows

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// ErrNotTable says that a body has no header line of at least two columns.
var ErrNotTable = errors.New("not a table with a header line")

// CSV reads a table with a header line, in any charset. comma is the separator, 0
// to find it: the one of ; tab | , that the header holds most. A column without
// name is called column3, one named as another before it nom_2. Cells beyond the
// header and lines without any are left out.
func CSV(body []byte, contentType string, comma rune) ([]map[string]any, error) {
	text, _ := fetch.UTF8(body, contentType)
	text = bytes.TrimLeft(text, "\ufeff \t\r\n")
	if bytes.IndexByte(text[:min(len(text), 4096)], 0) >= 0 || len(text) == 0 {
		return nil, ErrNotTable
	}
	// Excel says its separator on a line of its own.
	if rest, found := bytes.CutPrefix(text, []byte("sep=")); found && len(rest) > 1 {
		comma = rune(rest[0])
		text = bytes.TrimLeft(rest[1:], "\r\n")
	}
	if comma == 0 {
		comma = separator(text)
	}
	reader := csv.NewReader(bytes.NewReader(bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))))
	reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord, reader.ReuseRecord = comma, true, -1, true
	reader.TrimLeadingSpace = comma != '\t'
	var names []string
	var list []map[string]any
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ErrNotTable
		}
		if names == nil {
			if names = header(cells); len(names) < 2 {
				return nil, ErrNotTable
			}
			continue
		}
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
	if names == nil {
		return nil, ErrNotTable
	}
	return list, nil
}

func separator(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, c := range ";\t|," {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func header(cells []string) []string {
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
