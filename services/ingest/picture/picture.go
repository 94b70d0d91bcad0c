package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	_ "image/gif" // of mails
	"image/jpeg"
	_ "image/png" // telephones' screenshots

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // of mails
)

const (
	// maxPixels bounds what a photo takes in memory: 1.5 bytes a pixel of a JPEG,
	// up to 8 of the others.
	maxPixelsJPEG = 26_000_000
	maxPixels     = 6_000_000
	// maxSide is that of the picture kept, in pixels.
	maxSide = 1920
	quality = 82
)

var (
	// ErrUnreadable is returned for what is no picture.
	ErrUnreadable = errors.New("picture: cannot be read")
	// ErrLarge is returned for a picture of too many pixels.
	ErrLarge = errors.New("picture: too many pixels")
)

// Redraw makes a JPEG of the pixels alone, upright, white under what is transparent,
// at most 1920 pixels a side: no place, no time, no thumbnail. Of what moves, the
// first image is drawn. It returns [ErrUnreadable] or [ErrLarge].
func Redraw(body []byte) ([]byte, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, ErrUnreadable
	}
	limit := maxPixels
	if format == "jpeg" {
		limit = maxPixelsJPEG
	}
	if config.Width > limit/config.Height {
		return nil, ErrLarge
	}
	photo, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, ErrUnreadable
	}
	width, height := fit(config.Width, config.Height)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src) // under what is transparent
	draw.ApproxBiLinear.Scale(small, small.Bounds(), photo, photo.Bounds(), draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright(small, orientation(body)), &jpeg.Options{Quality: quality}); err != nil {
		return nil, ErrUnreadable
	}
	return out.Bytes(), nil
}

func fit(width, height int) (int, int) {
	side := max(width, height)
	if side <= maxSide {
		return width, height
	}
	return max(1, width*maxSide/side), max(1, height*maxSide/side)
}

// upright turns and mirrors as the orientation of the file says (EXIF 2.3 §4.6.4).
func upright(in *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return in
	}
	w, h := in.Rect.Dx(), in.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			copy(out.Pix[out.PixOffset(tx, ty):][:4], in.Pix[in.PixOffset(x, y):][:4])
		}
	}
	return out
}

// orientation reads tag 0x0112 of a JPEG's EXIF, 1 where there is none.
func orientation(body []byte) int {
	for at := 2; at+4 <= len(body) && body[at] == 0xff; {
		size := int(binary.BigEndian.Uint16(body[at+2:]))
		if size < 2 || at+2+size > len(body) || body[at+1] == 0xda {
			return 1
		}
		segment := body[at+4 : at+2+size]
		if body[at+1] == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(b []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if len(b) < 8 {
		return 1
	}
	if b[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 1
	}
	for i := range int(order.Uint16(b[at:])) {
		field := at + 2 + 12*i
		if field+12 > len(b) {
			return 1
		}
		if order.Uint16(b[field:]) == 0x0112 {
			return int(order.Uint16(b[field+8:]))
		}
	}
	return 1
}
