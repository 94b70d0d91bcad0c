package panel

import (
	"image"
	"image/color"
)

// maxPreviewSide bounds a preview's memory, in pixels.
const maxPreviewSide = 8192

// Preview enlarges a page as the lit panel looks: round LEDs on a black mask in
// a frame, the dark ones just visible, the lit ones with a glow. scale is the
// pixels from one LED to the next, 3 to 32; it is reduced when the image would
// pass 8192 pixels.
func Preview(pg Page, p Profile, scale int) (*image.RGBA, error) {
	leds, err := Bitmap(pg, p)
	if err != nil {
		return nil, err
	}
	w, h := leds.Rect.Dx(), leds.Rect.Dy()
	scale = max(3, min(scale, 32, maxPreviewSide/(max(w, h)+4)))
	frame := 2 * scale
	img := image.NewRGBA(image.Rect(0, 0, w*scale+2*frame, h*scale+2*frame))
	paintHousing(img, frame)
	lamp := newLamp(scale)
	each := func(lit bool, draw func(*image.RGBA, image.Point, color.RGBA)) {
		for y := range h {
			for x := range w {
				if i := leds.ColorIndexAt(x, y); (i > 0) == lit {
					draw(img, image.Pt(frame+x*scale, frame+y*scale), rgba(leds.Palette[max(1, i)]))
				}
			}
		}
	}
	each(false, lamp.rest)
	each(true, lamp.glare)
	each(true, lamp.shine)
	return img, nil
}

func rgba(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xFF}
}

// paintHousing fills the mask and the aluminium frame around it.
func paintHousing(img *image.RGBA, frame int) {
	mask, metal, edge := color.RGBA{8, 8, 9, 255}, color.RGBA{42, 44, 47, 255}, color.RGBA{20, 21, 22, 255}
	inner := img.Rect.Inset(frame - max(1, frame/3))
	rim := inner.Inset(-max(1, frame/8))
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
			at := image.Pt(x, y)
			switch {
			case at.In(inner):
				img.SetRGBA(x, y, mask)
			case at.In(rim):
				img.SetRGBA(x, y, edge)
			default:
				img.SetRGBA(x, y, metal)
			}
		}
	}
}

// lamp is the light of one LED over its cell and the neighbours', in 1/256.
type lamp struct {
	scale int
	disc  []int // scale × scale
	core  []int // scale × scale: the white heat at the centre
	glow  []int // 3 scale × 3 scale
}

func newLamp(scale int) lamp {
	l := lamp{scale: scale, disc: make([]int, scale*scale), core: make([]int, scale*scale), glow: make([]int, 9*scale*scale)}
	for y := range scale {
		for x := range scale {
			l.disc[y*scale+x] = coverage(x, y, scale, 40)
			l.core[y*scale+x] = coverage(x, y, scale, 20)
		}
	}
	side := 3 * scale
	for y := range side {
		for x := range side {
			dx, dy := 2*x+1-side, 2*y+1-side
			reach := 2 * scale * 2 * scale * 3 / 2
			if d := dx*dx + dy*dy; d < reach {
				near := 256 * (reach - d) / reach
				l.glow[y*side+x] = near * near * 52 / (256 * 256)
			}
		}
	}
	return l
}

// coverage is how much of pixel x, y the disc of radius percent/100 × scale at
// the cell's centre covers, in 1/256, from 8 × 8 samples.
func coverage(x, y, scale, percent int) int {
	const n = 8
	inside := 0
	radius := 2 * n * scale * percent / 100
	for sy := range n {
		for sx := range n {
			dx := 2*(x*n+sx) + 1 - scale*n
			dy := 2*(y*n+sy) + 1 - scale*n
			if dx*dx+dy*dy <= radius*radius {
				inside++
			}
		}
	}
	return inside * 256 / (n * n)
}

// rest draws an unlit LED: its lens, a trace of its colour.
func (l lamp) rest(img *image.RGBA, at image.Point, c color.RGBA) {
	lens := color.RGBA{18 + c.R/14, 18 + c.G/14, 18 + c.B/14, 255}
	for i, cover := range l.disc {
		blend(img, at.X+i%l.scale, at.Y+i/l.scale, lens, cover)
	}
}

// glare adds the glow of a lit LED to what is around it.
func (l lamp) glare(img *image.RGBA, at image.Point, c color.RGBA) {
	side := 3 * l.scale
	for i, light := range l.glow {
		add(img, at.X-l.scale+i%side, at.Y-l.scale+i/side, c, light)
	}
}

// shine draws a lit LED.
func (l lamp) shine(img *image.RGBA, at image.Point, c color.RGBA) {
	hot := color.RGBA{c.R/2 + 127, c.G/2 + 127, c.B/2 + 127, 255}
	for i, cover := range l.disc {
		x, y := at.X+i%l.scale, at.Y+i/l.scale
		blend(img, x, y, c, cover)
		blend(img, x, y, hot, l.core[i]*2/3)
	}
}

func blend(img *image.RGBA, x, y int, c color.RGBA, cover int) {
	if cover == 0 || !image.Pt(x, y).In(img.Rect) {
		return
	}
	p := img.Pix[img.PixOffset(x, y):]
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		p[i] = uint8((int(p[i])*(256-cover) + int(v)*cover) / 256)
	}
}

func add(img *image.RGBA, x, y int, c color.RGBA, light int) {
	if light == 0 || !image.Pt(x, y).In(img.Rect) {
		return
	}
	p := img.Pix[img.PixOffset(x, y):]
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		p[i] = uint8(min(255, int(p[i])+int(v)*light/256))
	}
}
