package vigilance

import (
	"fmt"
	"testing"
	"unicode/utf8"
)

func FuzzTexts(f *testing.F) {
	f.Add([]byte(`{"product":{"text_bloc_items":[{"domain_id":"33","bloc_items":[{"text_items":[{"hazard_code":"1","term_items":[{"subdivision_text":[{"underlined_text":"A","text":["Vent \\ud800 fort"]}]}]}]}]}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		texts, err := ParseTexts(body, "")
		if err == nil && !utf8.ValidString(fmt.Sprintf("%v", texts)) {
			t.Errorf("%+q", fmt.Sprint(texts))
		}
	})
}
