package rewrite

import "strconv"

// container opens an element that blocks are made of, in its place.
func (w *writer) container(name string) {
	switch name {
	case "li":
		if !w.popTo("ul", "ol") {
			w.container("ul")
		}
		w.item()
	case "tr":
		if !w.popTo("table", "thead", "tbody") {
			w.closeBlock()
			w.text.line(1)
			return
		}
		w.text.line(1)
	case "td", "th":
		if !w.popTo("tr") {
			w.text.space = true
			return
		}
		if w.text.breaks == 0 {
			w.text.space = true
			w.text.prefix = "| "
		}
	case "thead", "tbody", "caption":
		if !w.popTo("table") {
			return
		}
		w.text.line(1)
	case "dt", "dd":
		if !w.popTo("dl") {
			w.container("dl")
		}
		w.text.line(1)
	case "ul", "ol":
		w.closeBlock()
		w.text.line(1)
		n := -1
		if name == "ol" {
			n = 0
		}
		if !w.push(name, "") {
			return
		}
		w.counts = append(w.counts, n)
		return
	default:
		w.closeBlock()
		w.text.line(2)
	}
	w.push(name, "")
}

func (w *writer) item() {
	w.text.line(1)
	if len(w.counts) == 0 {
		return
	}
	n := &w.counts[len(w.counts)-1]
	if *n < 0 {
		w.text.prefix = "- "
		return
	}
	*n++
	w.text.prefix = strconv.Itoa(*n) + ". "
}
