package gsm

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/crieur/crieur/services/publisher/translit"
)

func load(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestTwilioSegmentVectors(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Name     string `json:"testDescription"`
		Body     string
		Encoding Encoding
		Segments int
	}
	load(t, "twilio-segments.json", &cases)
	if len(cases) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got := Count(c.Body)
			if got.Encoding != c.Encoding || got.Segments != c.Segments {
				t.Errorf("got %s in %d, want %s in %d", got.Encoding, got.Segments, c.Encoding, c.Segments)
			}
			parts, err := Segments(c.Body, SegmentOptions{})
			if err != nil || len(parts) != c.Segments {
				t.Errorf("Segments: %d parts, %v; want %d", len(parts), err, c.Segments)
			}
		})
	}
}

func TestAlphabetAgainstTwilioMap(t *testing.T) {
	t.Parallel()
	var table map[string][]int
	load(t, "unicode-to-gsm7.json", &table)
	for key, codes := range table {
		point, err := strconv.ParseUint(key, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for _, c := range codes {
			want = append(want, byte(c))
		}
		got, err := EncodeSeptets(string(rune(point)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got % x, %v; want % x", key, got, err, want)
		}
	}
	n := 0
	for r := rune(1); r < 0x3000; r++ {
		if In(r) {
			n++
		}
	}
	if n != len(table) {
		t.Errorf("alphabet has %d characters, the map %d", n, len(table))
	}
}

// Deliberate differences from Twilio's map: its ‹ and › are swapped, a lone
// combining mark says nothing to a reader, and a line separator ends a line.
func TestSmartEncodingMap(t *testing.T) {
	t.Parallel()
	differs := map[string]string{"‹": "'", "›": "'", "⟦": "[", "\u2028": "\n", "\u2029": "\n", "\u0085": "\n"}
	var table map[string]string
	load(t, "twilio-smart-encoding-map.json", &table)
	for from, want := range table {
		r := []rune(from)[0]
		if strings.TrimSpace(want) == "" && want != "" {
			want = " "
		}
		if w, ok := differs[from]; ok {
			want = w
		}
		if unicode.IsControl(r) && r != '\t' && r != '\u0085' || r >= 0x0300 && r <= 0x036F || r >= 0x1DC0 && r <= 0x1DFF || r >= 0x20D0 && r <= 0x20FF {
			want = ""
		}
		got, ok := translit.Approximate(r)
		if !ok || got != want {
			t.Errorf("%q %U: got %q, %v; want %q", from, r, got, ok, want)
		}
		if f := Fold("a"+from+"b", Policy{}); f.Encoding != GSM7 {
			t.Errorf("%q: folded to %q in %s", from, f.Text, f.Encoding)
		}
	}
}

// GOV.UK Notify keeps Welsh letters in UCS-2, writes "?" for emoji and for
// other scripts: here they are folded, removed, and replaced only when asked.
func TestGovUKDowngrade(t *testing.T) {
	t.Parallel()
	differs := map[string]string{"😬": "", "â": "a", "ë": "e", "í": "i", "↉": "0/3"}
	var cases []struct{ Input, SMS string }
	load(t, "govuk-notify-sanitise.json", &cases)
	for _, c := range cases {
		want := c.SMS
		if w, ok := differs[c.Input]; ok {
			want = w
		}
		got := Fold(c.Input, Policy{})
		if got.Encoding == UCS2 {
			got = Fold(c.Input, Policy{Scripts: ScriptsReplace})
		}
		if got.Text != want {
			t.Errorf("%q: got %q, want %q", c.Input, got.Text, want)
		}
	}
}

func TestPackingVectors(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Name     string
		FillBits int `json:"fill_bits"`
		Packed   []int
		Septets  []int
	}
	load(t, "gsm7-pack.json", &cases)
	ussd := false // the file is the plain vectors, then USSD's, both from "two" on
	for i, c := range cases {
		ussd = ussd || i > 0 && c.Name == cases[0].Name
		pack, unpack := Pack, func(o []byte, fill int) []byte { return Unpack(o, fill, -1) }
		if ussd {
			pack, unpack = PackUSSD, UnpackUSSD
		}
		packed, septets := octets(c.Packed), octets(c.Septets)
		if got := pack(septets, c.FillBits); !bytes.Equal(got, packed) {
			t.Errorf("%d %s: packed % x, want % x", i, c.Name, got, packed)
		}
		if got := unpack(packed, c.FillBits); !bytes.Equal(got, septets) {
			t.Errorf("%d %s: unpacked % x, want % x", i, c.Name, got, septets)
		}
	}
}

func octets(ints []int) []byte {
	out := make([]byte, len(ints))
	for i, v := range ints {
		out[i] = byte(v)
	}
	return out
}
