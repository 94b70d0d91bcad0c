package card_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

var update = flag.Bool("update", false, "rewrite testdata/*/want.png and want.txt")

// TestGolden draws testdata/<case>/input.json, which says what differs from
// channeltest's publication, and compares the picture pixel by pixel with
// want.png and its alternative text with want.txt.
func TestGolden(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/*/input.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no testdata/*/input.json: %v", err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			p := channeltest.Publication()
			if err := json.Unmarshal(body, &p); err != nil {
				t.Fatal(err)
			}
			profile := channeltest.Profile()
			profile.Language = p.Content.Language
			c, err := card.Of(p, profile)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.PNG()
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				for name, body := range map[string][]byte{"want.png": got, "want.txt": []byte(c.Alt + "\n")} {
					if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				return
			}
			if alt, err := os.ReadFile(filepath.Join(dir, "want.txt")); err != nil || string(alt) != c.Alt+"\n" {
				t.Errorf("alternative text %q, want %q: %v", c.Alt, alt, err)
			}
			want, err := os.ReadFile(filepath.Join(dir, "want.png"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		})
	}
}

// same compares pictures and not files: a later encoder may write them
// smaller.
func same(t *testing.T, got, want []byte) {
	t.Helper()
	a, b := decode(t, got), decode(t, want)
	if a.Bounds() != b.Bounds() || a.Bounds().Dx() != card.Width || a.Bounds().Dy() != card.Height {
		t.Fatalf("%v, want %v", a.Bounds(), b.Bounds())
	}
	for y := range card.Height {
		for x := range card.Width {
			if a.At(x, y) != b.At(x, y) {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, a.At(x, y), b.At(x, y))
			}
		}
	}
}

func decode(t *testing.T, body []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestScriptsWithoutLetters(t *testing.T) {
	t.Parallel()
	for title, drawn := range map[string]bool{
		"Fête de la musique 🎶": true, "Ωμέγα": true, "Дорога закрыта": true, "الطريق مغلق": false, "道路は閉鎖": false, "🎶": false,
	} {
		p := channeltest.Publication()
		p.Content.Title = title
		c, err := card.Of(p, channeltest.Profile())
		if drawn != (err == nil) || err != nil && !errors.Is(err, card.ErrScript) {
			t.Errorf("%s: %v", title, err)
		}
		if err == nil && strings.ContainsRune(c.Alt, '🎶') {
			t.Errorf("%s: the alternative text says what is not drawn", title)
		}
	}
}

// FuzzCard: whatever the words, a picture comes out, the same twice, and
// nothing is written over its edges.
func FuzzCard(f *testing.F) {
	f.Add("Coupure d’eau", "Rue du Cœur", "Pessac")
	f.Add(strings.Repeat("Anticonstitutionnellement", 20), strings.Repeat("a ", 500), "")
	f.Add("", "\xff\x00", "–")
	f.Fuzz(func(t *testing.T, title, place, authority string) {
		p, profile := channeltest.Publication(), channeltest.Profile()
		p.Content.Title, p.Content.Place, profile.Authority = title, place, authority
		c, err := card.Of(p, profile)
		if err != nil {
			return
		}
		if !utf8.ValidString(c.Alt) {
			t.Errorf("alternative text %q", c.Alt)
		}
		img, err := c.Image()
		if err != nil {
			t.Fatal(err)
		}
		for y := range card.Height {
			for x := card.Width - 24; x < card.Width; x++ {
				if r, _, _, _ := img.At(x, y).RGBA(); r != 0xFFFF {
					t.Fatalf("ink at %d, %d", x, y)
				}
			}
		}
		for x := 40; x < card.Width; x++ {
			if r, _, _, _ := img.At(x, card.Height-8).RGBA(); r != 0xFFFF {
				t.Fatalf("ink at %d, near the bottom", x)
			}
		}
	})
}
