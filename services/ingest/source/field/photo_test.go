package field

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// camera is a photo as a telephone writes it: 60×40, red at the left of what is
// upright, with an orientation, a place and a serial number.
func camera(t *testing.T, orientation byte) []byte {
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

func TestPhotosAreDrawnAgain(t *testing.T) {
	t.Parallel()
	for _, orientation := range []byte{1, 6} {
		out, err := redraw(camera(t, orientation))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out, []byte("Exif")) || bytes.Contains(out, []byte("GPS")) || bytes.Contains(out, []byte("serial")) {
			t.Errorf("orientation %d: what the camera wrote remains", orientation)
		}
		photo, err := jpeg.Decode(bytes.NewReader(out))
		if err != nil || photo.Bounds().Dx() != 60 || photo.Bounds().Dy() != 40 {
			t.Fatalf("orientation %d: %v, %v", orientation, photo.Bounds(), err)
		}
		left, _, _, _ := photo.At(5, 20).RGBA()
		right, _, _, _ := photo.At(55, 20).RGBA()
		if left < 0x8000 || right > 0x4000 {
			t.Errorf("orientation %d: not upright: red %x at the left, %x at the right", orientation, left, right)
		}
	}
	wide := image.NewNRGBA(image.Rect(0, 0, 2400, 600))
	var body bytes.Buffer
	if err := png.Encode(&body, wide); err != nil {
		t.Fatal(err)
	}
	out, err := redraw(body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(out))
	if err != nil || format != "jpeg" || config.Width != 1920 || config.Height != 480 {
		t.Errorf("%s %+v, %v", format, config, err)
	}
	bomb := append([]byte(nil), body.Bytes()...)
	copy(bomb[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65,536 by 65,536, as the header says
	if _, err := redraw(bomb); err == nil {
		t.Error("a bomb is drawn")
	}
}

func FuzzRedraw(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		orientation(body)
		if out, err := redraw(body); err == nil && bytes.Contains(out, []byte("Exif")) {
			t.Error("EXIF remains")
		}
	})
}
