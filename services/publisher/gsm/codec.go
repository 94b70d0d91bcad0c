package gsm

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrOutside is wrapped by EncodeSeptets for a character that is not in the alphabet.
var ErrOutside = errors.New("character outside GSM 03.38")

// EncodeSeptets returns the codes of text, one septet an octet, high bit clear:
// the form SMPP takes with data_coding 0. The error names the offending
// character's code point and byte offset, never the text.
func EncodeSeptets(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for i, r := range text {
		code, extended, ok := septetOf(r)
		if !ok {
			return nil, fmt.Errorf("gsm: %U at byte %d: %w", r, i, ErrOutside)
		}
		if extended {
			out = append(out, escape)
		}
		out = append(out, code)
	}
	return out, nil
}

// DecodeSeptets is the inverse of EncodeSeptets. As TS 23.038 §6.2.1.1 asks, an
// unknown extension shows the default table's character, and a repeated or
// final escape shows a space. The high bit is ignored.
func DecodeSeptets(septets []byte) string {
	var b strings.Builder
	for i := 0; i < len(septets); i++ {
		code := septets[i] & 0x7F
		if code != escape {
			b.WriteRune(defaultAlphabet[code])
			continue
		}
		i++
		if i == len(septets) || septets[i]&0x7F == escape {
			b.WriteByte(' ')
			continue
		}
		r, ok := extendedRune(septets[i] & 0x7F)
		if !ok {
			r = defaultAlphabet[septets[i]&0x7F]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// EncodeUCS2 returns text in big-endian UTF-16, two octets a unit. Invalid
// UTF-8 becomes U+FFFD.
func EncodeUCS2(text string) []byte {
	units := utf16.Encode([]rune(text))
	out := make([]byte, 0, 2*len(units))
	for _, u := range units {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

// DecodeUCS2 is the inverse of EncodeUCS2; lone surrogates and an odd last
// octet become U+FFFD.
func DecodeUCS2(octets []byte) string {
	units := make([]uint16, 0, len(octets)/2+1)
	for i := 0; i+1 < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	if len(octets)%2 == 1 {
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units))
}

// Pack lays septets out seven bits each, least significant first (TS 23.038
// §6.1.2.1), after fillBits zero bits (0 to 6) that align them behind a user
// data header.
func Pack(septets []byte, fillBits int) []byte {
	out := make([]byte, (len(septets)*7+fillBits+7)/8)
	bit := fillBits
	for _, s := range septets {
		v := uint16(s&0x7F) << (bit % 8)
		out[bit/8] |= byte(v)
		if v > 0xFF {
			out[bit/8+1] |= byte(v >> 8)
		}
		bit += 7
	}
	return out
}

// Unpack returns the n septets packed in octets after fillBits bits. It returns
// fewer when octets are too short. n < 0 means as many as fit.
func Unpack(octets []byte, fillBits, n int) []byte {
	fits := max(0, (len(octets)*8-fillBits)/7)
	if n < 0 || n > fits {
		n = fits
	}
	out := make([]byte, n)
	bit := fillBits
	for i := range out {
		v := uint16(octets[bit/8]) >> (bit % 8)
		if bit%8 > 1 && bit/8+1 < len(octets) {
			v |= uint16(octets[bit/8+1]) << (8 - bit%8)
		}
		out[i] = byte(v & 0x7F)
		bit += 7
	}
	return out
}

const carriageReturn = 0x0D

// PackUSSD packs as Pack does, with the padding of TS 23.038 §6.1.2.3.1: seven
// spare bits are a carriage return, so that a reader does not see "@", and a
// text that ends in a carriage return on an octet boundary gets a second one.
func PackUSSD(septets []byte, fillBits int) []byte {
	bits := len(septets)*7 + fillBits
	last := len(septets) > 0 && septets[len(septets)-1]&0x7F == carriageReturn
	switch {
	case bits%8 == 1, bits%8 == 0 && last:
		padded := append(append([]byte(nil), septets...), carriageReturn)
		return Pack(padded, fillBits)
	}
	return Pack(septets, fillBits)
}

// UnpackUSSD is the inverse of PackUSSD.
func UnpackUSSD(octets []byte, fillBits int) []byte {
	out := Unpack(octets, fillBits, -1)
	n := len(out)
	switch {
	case n == 0 || out[n-1] != carriageReturn:
	case (n*7+fillBits)%8 == 0, n > 1 && out[n-2] == carriageReturn && ((n-1)*7+fillBits)%8 == 0:
		return out[:n-1]
	}
	return out
}
