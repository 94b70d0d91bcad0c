package field

import (
	"errors"
	"io"
	"net/http"

	"github.com/crieur/crieur/services/ingest/picture"
)

const maxPhotoBytes = 8 << 20

// photoOf reads the photo of a form and draws it again; nil where there is none.
// problem is the key of the message for the agent, "" where all is well.
func photoOf(r *http.Request) (drawn []byte, problem string) {
	file, header, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || err == nil && header.Size == 0 {
		return nil, ""
	}
	if err != nil {
		return nil, "photo.bad"
	}
	defer file.Close() //nolint:errcheck // it was only read
	if header.Size > maxPhotoBytes {
		return nil, "photo.large"
	}
	body, err := io.ReadAll(file)
	if err != nil {
		return nil, "photo.bad"
	}
	drawn, err = picture.Redraw(body)
	switch {
	case errors.Is(err, picture.ErrLarge):
		return nil, "photo.large"
	case err != nil:
		return nil, "photo.bad"
	}
	return drawn, ""
}
