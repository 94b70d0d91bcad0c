package gsm

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is what testdata/oracle/count.js writes for one text.
type verdict struct {
	Twilio struct {
		Encoding Encoding
		Segments int
	}
	SplitSMS struct {
		Encoding  Encoding
		Segments  int
		Remaining int
		Parts     []string
	} `json:"splitSms"`
}

func askOracles(t *testing.T, texts []string) []verdict {
	t.Helper()
	dir := filepath.Join("testdata", "oracle")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		const how = "the oracles are not installed: npm ci --prefix services/publisher/gsm/testdata/oracle"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "count.js")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []verdict
	if err := json.Unmarshal(out, &verdicts); err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// TestOracles compares counts and cuts with two counters written by others, on
// French texts and on random ones around the limits. Characters of several code
// points are left out: one of the oracles keeps grapheme clusters whole, which
// can cost a part more.
func TestOracles(t *testing.T) {
	t.Parallel()
	alphabets := []string{
		"abc é è à ù 0123 €[]{}~^|\\ @£$_\n",
		"abc é ê ç œ ’ « » – …  2026",
		"ab ê 😀🎉🌊 محمد",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "Réunion publique jeudi 12 à 20 h 30, salle des fêtes.", "Cœur de ville : « travaux » jusqu’au 4 mai…"}
	for _, a := range alphabets {
		runes := []rune(a)
		for _, n := range []int{1, 34, 66, 67, 70, 71, 100, 133, 134, 135, 150, 153, 154, 160, 161, 201, 305, 306, 307, 459, 460} {
			for range 8 {
				var b strings.Builder
				for range n {
					b.WriteRune(runes[rng.IntN(len(runes))])
				}
				texts = append(texts, b.String())
			}
		}
	}
	for i, v := range askOracles(t, texts) {
		got := Count(texts[i])
		if texts[i] != "" && (got.Encoding != v.Twilio.Encoding || got.Segments != v.Twilio.Segments) {
			t.Errorf("%q: %s in %d, sms-segments-calculator says %s in %d", texts[i], got.Encoding, got.Segments, v.Twilio.Encoding, v.Twilio.Segments)
		}
		if got.Encoding != v.SplitSMS.Encoding || got.Segments != v.SplitSMS.Segments || got.Remaining != v.SplitSMS.Remaining {
			t.Errorf("%q: %s in %d, %d left, split-sms says %+v", texts[i], got.Encoding, got.Segments, got.Remaining, v.SplitSMS)
		}
		parts, err := Segments(texts[i], SegmentOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range parts {
			if j < len(v.SplitSMS.Parts) && p.Text != v.SplitSMS.Parts[j] {
				t.Errorf("%q: part %d is %q, split-sms says %q", texts[i], j, p.Text, v.SplitSMS.Parts[j])
			}
		}
	}
}
