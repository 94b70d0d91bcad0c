package source

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// TokenEnd reads when a token expires where it says so itself, as a JSON Web
// Token does (RFC 7519 §4.1.4), in UTC; zero for any other secret.
func TokenEnd(token string) time.Time {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	const last = 253402300799 // the end of the year 9999
	if json.Unmarshal(body, &claims) != nil || claims.Expires < 1 || claims.Expires > last {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0).UTC()
}
