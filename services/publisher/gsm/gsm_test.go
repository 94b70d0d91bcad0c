package gsm

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, in, want string
		policy         Policy
		encoding       Encoding
	}{
		{"stays as it is", "Marché de Noël à la Forêt", "Marché de Noel à la Foret", Policy{}, GSM7},
		{"inside the alphabet", "é è à ù ì ò Ç É €", "é è à ù ì ò Ç É €", Policy{}, GSM7},
		{"outside", "ê ç ô â î û ë ï œ Œ À È", "e c o a i u e i oe OE A E", Policy{}, GSM7},
		{"ü is inside", "ü", "ü", Policy{}, GSM7},
		{"cœur and travaux", "Le cœur de ville : « travaux » jusqu’au 4…", `Le coeur de ville : "travaux" jusqu'au 4...`, Policy{}, GSM7},
		{"guillemets without spaces", "«travaux», fin", `"travaux", fin`, Policy{}, GSM7},
		{"non-breaking spaces", "20\u00a0h\u202f30\u2009!", "20 h 30 !", Policy{}, GSM7},
		{"degree after n", "n° 5, N°7", "no 5, No7", Policy{}, GSM7},
		{"temperature", "jusqu’à 38 °C (38°C), virage à 45°", "jusqu'à 38 C (38C), virage à 45 deg", Policy{}, GSM7},
		{"half", "2½ h", "2 1/2 h", Policy{}, GSM7},
		{"decomposed accents", "e\u0301 e\u0302", "é e", Policy{}, GSM7},
		{"styled letters", "𝐁𝐨𝐧𝐣𝐨𝐮𝐫 ﬁn 1ᵉʳ", "Bonjour fin 1er", Policy{}, GSM7},
		{"Latin names", "Łódź, Nguyễn, Šárka, Yıldız, Đorđe", "Lodz, Nguyen, Sarka, Yildiz, Dorde", Policy{}, GSM7},
		{"emoji at both ends", "⚠️ Alerte crue 🌊", "Alerte crue", Policy{}, GSM7},
		{"emoji before a stop", "Bonne fête 🎉.", "Bonne fete.", Policy{}, GSM7},
		{"keycap", "1️⃣ Sortez", "1 Sortez", Policy{}, GSM7},
		{"family, flag, skin", "a 👨‍👩‍👧 b 🇫🇷 c 👍🏽 d", "a b c d", Policy{}, GSM7},
		{"emoji between sentences", "⚠️ Vigilance ROUGE crues ⚠️ Évacuez les quais", "Vigilance ROUGE crues - Évacuez les quais", Policy{}, GSM7},
		{"emoji between sentences in UCS-2", "محمد Foch 🎉 Venez", "محمد Foch - Venez", Policy{}, UCS2},
		{"emoji before a colon", "Musique 🎶 : concerts, « fête 🎉 » (🎉 libre 🎉)", "Musique : concerts, \"fete\" (libre)", Policy{}, GSM7},
		{"emoji kept", "Fête 🎉", "Fête 🎉", Policy{Emoji: EmojiKeep}, UCS2},
		{"Arabic keeps every accent", "Fête de محمد – cœur", "Fête de محمد – cœur", Policy{}, UCS2},
		{"Arabic drops the emoji", "محمد 🎉", "محمد", Policy{}, UCS2},
		{"Arabic replaced", "Fête de محمد", "Fete de ????", Policy{Scripts: ScriptsReplace}, GSM7},
		{"Greek and Cyrillic", "Αθήνα Киев", "Αθήνα Киев", Policy{}, UCS2},
		{"accents kept", "forêt d’Œ", "forêt d’Œ", Policy{Accents: AccentsKeep}, UCS2},
		{"typography folded when accents are kept", "l’été…", "l'été...", Policy{Accents: AccentsKeep}, GSM7},
		{"one accent kept", "forêt, Noël", "forêt, Noël", Policy{Keep: "ê"}, UCS2},
		{"grave accent alone", "a`b", "a'b", Policy{}, GSM7},
		{"controls", "a\x00b\tc\x07", "ab c", Policy{}, GSM7},
		{"invalid UTF-8", "a\xffb", "a?b", Policy{}, GSM7},
		{"empty", "", "", Policy{}, GSM7},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Fold(c.in, c.policy)
			if got.Text != c.want || got.Encoding != c.encoding {
				t.Errorf("got %q in %s, want %q in %s", got.Text, got.Encoding, c.want, c.encoding)
			}
		})
	}
}

func TestFoldReplacements(t *testing.T) {
	t.Parallel()
	in := "été : cœur, fore\u0302t 🎉"
	want := []Replacement{{"œ", "oe", 9}, {"e\u0302", "e", 18}, {"🎉", "", 23}}
	got := Fold(in, Policy{}).Replacements
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, r := range got {
		if r != want[i] || !strings.HasPrefix(in[r.Offset:], r.From) {
			t.Errorf("got %+v, want %+v", r, want[i])
		}
	}
}

func TestCountAccents(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Travaux a la mairie. ", 6) + "forêt, fenêtre, cœur"
	got := Count(text)
	if got.Encoding != UCS2 || got.Segments != 3 {
		t.Fatalf("got %+v", got)
	}
	want := []Accent{{"ê", "e", 2, 2}, {"œ", "oe", 1, 2}}
	if len(got.Accents) != 2 || got.Accents[0] != want[0] || got.Accents[1] != want[1] {
		t.Errorf("got %+v, want %+v", got.Accents, want)
	}
	if free := Count("forêt"); free.Accents[0].ExtraSegments != 0 || free.Remaining != 65 {
		t.Errorf("a short text pays nothing: %+v", free)
	}
	if none := Count("forêt محمد"); none.Accents != nil {
		t.Errorf("unavoidable UCS-2: %+v", none.Accents)
	}
}

func TestSegmentsNeverSplitAPair(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		first      int
	}{
		{"escape", strings.Repeat("a", 152) + "€" + strings.Repeat("b", 20), 152},
		{"surrogates", strings.Repeat("ê", 66) + "😀" + strings.Repeat("ê", 20), 66},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parts, err := Segments(c.text, SegmentOptions{Number: 0x1234})
			if err != nil {
				t.Fatal(err)
			}
			if parts[0].Units != c.first || len(parts) != 2 {
				t.Errorf("first part has %d units of %d parts", parts[0].Units, len(parts))
			}
			if want := []byte{5, 0, 3, 0x34, 2, 1}; !bytes.Equal(parts[0].UDH, want) {
				t.Errorf("header % x, want % x", parts[0].UDH, want)
			}
			if parts[0].ESMClass() != 0x40 || !bytes.HasPrefix(parts[1].ShortMessage(), []byte{5, 0, 3, 0x34, 2, 2}) {
				t.Error("header is not announced or not first")
			}
		})
	}
}

func TestSegmentsWideAndPacked(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("abcdefgh", 38) + "i" // 305 septets: 2 × 152 + 1
	parts, err := Segments(text, SegmentOptions{Number: 0xABCD, Reference: Reference16, Packing: Packed})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != 3 || !bytes.Equal(parts[2].UDH, []byte{6, 8, 4, 0xAB, 0xCD, 3, 3}) {
		t.Fatalf("%d parts, header % x", len(parts), parts[len(parts)-1].UDH)
	}
	var back strings.Builder
	for _, p := range parts {
		if n := len(p.ShortMessage()); n > 140 {
			t.Errorf("part of %d octets", n)
		}
		back.WriteString(DecodeSeptets(Unpack(p.Body, FillBits(len(p.UDH)), p.Units)))
	}
	if back.String() != text {
		t.Errorf("got %q", back.String())
	}
	for octets, want := range map[int]int{6: 1, 7: 0, 0: 0} {
		if got := FillBits(octets); got != want {
			t.Errorf("FillBits(%d) = %d, want %d", octets, got, want)
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	if _, err := Segments(strings.Repeat("a", 153*255), SegmentOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := Segments(strings.Repeat("a", 153*255+1), SegmentOptions{}); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

func TestEncodeSeptetsOutside(t *testing.T) {
	t.Parallel()
	_, err := EncodeSeptets("abcê")
	if !errors.Is(err, ErrOutside) || !strings.Contains(err.Error(), "U+00EA at byte 3") || strings.Contains(err.Error(), "abc") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeOddities(t *testing.T) {
	t.Parallel()
	if got := DecodeSeptets([]byte{0x1B, 0x41, 0x1B, 0x1B, 0x1B}); got != "A  " {
		t.Errorf("got %q", got)
	}
	if got := DecodeUCS2([]byte{0xD8, 0x3D, 0x00}); got != "\uFFFD\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "Fête « cœur » 20 h 30", "€^{}[]~\\|\f", "😀👨‍👩‍👧محمد", "e\u0301\u0302", "\xff\x00`", strings.Repeat("a€", 90), "e🎉\u0301"} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		p := Policy{}
		if flags&1 > 0 {
			p.Emoji = EmojiKeep
		}
		if flags&2 > 0 {
			p.Scripts = ScriptsReplace
		}
		if flags&4 > 0 {
			p.Accents = AccentsKeep
		}
		folded := Fold(text, p)
		if !utf8.ValidString(folded.Text) {
			t.Fatalf("invalid UTF-8: %q", folded.Text)
		}
		if got := EncodingOf(folded.Text); got != folded.Encoding && folded.Encoding == GSM7 {
			t.Fatalf("says GSM-7: %q", folded.Text)
		}
		if again := Fold(folded.Text, p); again.Text != folded.Text {
			t.Fatalf("folded %q again to %q", folded.Text, again.Text)
		}
		for _, r := range folded.Replacements {
			if r.Offset < 0 || r.Offset >= len(text) {
				t.Fatalf("offset %d of %d", r.Offset, len(text))
			}
		}
		checkSegments(t, folded.Text, SegmentOptions{Reference: Reference(flags >> 3 & 1), Packing: Packing(flags >> 4 & 1)})
	})
}

func checkSegments(t *testing.T, text string, o SegmentOptions) {
	t.Helper()
	parts, err := Segments(text, o)
	if errors.Is(err, ErrTooLong) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if o.Reference == Reference8 && Count(text).Segments != len(parts) {
		t.Fatalf("counted %d, made %d", Count(text).Segments, len(parts))
	}
	var back strings.Builder
	for _, p := range parts {
		octets := len(p.Body)
		switch {
		case p.Encoding == UCS2:
			back.WriteString(DecodeUCS2(p.Body))
		case o.Packing == Packed:
			back.WriteString(DecodeSeptets(Unpack(p.Body, FillBits(len(p.UDH)), p.Units)))
		default:
			back.WriteString(DecodeSeptets(p.Body))
			octets = (octets*7 + FillBits(len(p.UDH)) + 7) / 8
		}
		if octets+len(p.UDH) > 140 {
			t.Fatalf("part of %d octets", octets+len(p.UDH))
		}
	}
	if back.String() != text {
		t.Fatalf("got %q back, want %q", back.String(), text)
	}
}

func FuzzPack(f *testing.F) {
	f.Add([]byte("pattern\r"), uint8(0))
	f.Fuzz(func(t *testing.T, septets []byte, fill uint8) {
		for i := range septets {
			septets[i] &= 0x7F
		}
		bits := int(fill % 7)
		if got := Unpack(Pack(septets, bits), bits, len(septets)); !bytes.Equal(got, septets) {
			t.Fatalf("got % x, want % x", got, septets)
		}
	})
}

func TestHasStopCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"STOP au 36111": true, "STOP: 36111": true, "STOP=36111": true, "Stop SMS : 36111": true, "stop sms au 36 111": true,
		"Stop au 36\u00a0111": true, "STOP - 36111": true, "(stop au : 38200)": true,
		"": false, "Stop aux incivilités, 33600 Pessac": false, "Non-stop 14 h": false, "Arrêt Stop 361": false, "Le 36111": false, "stop 361110": false,
	} {
		if got := HasStopCode(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
