package source

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestTokenEnd(t *testing.T) {
	t.Parallel()
	of := func(claims string) string {
		return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for token, want := range map[string]time.Time{
		of(`{"exp":1790000000}`):        time.Unix(1790000000, 0).UTC(),
		of(`{"exp":1790000000.5}`):      time.Unix(1790000000, 0).UTC(),
		of(`{"sub":"x"}`):               {},
		of(`{"exp":"soon"}`):            {},
		of(`{"exp":1e30}`):              {},
		of(`{"exp":-5}`):                {},
		of(`not json`):                  {},
		"eyJhbGciOiJSUzI1NiJ9.%%%.c2ln": {},
		"0a1b2c3d.4e5f.6789":            {},
		"an-ordinary-key":               {},
		"":                              {},
	} {
		if got := TokenEnd(token); !got.Equal(want) {
			t.Errorf("%q: %s, want %s", token, got, want)
		}
	}
}
