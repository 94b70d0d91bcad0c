package httpface

import "strings"

// statement is what the interface must know of a statement before it hands it
// to the engine. The engine, not this, parses SQL.
type statement struct {
	insert  bool   // an INSERT that takes rows from outside (not SELECT, not VALUES)
	head    string // the text without its FORMAT clause and inline rows
	format  string // of the FORMAT clause, "" when there is none
	data    string // inline rows after INSERT … FORMAT name
	first   string // the first word in capitals, "(" for a parenthesis
	selects bool   // starts with SELECT, WITH or a parenthesis: can be streamed
}

// splitStatement finds the FORMAT clause of sql at its top level, outside
// quotes, comments and parentheses.
func splitStatement(sql string) statement {
	st := statement{head: sql}
	depth := 0
	isInsert, hasSource, valuesEnd := false, false, -1
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'' || c == '"' || c == '`':
			i = skipQuoted(sql, i)
		case strings.HasPrefix(sql[i:], "--"), c == '#':
			i = skipTo(sql, i, "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			i = skipTo(sql, i+2, "*/")
		case c == '(' || c == '[' || c == '{':
			if st.first == "" {
				st.first = "("
			}
			depth++
			i++
		case c == ')' || c == ']' || c == '}':
			depth--
			i++
		case isWordByte(c):
			word, next := wordAt(sql, i)
			if depth == 0 {
				if st.first == "" {
					st.first = word
					isInsert = word == "INSERT"
				}
				switch {
				case isInsert && (word == "SELECT" || word == "WITH" || word == "WATCH"):
					hasSource = true
				case isInsert && !hasSource && word == "VALUES":
					valuesEnd = next
				case word == "FORMAT":
					if name, after := nameAfter(sql, next); name != "" {
						st.head, st.format, st.data = sql[:i], name, sql[after:]
						if isInsert && !hasSource {
							st.insert = true
							st.data = strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(st.data, " \t"), "\r"), "\n")
							return st
						}
					}
				}
				if valuesEnd >= 0 {
					st.data = sql[valuesEnd:]
					st.insert = strings.TrimSpace(st.data) == ""
					if st.insert {
						st.head, st.format = sql[:i], "Values"
					}
					return st
				}
			}
			i = next
		default:
			i++
		}
	}
	st.insert = isInsert && !hasSource && st.format == ""
	st.selects = st.first == "SELECT" || st.first == "WITH" || st.first == "("
	if st.format != "" && strings.Trim(st.data, " \t\r\n;") != "" {
		// Something follows the clause (SETTINGS …): leave the text whole.
		st.head = sql
	}
	return st
}

func skipQuoted(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(s)
}

func skipTo(s string, i int, end string) int {
	if at := strings.Index(s[min(i, len(s)):], end); at >= 0 {
		return i + at + len(end)
	}
	return len(s)
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

func wordAt(s string, i int) (upper string, next int) {
	next = i
	for next < len(s) && isWordByte(s[next]) {
		next++
	}
	if i > 0 && s[i-1] == '.' { // table.format is a name
		return "", next
	}
	return strings.ToUpper(s[i:next]), next
}

// nameAfter reads the identifier after a FORMAT keyword; FORMAT used as a
// function or an alias has none.
func nameAfter(s string, i int) (name string, next int) {
	for i < len(s) && strings.IndexByte(" \t\r\n", s[i]) >= 0 {
		i++
	}
	start := i
	for i < len(s) && isWordByte(s[i]) {
		i++
	}
	return s[start:i], i
}
