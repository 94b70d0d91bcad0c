package xmltext_test

import (
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/crieur/crieur/services/ingest/xmltext"
)

// The line is that of the file, whatever was dropped before its root.
func TestBrokenNamesTheLineOfTheFile(t *testing.T) {
	t.Parallel()
	other := errors.New("other")
	for body, want := range map[string]string{
		"<a>\n<b>\n</a>": "not well-formed on line 3",
		"<?xml version=\"1.0\"?>\n<!-- a\ncomment -->\n<a>\n<b>\n</a>": "not well-formed on line 6",
		"<?xml version=\"1.0\"?>\n<a>\n<b>\n":                          "cut before its end",
	} {
		text, err := xmltext.Clean([]byte(body), "text/xml")
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Inner string `xml:",innerxml"`
		}
		if got := xmltext.Broken(xml.Unmarshal(text, &doc), []byte(body), text); got == nil || got.Error() != want {
			t.Errorf("%q: %v", body, got)
		}
	}
	if got := xmltext.Broken(other, nil, nil); !errors.Is(got, other) {
		t.Errorf("another error: %v", got)
	}
	if got := xmltext.Broken(io.ErrUnexpectedEOF, nil, nil); got.Error() != "cut before its end" {
		t.Errorf("cut: %v", got)
	}
}
