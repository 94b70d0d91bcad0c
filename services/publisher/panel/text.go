package panel

import (
	"strings"
	"unicode/utf8"
)

// Text returns the page as the rows × columns grid of a text sign: rows joined
// by line feeds, padded with spaces on the left and above as the alignment asks.
func (pg Page) Text(p Profile) (string, error) {
	s, err := p.resolve()
	if err != nil {
		return "", err
	}
	rows := make([]string, s.rows)
	top := 0
	if s.align == Centre {
		top = max(0, (s.rows-len(pg.Lines))/2)
	}
	for i, line := range pg.Lines {
		if top+i >= s.rows {
			break
		}
		if pad := s.columns - utf8.RuneCountInString(line); s.align == Centre && pad > 1 && line != "" {
			line = strings.Repeat(" ", pad/2) + line
		}
		rows[top+i] = line
	}
	return strings.Join(rows, "\n"), nil
}

// Text returns the pages' lines, pages separated by an empty line: the plain
// text alternative that a screen reader or a text feed gives.
func (r Rendition) Text() string {
	pages := make([]string, len(r.Pages))
	for i, p := range r.Pages {
		var lines []string
		for _, l := range p.Lines {
			if l != "" {
				lines = append(lines, l)
			}
		}
		pages[i] = strings.Join(lines, "\n")
	}
	return strings.Join(pages, "\n\n") + "\n"
}
