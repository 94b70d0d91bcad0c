package source

import (
	"errors"
	"io"
	"net/http"
)

// maxPushBytes bounds what is pushed in one request.
const maxPushBytes = 1 << 20

// ReadBody reads the body of a request that is pushed, up to 1 MiB.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPushBytes))
	if err != nil {
		return nil, errors.New("body cannot be read or is over the limit")
	}
	return body, nil
}
