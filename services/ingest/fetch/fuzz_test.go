package fetch

import (
	"bytes"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("<?xml version='1.0' encoding='iso-8859-15'?><a>\xa4</a>"), "text/xml")
	f.Add([]byte("\xff\xfea\x00"), "text/html; charset=utf-7")
	f.Add([]byte("<meta charset=shift_jis>\x82\xa0"), "text/html")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if text, name := UTF8(body, contentType); !utf8.Valid(text) || name == "" {
			t.Errorf("%q as %q", text, name)
		}
	})
}

// FuzzContentEncoding reads what a server claims to have encoded.
func FuzzContentEncoding(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03K\x04\x00C\xbe\xb7\xe8\x01\x00\x00\x00"), "gzip")
	f.Add([]byte("\x0b\x00\x80a\x03"), "br")
	f.Add([]byte("(\xb5/\xfd\x04\x00\t\x00\x00abc"), "zstd, gzip")
	f.Add([]byte("K\x04\x00"), "deflate")
	f.Fuzz(func(t *testing.T, sent []byte, encoding string) {
		const limit = 1 << 20
		var d decoders
		wire := &counter{r: bytes.NewReader(sent), limit: limit}
		r, done, err := d.open(wire, encoding)
		defer done()
		if err != nil {
			return
		}
		b := &body{limit: limit, ratio: 200, encoded: encoding != "", reserve: func() error { return nil }}
		if text, err := b.read(r, wire); err == nil && len(text) > limit {
			t.Errorf("%d bytes", len(text))
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Tue, 24 Nov 2026 08:00:00 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		if d := RetryAfter(text, time.Unix(1_795_428_000, 0)); d < 0 {
			t.Errorf("%s", d)
		}
	})
}
