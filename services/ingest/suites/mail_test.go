package suites

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/ingest/source/mail"
)

// Reasons for which a mail differs by choice.
const (
	brokenMail  = "a mail whose encoding the suite itself calls broken is read as Windows-1252"
	otherParts  = "of two content types of one part, the first counts"
	otherBounds = "parts that nothing divides as the standard says are divided elsewhere"
	noMail      = "what has no header at all is no mail"
)

func mails(t *testing.T, tb *table) {
	t.Helper()
	for _, suite := range []string{"jhillyerd__enmime", "mikel__mail", "nodemailer__mailparser", "stalwartlabs__mail-parser", "zbateson__mail-mime-parser"} {
		tb.walk(t, "mail: "+suite, "email/"+suite, func(path string) bool { return isMail(filepath.Join(suite, path)) }, mailCase)
	}
}

// mailCase is met where subject, text, HTML and the names of the attachments are
// those expected, spaces apart; where nothing is said, where the mail is read and
// every text is UTF-8.
func mailCase(_ *testing.T, path string, body []byte) verdict {
	m, err := mail.Parse(body)
	if err != nil {
		return choice(noMail)
	}
	for _, text := range append([]string{m.Subject, m.Text, m.HTML, m.From, m.FromName, m.ID}, m.Attachments...) {
		if !utf8.ValidString(text) {
			return fails("a text is not UTF-8")
		}
	}
	want, ok := mailGolden(path)
	if !ok {
		return met()
	}
	var lacks []string
	for what, pair := range map[string][2]string{"subject": {m.Subject, want.subject}, "text": {m.Text, want.text}, "html": {m.HTML, want.html}} {
		if squeezed(pair[0]) != squeezed(pair[1]) {
			lacks = append(lacks, what)
		}
	}
	for _, a := range want.attachments {
		if a = squeezed(a); a != "" && !strings.Contains(strings.Join(m.Attachments, "\n"), a[strings.LastIndexAny(a, `/\`)+1:]) {
			lacks = append(lacks, "attachment")
			break
		}
	}
	name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
	switch {
	case len(lacks) == 0:
		return met()
	case otherwise[name] != "":
		return choice(otherwise[name])
	case want.problem, strings.Contains(want.subject+want.text+want.html+strings.Join(want.attachments, ""), "\uFFFD"), strings.Contains(strings.Join(want.attachments, "\n"), "C:TEMP"):
		return choice(brokenMail)
	}
	return fails("%s: not what is expected", strings.Join(lacks, ", "))
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

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
type expectedMail struct {
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

func mailGolden(path string) (expectedMail, bool) {
	if !strings.Contains(path, "stalwartlabs") {
		return expectedMail{}, false
	}
	text, err := os.ReadFile(strings.TrimSuffix(path, ".eml") + ".json")
	if err != nil {
		return expectedMail{}, false
	}
	var g struct {
		HTML        []int        `json:"html_body"`
		Text        []int        `json:"text_body"`
		Attachments []int        `json:"attachments"`
		Parts       []goldenPart `json:"parts"`
	}
	if json.Unmarshal(text, &g) != nil || len(g.Parts) == 0 {
		return expectedMail{}, false
	}
	var e expectedMail
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

// otherwise are the mails of which a broken structure is read another way: a part
// with two content types counts as the first, not the last.
var otherwise = map[string]string{
	"malformed/020.eml": otherParts, "malformed/021.eml": otherParts,
	"malformed/019.eml":  otherBounds, // texts cut into one another, by a fuzzer
	"thirdparty/005.eml": otherBounds, // UTF-16 as it is, between lines of ASCII
}
