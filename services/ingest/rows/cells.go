package rows

import "strings"

// maxCellBytes bounds a quoted cell: what is longer was never closed.
const maxCellBytes = 256 << 10

// A cutter cuts a table into lines of cells (RFC 4180), whose quotes town halls
// write by hand: `"Grand" bal`, `"dit "oui""`, a quote never closed. Such a cell
// ends on its own line, so that no row swallows the next.
type cutter struct {
	rest  string
	comma byte
	// columns are those of the header, 0 before it is read.
	columns int
}

// line gives the cells of the next line that is not empty, nil at the end.
func (c *cutter) line() []string {
	c.rest = strings.TrimLeft(c.rest, "\n")
	if c.rest == "" {
		return nil
	}
	var cells []string
	for {
		cells = append(cells, c.cell(len(cells)))
		if !strings.HasPrefix(c.rest, string(c.comma)) {
			return cells
		}
		c.rest = c.rest[1:]
	}
}

// cell reads up to the separator, the break or the end, after before others.
func (c *cutter) cell(before int) string {
	if c.comma != '\t' {
		c.rest = strings.TrimLeft(c.rest, " \t\u00a0")
	}
	if strings.HasPrefix(c.rest, `"`) {
		if cell, end := c.quoted(before); end > 0 {
			c.rest = c.rest[end:]
			return cell
		}
	}
	end := strings.IndexAny(c.rest, string(c.comma)+"\n")
	if end < 0 {
		end = len(c.rest)
	}
	cell := c.rest[:end]
	c.rest = c.rest[end:]
	if strings.Count(cell, `"`) == 1 {
		cell = strings.TrimPrefix(cell, `"`)
	}
	return cell
}

// quoted reads a cell in quotes; end is where the separator or break after it
// stands, 0 for a cell that only begins by a quote.
func (c *cutter) quoted(before int) (cell string, end int) {
	var b strings.Builder
	text := c.rest[:min(len(c.rest), maxCellBytes)]
	stray := false // a quote inside was not written twice
	for at := 1; at < len(text); at++ {
		switch {
		case text[at] == '\n' && stray:
			return "", 0
		case text[at] != '"':
			b.WriteByte(text[at])
			continue
		}
		twice := at+1 < len(text) && text[at+1] == '"'
		after := at + 1 + len(text[at+1:]) - len(strings.TrimLeft(text[at+1:], " "))
		switch {
		case twice && stray && c.ends(text, at+2):
			b.WriteByte('"')
			return b.String(), at + 2
		case twice:
			b.WriteByte('"')
			at++
		case c.ends(text, after):
			if c.swallows(before, text[:after]) {
				return "", 0
			}
			return b.String(), after
		default:
			stray = true
			b.WriteByte('"')
			next := strings.IndexAny(text[at+1:], "\"\n"+string(c.comma))
			if next < 0 || text[at+1+next] != '"' || strings.Contains(text[:at], "\n") {
				return "", 0
			}
		}
	}
	return "", 0
}

func (c *cutter) ends(text string, at int) bool {
	return at >= len(text) && len(text) == len(c.rest) || at < len(text) && (text[at] == c.comma || text[at] == '\n')
}

// swallows reports whether a cell after before others holds whole lines of the
// table: each of its own has as many separators as the header, so that its quote
// belongs to the first alone.
func (c *cutter) swallows(before int, quoted string) bool {
	lines := strings.Split(quoted, "\n")
	if len(lines) == 1 || c.columns < 2 {
		return false
	}
	last, _, _ := strings.Cut(c.rest[len(quoted):], "\n")
	lines[len(lines)-1] += last
	separators := before
	for _, line := range lines {
		if separators += strings.Count(line, string(c.comma)); separators != c.columns-1 {
			return false
		}
		separators = 0
	}
	return true
}
