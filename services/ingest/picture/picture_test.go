package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/crieur/crieur/services/ingest/picture/picturetest"
)

func TestPhotosAreDrawnAgain(t *testing.T) {
	t.Parallel()
	for _, orientation := range []byte{1, 6} {
		out, err := Redraw(picturetest.Camera(t, orientation))
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
	out, err := Redraw(body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(out))
	if err != nil || format != "jpeg" || config.Width != 1920 || config.Height != 480 {
		t.Errorf("%s %+v, %v", format, config, err)
	}
	bomb := append([]byte(nil), body.Bytes()...)
	copy(bomb[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65,536 by 65,536, as the header says
	if _, err := Redraw(bomb); err == nil {
		t.Error("a bomb is drawn")
	}
}

func FuzzRedraw(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		orientation(body)
		if out, err := Redraw(body); err == nil && bytes.Contains(out, []byte("Exif")) {
			t.Error("EXIF remains")
		}
	})
}
