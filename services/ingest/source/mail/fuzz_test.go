package mail

import (
	"testing"
	"unicode/utf8"
)

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
