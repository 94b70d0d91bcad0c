package channel

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"

	"github.com/crieur/crieur/events"
)

// PNGDataURI writes an image as a data: URI (RFC 2397).
func PNGDataURI(img image.Image) (string, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", events.Permanent(events.ReasonInternal, err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
