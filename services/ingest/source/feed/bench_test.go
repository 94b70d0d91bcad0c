package feed

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/mmcdole/gofeed"

	"github.com/crieur/crieur/events/eventstest"
)

// BenchmarkParse reads the recorded feeds over 2 kB, as those of sites are: Parse,
// from bytes to records, beside gofeed alone, which neither finds the charset nor
// mends, cleans or dates.
func BenchmarkParse(b *testing.B) {
	var bodies [][]byte
	var size int64
	for _, folder := range []string{"rbren__rss-parser", "feedjira__feedjira", "prof18__RSS-Parser", "danmactough__node-feedparser", "feed-rs__feed-rs"} {
		err := filepath.WalkDir(filepath.Join(eventstest.Corpus(b), "feeds", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil || len(body) < 2<<10 {
				return err
			}
			if _, err := gofeed.NewParser().ParseString(string(body)); err != nil {
				return nil // what only Parse can read
			}
			if !Looks(body, "") {
				return nil // expected answers
			}
			bodies, size = append(bodies, body), size+int64(len(body))
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, parse func(body []byte) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, body := range bodies {
					if err := parse(body); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	run("crieur", func(body []byte) error {
		_, err := Parse(body, Options{URL: "https://mairie.example/flux"})
		return err
	})
	run("gofeed", func(body []byte) error {
		_, err := gofeed.NewParser().ParseString(string(body))
		return err
	})
}
