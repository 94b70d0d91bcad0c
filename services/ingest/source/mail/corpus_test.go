package mail

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events/eventstest"
)

// count says what became of a suite's mails.
type count struct{ files, read, refused, met, differs, fails, without int }

// TestCorpus reads every recorded mail: none panics, takes more than a second or
// allocates more than 64 MB; every text is UTF-8. Where a suite says what a mail
// holds, the table says how often that was met: see compare.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "email")
	suites := map[string]*count{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isMail(path) {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		suite, _, _ := strings.Cut(rel, string(filepath.Separator))
		c := suites[suite]
		if c == nil {
			c = &count{}
			suites[suite] = c
		}
		c.files++
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		m, err := Parse(body)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; took > time.Second || allocated > 64<<20 {
			t.Errorf("%s: took %s and %d bytes", rel, took, allocated)
		}
		for _, text := range append([]string{m.Subject, m.Text, m.HTML, m.From, m.FromName, m.ID}, m.Attachments...) {
			if !utf8.ValidString(text) {
				t.Errorf("%s: a text is not UTF-8", rel)
			}
		}
		if err != nil {
			c.refused++
			t.Logf("%s: %v", rel, err)
			return nil
		}
		c.read++
		want, ok := golden(path)
		if !ok {
			c.without++
			return nil
		}
		compare(t, rel, c, m, want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for suite, c := range suites {
		t.Logf("%-28s %4d files %4d read %3d refused | expectations: met %3d, differs by choice %3d, fails %3d, none %3d", suite, c.files, c.read, c.refused, c.met, c.differs, c.fails, c.without)
		if c.fails*12 > c.met {
			t.Errorf("%s: %d expectations fail, %d are met", suite, c.fails, c.met)
		}
	}
}

func isMail(path string) bool {
	switch filepath.Ext(path) {
	case ".eml", ".raw", ".txt":
		return !strings.Contains(path, "/files/") && filepath.Base(path) != "LICENSE.txt"
	case "":
		return filepath.Base(path) != "COPYING" && strings.Contains(path, "mikel__mail")
	}
	return false
}

// expected is what stalwartlabs' suite says of a mail.
type expected struct {
	subject, text, html string
	attachments         []string
	problem             bool
}

type goldenPart struct {
	Headers []struct {
		Name  json.RawMessage `json:"name"` // a name, or {"other": …}
		Value json.RawMessage `json:"value"`
	} `json:"headers"`
	Problem bool                       `json:"is_encoding_problem"`
	Body    map[string]json.RawMessage `json:"body"`
}

func golden(path string) (expected, bool) {
	if !strings.Contains(path, "stalwartlabs") {
		return expected{}, false
	}
	text, err := os.ReadFile(strings.TrimSuffix(path, ".eml") + ".json")
	if err != nil {
		return expected{}, false
	}
	var g struct {
		HTML        []int        `json:"html_body"`
		Text        []int        `json:"text_body"`
		Attachments []int        `json:"attachments"`
		Parts       []goldenPart `json:"parts"`
	}
	if json.Unmarshal(text, &g) != nil || len(g.Parts) == 0 {
		return expected{}, false
	}
	var e expected
	for _, h := range g.Parts[0].Headers {
		var value struct{ Text string }
		if string(h.Name) == `"subject"` && json.Unmarshal(h.Value, &value) == nil {
			e.subject = value.Text
		}
	}
	body := func(list []int, kind string) string {
		var out []string
		for _, i := range list {
			var s string
			if json.Unmarshal(g.Parts[i].Body[kind], &s) == nil {
				out = append(out, s)
			}
		}
		return strings.Join(out, "\n")
	}
	e.text, e.html = body(g.Text, "Text"), body(g.HTML, "Html")
	for _, i := range g.Attachments {
		e.attachments = append(e.attachments, g.Parts[i].name())
	}
	for _, p := range g.Parts {
		e.problem = e.problem || p.Problem
	}
	return e, true
}

// name is the file name that a part gives, "" where it gives none.
func (p goldenPart) name() string {
	for _, field := range []string{"content_disposition", "content_type"} {
		for _, h := range p.Headers {
			var value struct {
				ContentType struct {
					Attributes []struct{ Name, Value string }
				}
			}
			if string(h.Name) != `"`+field+`"` || json.Unmarshal(h.Value, &value) != nil {
				continue
			}
			for _, a := range value.ContentType.Attributes {
				if a.Name == "filename" || a.Name == "name" {
					return a.Value
				}
			}
		}
	}
	return ""
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// otherwise are the mails of which a broken structure is read another way: a part
// with two content types counts as the first, not the last.
var otherwise = map[string]bool{"malformed/020.eml": true, "malformed/021.eml": true}

// compare counts a mail as met where subject, text, HTML and the names of the
// attachments are those expected, spaces apart. It differs by choice where the
// suite itself marks the encoding as broken or gives up with U+FFFD (here
// Windows-1252 is tried), where a folder of the sender's is in a name, and for those listed as read otherwise.
func compare(t *testing.T, name string, c *count, m Message, want expected) {
	t.Helper()
	var lacks []string
	if words(m.Subject) != words(want.subject) {
		lacks = append(lacks, "subject")
	}
	if words(m.Text) != words(want.text) {
		lacks = append(lacks, "text")
	}
	if words(m.HTML) != words(want.html) {
		lacks = append(lacks, "html")
	}
	for _, a := range want.attachments {
		if a = words(a); a != "" && !strings.Contains(strings.Join(m.Attachments, "\n"), a[strings.LastIndexAny(a, `/\`)+1:]) {
			lacks = append(lacks, "attachment")
			break
		}
	}
	switch {
	case len(lacks) == 0:
		c.met++
	case want.problem, strings.Contains(want.subject+want.text+want.html+strings.Join(want.attachments, ""), "\uFFFD"), strings.Contains(strings.Join(want.attachments, "\n"), "C:TEMP"), otherwise[filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)]:
		c.differs++
	default:
		c.fails++
		t.Logf("%s: %v", name, lacks)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Subject: =?iso-8859-1?q?=E9t=E9?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=E9\r\n--b\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A9.pdf\r\n\r\nx\r\n--b--"))
	f.Add([]byte("From x\nSubject : a\n b\nbroken\n\ntext"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Parse(body)
		if err != nil {
			return
		}
		for _, text := range append([]string{m.Subject, m.Text, m.HTML, m.From, m.FromName}, m.Attachments...) {
			if !utf8.ValidString(text) {
				t.Error("a text is not UTF-8")
			}
		}
	})
}
