package page

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events/record"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(list(item("/1", "Un", "a"))))
	f.Add([]byte("<table><a><p><svg><math><select><article><p>"))
	rules, err := Config{Item: "article", Body: "p", TimeZone: "Europe/Paris"}.rules(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range []Rules{rules, {Zone: time.UTC}} {
			records, err := Parse(body, "", "https://mairie.example/", r)
			if err != nil {
				continue
			}
			for _, rec := range records {
				if e := rec.Value.(record.Entry); !utf8.ValidString(e.Title + e.Body) {
					t.Error("a text is not UTF-8")
				}
			}
		}
	})
}
