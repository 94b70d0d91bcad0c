package mail

import "bytes"

// mend makes of a mail what go-message reads: without the separator of mailbox
// files, blank lines before the header, and lines in the header that are no field.
func mend(body []byte) []byte {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), "\r\n")
	rest := body
	head := make([]byte, 0, min(len(body), 8<<10))
	field := false
	for len(rest) > 0 {
		line, next := cutLine(rest)
		bare := bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(bare)) == 0 && (len(bare) == 0 || !field) {
			break
		}
		switch {
		case bare[0] == ' ' || bare[0] == '\t':
			if field {
				head = append(append(head, bare...), "\r\n"...)
			}
		case isField(bare):
			head, field = append(append(head, bare...), "\r\n"...), true
		case len(head) > 0 && !field:
		default:
			field = false // "From x@y Mon…" of a mailbox file, or a broken line
		}
		rest = next
		if len(head) > maxHeader {
			break
		}
	}
	if len(rest) == 0 {
		return append(head, "\r\n"...)
	}
	return append(append(head, "\r\n"...), oneEnding(trimBlank(rest))...)
}

// oneEnding makes the ends of all lines alike: boundaries are else not found.
func oneEnding(b []byte) []byte {
	if lines := bytes.Count(b, []byte("\n")); lines == 0 || lines == bytes.Count(b, []byte("\r\n")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

// trimBlank drops the blank line that ends the header.
func trimBlank(rest []byte) []byte {
	line, next := cutLine(rest)
	if len(bytes.TrimSpace(line)) == 0 {
		return next
	}
	return rest
}

func cutLine(b []byte) (line, rest []byte) {
	at := bytes.IndexByte(b, '\n')
	if at < 0 {
		return b, nil
	}
	return b[:at+1], b[at+1:]
}

// isField tells "Name: value": printable characters without space before a colon
// (RFC 5322 §2.2), with the space before the colon that old programs write.
func isField(line []byte) bool {
	at := bytes.IndexByte(line, ':')
	if at <= 0 {
		return false
	}
	name := bytes.TrimRight(line[:at], " \t")
	if len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
