package picturetest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// Camera is a photo as a telephone writes it: 60×40, red at the left of what is
// upright, with an orientation, a place and a serial number.
func Camera(t *testing.T, orientation byte) []byte {
	t.Helper()
	upright := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			upright.Set(x, y, color.RGBA{B: 200, A: 255})
			if x < 30 {
				upright.Set(x, y, color.RGBA{R: 200, A: 255})
			}
		}
	}
	stored := upright
	if orientation == 6 { // the file must be turned clockwise: (x, y) goes to (59-y, x)
		stored = image.NewRGBA(image.Rect(0, 0, 40, 60))
		for y := range 60 {
			for x := range 40 {
				stored.Set(x, y, upright.At(59-y, x))
			}
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, stored, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	tiff := append([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), orientation, 0, 0, 0, 0, 0, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	segment = append(segment, "GPS 44.8378N 0.5792W serial-1234567"...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1, byte((len(segment) + 2) >> 8), byte(len(segment) + 2)}, segment...)
	return append(out, plain.Bytes()[2:]...)
}
