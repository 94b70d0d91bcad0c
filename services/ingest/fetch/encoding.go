package fetch

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	acceptEncoding = "gzip, deflate, br, zstd"
	// gzipMagic begins every gzip file, RFC 1952 §2.3.1.
	gzipMagic = "\x1f\x8b"
	// maxLayers bounds stacked encodings; servers use one.
	maxLayers = 2
	// ratioFloor is the size below which no ratio is a bomb.
	ratioFloor = 1 << 20
	// secondBody is the buffer of a large body whose size is not announced.
	secondBody = 2 << 20
	// zstdWindow is the window RFC 9659 lets a server use over HTTP.
	zstdWindow = 8 << 20
)

var (
	errTooLarge = errors.New("body over the limit")
	errBomb     = errors.New("decompression ratio over the limit")
)

// counter counts the bytes that came over the wire and stops at the limit.
type counter struct {
	r     io.Reader
	n     int64
	limit int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.n > c.limit {
		return n, errTooLarge
	}
	return n, err
}

// decoders keeps the costly decoders between fetches.
type decoders struct {
	gzip sync.Pool
	zstd sync.Pool
}

// open stacks the decoders of a Content-Encoding value over r. done gives them back.
func (d *decoders) open(r io.Reader, contentEncoding string) (_ io.Reader, done func(), _ error) {
	var closers []func()
	done = func() {
		for _, c := range closers {
			c()
		}
	}
	names := encodings(contentEncoding)
	if len(names) > maxLayers {
		return nil, done, fmt.Errorf("%d stacked encodings", len(names))
	}
	for i := len(names) - 1; i >= 0; i-- {
		next, closer, err := d.layer(r, names[i])
		if err != nil {
			done()
			return nil, func() {}, err
		}
		if closer != nil {
			closers = append(closers, closer)
		}
		r = next
	}
	return r, done, nil
}

func encodings(contentEncoding string) []string {
	var names []string
	for name := range strings.SplitSeq(contentEncoding, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		// Some servers repeat the charset here; it encodes nothing.
		if name != "" && name != "identity" && name != "utf-8" && name != "none" {
			names = append(names, name)
		}
	}
	return names
}

func (d *decoders) layer(r io.Reader, name string) (io.Reader, func(), error) {
	switch name {
	case "gzip", "x-gzip":
		return d.gunzip(r)
	case "deflate":
		z, err := inflate(r)
		return z, nil, err
	case "br":
		return brotli.NewReader(r), nil, nil
	case "zstd":
		return d.unzstd(r)
	default:
		return nil, nil, fmt.Errorf("unknown encoding %q", name)
	}
}

func (d *decoders) gunzip(r io.Reader) (io.Reader, func(), error) {
	if z, ok := d.gzip.Get().(*gzip.Reader); ok {
		if err := z.Reset(r); err != nil {
			d.gzip.Put(z)
			return nil, nil, err
		}
		return z, func() { d.gzip.Put(z) }, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	return z, func() { d.gzip.Put(z) }, nil
}

func (d *decoders) unzstd(r io.Reader) (io.Reader, func(), error) {
	z, ok := d.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, nil, err
		}
	}
	if err := z.Reset(r); err != nil {
		d.zstd.Put(z)
		return nil, nil, err
	}
	return z, func() {
		if z.Reset(nil) == nil {
			d.zstd.Put(z)
		}
	}, nil
}

// inflate reads "deflate" in both of its readings: zlib, as RFC 9110 §8.4.1.2
// says, and raw, as some servers send it.
func inflate(r io.Reader) (io.Reader, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}

// body reads a body whole, within limit bytes and ratio times what came over the
// wire. Past smallBody it reserves room and goes on in a buffer of the size
// announced, or else in one of 2 MiB and then in one of the limit.
type body struct {
	limit, ratio, hint int64
	encoded            bool
	reserve            func() error
}

func (b *body) read(r io.Reader, wire *counter) ([]byte, error) {
	buf := make([]byte, 0, b.first())
	for {
		if len(buf) == cap(buf) {
			next, err := b.grow(buf)
			if err != nil {
				return nil, err
			}
			buf = next
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		size := int64(len(buf))
		if size > b.limit {
			return nil, errTooLarge
		}
		if size > ratioFloor && size > wire.n*b.ratio {
			return nil, errBomb
		}
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// first is the size of the first buffer: the body's own where it is announced
// and small, with a byte to see its end.
func (b *body) first() int64 {
	if b.encoded || b.hint == 0 {
		return 16 << 10
	}
	return min(b.hint+1, smallBody)
}

func (b *body) grow(buf []byte) ([]byte, error) {
	size := int64(cap(buf))
	next := size * 2
	switch {
	case size < smallBody:
		next = min(next, smallBody)
	case size == smallBody:
		if err := b.reserve(); err != nil {
			return nil, err
		}
		next = secondBody
		if !b.encoded && b.hint > size {
			next = b.hint + 1
		}
	case size < secondBody:
		next = secondBody
	default:
		next = b.limit + 1
	}
	grown := make([]byte, len(buf), min(next, b.limit+1))
	copy(grown, buf)
	return grown, nil
}
