package channel

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"

	"github.com/crieur/crieur/events"
)

// Form is a multipart/form-data body (RFC 7578) of some fields and one PNG, and
// its content type.
func Form(fields map[string]string, file string, png []byte) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := w.WriteField(name, fields[name]); err != nil {
			return nil, "", events.Permanentf(events.ReasonInternal, "form: %w", err)
		}
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s.png"`, file, file)}, "Content-Type": {"image/png"},
	})
	if err == nil {
		_, err = part.Write(png)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, "", events.Permanentf(events.ReasonInternal, "form: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
