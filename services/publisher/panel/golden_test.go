package panel

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden cases' want.* files")

// input is testdata/<case>/input.json.
type input struct {
	Content      Content `json:"content"`
	Profile      Profile `json:"profile"`
	PreviewScale int     `json:"previewScale"` // a preview of the first page is kept when set
}

// TestGolden renders every folder of testdata: want.json is the rendition,
// want.txt the text grids, want.png the pages under one another, one pixel a LED,
// want-preview.png the first page lit; or want.err, the error.
func TestGolden(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/*/input.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%d cases, %v", len(dirs), err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var in input
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&in); err != nil {
				t.Fatal(err)
			}
			checkCase(t, dir, in)
		})
	}
}

func checkCase(t *testing.T, dir string, in input) {
	t.Helper()
	r, err := Render(in.Content, in.Profile)
	if err != nil {
		compareText(t, filepath.Join(dir, "want.err"), err.Error()+"\n")
		return
	}
	checkLimits(t, r, in.Profile)
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compareText(t, filepath.Join(dir, "want.json"), string(out)+"\n")
	var grids strings.Builder
	for i, page := range r.Pages {
		text, err := page.Text(in.Profile)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&grids, "-- page %d, %d s\n%s\n", i+1, page.Seconds, text)
	}
	compareText(t, filepath.Join(dir, "want.txt"), grids.String())
	if len(r.Pages) == 0 {
		return
	}
	compareImage(t, filepath.Join(dir, "want.png"), stack(t, r, in.Profile))
	if in.PreviewScale > 0 {
		img, err := Preview(r.Pages[0], in.Profile, in.PreviewScale)
		if err != nil {
			t.Fatal(err)
		}
		compareImage(t, filepath.Join(dir, "want-preview.png"), img)
	}
}

// stack puts the pages' images under one another.
func stack(t *testing.T, r Rendition, p Profile) image.Image {
	t.Helper()
	var all *image.Paletted
	for _, page := range r.Pages {
		img, err := Bitmap(page, p)
		if err != nil {
			t.Fatal(err)
		}
		if all == nil {
			all = image.NewPaletted(image.Rect(0, 0, img.Rect.Dx(), 0), img.Palette)
		}
		all.Pix = append(all.Pix, img.Pix...)
		all.Rect.Max.Y += img.Rect.Dy()
	}
	return all
}

func compareText(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./panel -run Golden -update", err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// compareImage compares pixels, not the compressor's bytes.
func compareImage(t *testing.T, path string, got image.Image) {
	t.Helper()
	encoded, err := PNG(got)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, encoded, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./panel -run Golden -update", err)
	}
	want, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Bounds() {
		t.Fatalf("%s: %v, want %v", path, got.Bounds(), want.Bounds())
	}
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			if rgba(got.At(x, y)) != rgba(want.At(x, y)) {
				t.Fatalf("%s: LED %d,%d is %v, want %v", path, x, y, got.At(x, y), want.At(x, y))
			}
		}
	}
}

// checkLimits holds for any content: the rows, columns and pages of the profile.
func checkLimits(t *testing.T, r Rendition, p Profile) {
	t.Helper()
	s, err := p.resolve()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Pages) > s.pages {
		t.Fatalf("%d pages of %d", len(r.Pages), s.pages)
	}
	if len(r.Pages) == 0 && !slices.ContainsFunc(r.Warnings, func(w Warning) bool { return w.Code == Empty }) {
		t.Fatal("no page and no warning")
	}
	for _, page := range r.Pages {
		if len(page.Lines) > s.rows || len(page.Lines) == 0 {
			t.Fatalf("%d rows of %d", len(page.Lines), s.rows)
		}
		for _, line := range page.Lines {
			if n := len([]rune(line)); n > s.columns {
				t.Fatalf("%q has %d columns of %d", line, n, s.columns)
			}
			for _, c := range line {
				if !s.charset(c) {
					t.Fatalf("%q: the sign has no %q", line, c)
				}
			}
		}
	}
}
