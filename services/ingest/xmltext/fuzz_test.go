package xmltext_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/ingest/xmltext"
)

func FuzzClean(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><title>ét&eacute; &#150; &#0;</title></channel></rss>`), "text/xml")
	f.Add([]byte("\ufeff <!-- a --><?x ?><feed><title type='html'>&lt;b&gt;</title></feed>"), "")
	f.Add([]byte(`<rss><title>a < b <3 <http://x/y?z></title><a href=/b?c='d">e<br></br></a><![CDATA[ < ]]></rss>`), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		text, err := xmltext.Clean(body, contentType)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || bytes.Contains(text, []byte("<!ENTITY")) && bytes.HasPrefix(text, []byte("<!DOCTYPE")) {
			t.Errorf("%.200q", text)
		}
		if again, err := xmltext.Clean(body, contentType); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%.200q, then %.200q", text, again)
		}
		if once := xmltext.Repair(text); !utf8.Valid(once) || !bytes.Equal(xmltext.Repair(once), once) {
			t.Errorf("%.200q is repaired to %.200q", text, once)
		}
		if title := xmltext.Title(body, contentType); !utf8.ValidString(title) {
			t.Errorf("title %q", title)
		}
	})
}
