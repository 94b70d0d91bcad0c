package sourcetest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// What one input may cost, the server that sends it and the collector included:
// a second of the processors and 64 MB, and as many times more as the race
// detector costs where it is on.
const (
	maxProcessor = underRace * time.Second
	maxAllocated = underRace * 64 << 20
)

// A hostileCase is one input of the list.
type hostileCase struct {
	name string
	body []byte
}

// hostile is the list, made from a document that the reader reads, so that each
// trap lies where the reader looks.
func hostile(document []byte) []hostileCase {
	var list []hostileCase
	add := func(name string, body []byte) { list = append(list, hostileCase{name, body}) }
	add("empty", nil)
	add("NULs", make([]byte, 1<<20))
	add("NULs inside", bytes.ReplaceAll(document, []byte("a"), []byte("a\x00")))
	add("NUL after", append(bytes.Clone(document), 0))
	add("cut", document[:len(document)/2])
	add("UTF-16 undeclared", wide(document))
	add("UTF-16 with mark", append([]byte{0xff, 0xfe}, wide(document)...))
	add("UTF-8 mark twice", append([]byte("\xef\xbb\xbf\xef\xbb\xbf"), document...))
	add("Latin-1 in UTF-8", inText(document, "\xe9t\xe9 \xe0 \xff\xfe"))
	add("cut sequences", inText(document, "\xc3 \xe2\x82 \xf0\x9f\x98 \x80\x80"))
	add("surrogates in bytes", inText(document, "\xed\xa0\x80 \xed\xbf\xbf"))
	add("overlong", inText(document, "\xc0\x80 \xe0\x80\xaf"))
	add("surrogates escaped", inText(document, `\ud800 \udfff\ud83d &#xD800; &#57343; &#0; &#x110000; %ED%A0%80`))
	add("controls", inText(document, "\x01\x0b\x1b[31m\x7f\u0085\u202e\ufeff\ufffe\U0010ffff"))
	add("100,000 elements deep", bytes.Repeat([]byte("<a>"), 100_000))
	add("100,000 elements deep inside", inText(document, strings.Repeat("<div>", 100_000)))
	add("100,000 lists deep", bytes.Repeat([]byte("["), 100_000))
	add("100,000 objects deep", bytes.Repeat([]byte(`{"a":`), 100_000))
	add("100,000 calendars deep", bytes.Repeat([]byte("BEGIN:VCALENDAR\r\n"), 100_000))
	add("100,000 marks", inText(document, strings.Repeat("<![CDATA[", 100_000)))
	add("100,000 comments", inText(document, strings.Repeat("<!--", 100_000)))
	add("100,000 entities", inText(document, strings.Repeat("&amp;", 100_000)))
	add("100,000 quotes", inText(document, strings.Repeat(`"`, 100_000)))
	add("100,000 separators", inText(document, strings.Repeat(`;,`, 50_000)))
	add("100,000 lines", inText(document, strings.Repeat("\n", 100_000)))
	add("one word of 1 MB", inText(document, strings.Repeat("é", 1<<19)))
	add("one tag of 1 MB", inText(document, "<a "+strings.Repeat("b='c' ", 1<<17)))
	add("numbers", inNumbers(document, "1e999"))
	add("long numbers", inNumbers(document, strings.Repeat("9", 100_000)))
	add("negative numbers", inNumbers(document, "-9223372036854775808"))
	if root := rootTag.FindIndex(document); root != nil {
		list = append(list, hostileXML(document, root[0], root[1])...)
	}
	if bytes.HasPrefix(bytes.TrimSpace(document), []byte("{")) {
		add("deep inside", nested(document, `{"a":[`, `]}`))
		add("deep, all closed", []byte(strings.Repeat(`{"a":[`, 50_000)+strings.Repeat(`]}`, 50_000)))
	}
	return list
}

var (
	rootTag = regexp.MustCompile(`<[A-Za-z][^>]*[^/]>`)
	aText   = regexp.MustCompile(`>[^<>]*\pL[^<>]*<|: ?"[^"{}]*\pL[^"{}]*"|:[^:\r\n"]*\pL[^:\r\n"]*\r?\n|;[^;\n]*\pL[^;\n]*;`)
	aNumber = regexp.MustCompile(`\b\d+\b`)
)

// hostileXML puts a document type before the root, whose entities the texts name.
func hostileXML(document []byte, root, inside int) []hostileCase {
	typed := func(declarations, text string) []byte {
		body := inText(document[root:], text)
		return append([]byte("<?xml version=\"1.0\"?><!DOCTYPE r ["+declarations+"]>"), body...)
	}
	var laughs strings.Builder
	laughs.WriteString(`<!ENTITY l0 "ha">`)
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&laughs, `<!ENTITY l%d "%s">`, i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	long := `<!ENTITY q "` + strings.Repeat("a", 100_000) + `">`
	head, tail := document[:inside], document[inside:]
	return []hostileCase{
		{"billion laughs", typed(laughs.String(), "&l29;")},
		{"quadratic blowup", typed(long, strings.Repeat("&q;", 100_000))},
		{"entity of itself", typed(`<!ENTITY a "&b;"><!ENTITY b "&a;">`, "&a;")},
		{"external entity", typed(`<!ENTITY x SYSTEM "file:///etc/passwd">`, "&x;")},
		{"external subset", append([]byte(`<!DOCTYPE r SYSTEM "file:///etc/passwd">`), document[root:]...)},
		{"parameter entity", typed(`<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;`, "a")},
		{"inclusion", inText(document, `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file:///etc/passwd"/>`)},
		{"100,000 elements under the root", bytes.Join([][]byte{head, bytes.Repeat([]byte("<a>"), 100_000), bytes.Repeat([]byte("</a>"), 100_000), tail}, nil)},
		{"100,000 attributes", append(append(bytes.Clone(document[:inside-1]), attributes(100_000)...), document[inside-1:]...)},
		{"100,000 name spaces deep", bytes.Join([][]byte{head, bytes.Repeat([]byte(`<a xmlns:a="b">`), 100_000), bytes.Repeat([]byte("</a>"), 100_000), tail}, nil)},
		{"unknown charset", append([]byte(`<?xml version="1.0" encoding="x-nothing"?>`), document[root:]...)},
		{"wrong charset", append([]byte(`<?xml version="1.0" encoding="UTF-16"?>`), document[root:]...)},
		{"EBCDIC", append([]byte(`<?xml version="1.0" encoding="IBM037"?>`), document[root:]...)},
	}
}

func attributes(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.Bytes()
}

// inText puts text into every text of the document but for large ones, into the
// first only.
func inText(document []byte, text string) []byte {
	rest := 20
	if len(text) > 1000 {
		rest = 1
	}
	return aText.ReplaceAllFunc(document, func(found []byte) []byte {
		if rest--; rest < 0 {
			return found
		}
		at := bytes.IndexFunc(found, func(r rune) bool { return r > 'A' })
		return bytes.Join([][]byte{found[:at], []byte(text), found[at:]}, nil)
	})
}

func inNumbers(document []byte, number string) []byte {
	rest := 20
	return aNumber.ReplaceAllFunc(document, func(found []byte) []byte {
		if rest--; rest < 0 {
			return found
		}
		return []byte(number)
	})
}

// nested replaces the first text of a JSON document by a deep value.
func nested(document []byte, opens, closes string) []byte {
	at := regexp.MustCompile(`: ?"[^"]*"`).FindIndex(document)
	if at == nil {
		return document
	}
	deep := ":" + strings.Repeat(opens, 50_000) + strings.Repeat(closes, 50_000)
	return bytes.Join([][]byte{document[:at[0]], []byte(deep), document[at[1]:]}, nil)
}

func wide(document []byte) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(string(document))) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return b
}

// Hostile gives read each input of the list of what no reader may fall over: bombs
// and outside entities of XML, 100,000 nested elements, NULs, wrong charsets, lone
// surrogates, one word of a megabyte. It must not panic, nor take more than a
// second of the processors or 64 MB; what it refuses, it refuses as invalid content
// and with a reason; what it takes can be told in UTF-8. document is one it reads.
// [Run] calls it; a connector that is pushed to calls it with its own reader.
func Hostile(t *testing.T, document []byte, read func(body []byte) ([]source.Record, error)) {
	t.Helper()
	for _, c := range hostile(document) {
		t.Run(c.name, func(t *testing.T) {
			records, err := Within(t, func() ([]source.Record, error) { return read(c.body) })
			Told(t, records)
			if err == nil {
				return
			}
			if o := events.OutcomeOf(err); o.Reason != events.ReasonInvalidContent || err.Error() == "" {
				t.Errorf("outcome %+v of %v", o, err)
			}
			clean(t, err)
		})
	}
}

// Told fails on records that cannot be kept: each is JSON, its texts are UTF-8,
// and none holds a file of the machine. Fuzzers call it too.
func Told(t *testing.T, records []source.Record) {
	t.Helper()
	for i, r := range records {
		if r.Refused == nil {
			told(t, i, r)
		}
	}
}

func told(t *testing.T, i int, r source.Record) {
	t.Helper()
	text, err := json.Marshal(r.Value)
	said := fmt.Sprintf("%s %s %+v", r.Item, r.URL, r.Value)
	switch {
	case err != nil:
		t.Errorf("record %d: %v", i, err)
	case !utf8.ValidString(said):
		t.Errorf("record %d is not UTF-8: %q", i, said)
	case bytes.Contains(text, []byte("root:x:")):
		t.Errorf("record %d holds a file of the machine", i)
	case len(text) > 8<<20:
		t.Errorf("record %d has %d bytes", i, len(text))
	}
}

// Within runs one reading of a hostile input and holds it to a second of the
// processors and 64 MB.
func Within(t *testing.T, run func() ([]source.Record, error)) (records []source.Record, err error) {
	t.Helper()
	Bounded(t, "it", func() { records, err = run() })
	return records, err
}

// Bounded runs what is held to a second of the processors and 64 MB. They are
// those of the process: a busy machine makes no test fail, but one that runs in
// parallel with others does.
func Bounded(t testing.TB, name string, run func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := ProcessorTime()
	run()
	took := ProcessorTime() - began
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; took > maxProcessor || allocated > maxAllocated {
		t.Errorf("%s took %s and %d bytes", name, took, allocated)
	}
}

// ProcessorTime is what this process has used.
func ProcessorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it knows this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hostile is the list through the network, and bombs that only a network sends.
func (s Suite) hostile(t *testing.T) {
	Hostile(t, s.Document, func(body []byte) ([]source.Record, error) {
		records, _, err := s.connect(t, fetch.Config{}, s.answer(body)).Fetch(t.Context(), source.Cursor{})
		if err != nil && len(body) > 0 && source.BodyOf(err) == nil {
			t.Errorf("what is refused is not kept: %v", err)
		}
		return records, err
	})
	megabyte := bytes.Repeat([]byte("a"), 1<<20)
	long := func(w io.Writer, megabytes int) {
		at := len(s.Document) / 2
		if found := aText.FindIndex(s.Document); found != nil {
			at = found[0] + 1
		}
		_, _ = w.Write(s.Document[:at])
		for range megabytes {
			if _, err := w.Write(megabyte); err != nil {
				return
			}
		}
		_, _ = w.Write(s.Document[at:])
	}
	for name, send := range map[string]func(w http.ResponseWriter){
		"item of 50 MB": func(w http.ResponseWriter) { long(w, 50) },
		"item of 50 MB in gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			long(z, 50)
			_ = z.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			src := s.connect(t, fetch.Config{}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", s.ContentType)
				send(w)
			})
			records, err := Within(t, func() ([]source.Record, error) {
				records, _, err := src.Fetch(t.Context(), source.Cursor{})
				return records, err
			})
			o := events.OutcomeOf(err)
			if o.Reason != events.ReasonTooLarge && o.Reason != events.ReasonInvalidContent || len(records) > 0 {
				t.Errorf("%d records, outcome %+v of %v", len(records), o, err)
			}
		})
	}
}
