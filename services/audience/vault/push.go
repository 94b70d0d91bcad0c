package vault

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

const (
	maxSubscription = 4096 // bytes
	authBytes       = 16   // RFC 8291, 3.2
)

// subscription is a browser's PushSubscription, as its toJSON() gives it
// (https://www.w3.org/TR/push-api/#dom-pushsubscription-tojson).
type subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// normalisePush checks that a subscription can be encrypted to, and drops what
// does not serve. An endpoint is https, or on the same machine.
func normalisePush(s string) (string, error) {
	var sub subscription
	if len(s) > maxSubscription || json.Unmarshal([]byte(s), &sub) != nil {
		return "", ErrPush
	}
	u, err := url.Parse(sub.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !local(u) {
		return "", ErrPush
	}
	point, err := decodeKey(&sub.Keys.P256dh)
	if err != nil {
		return "", ErrPush
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return "", ErrPush
	}
	if auth, err := decodeKey(&sub.Keys.Auth); err != nil || len(auth) != authBytes {
		return "", ErrPush
	}
	body, err := json.Marshal(sub)
	if err != nil {
		return "", ErrPush
	}
	return string(body), nil
}

func local(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// decodeKey reads base64url, and leaves it without padding.
func decodeKey(s *string) ([]byte, error) {
	*s = strings.TrimRight(*s, "=")
	return base64.RawURLEncoding.DecodeString(*s)
}

// pushService names a subscription by what its owner knows: his browser.
func pushService(address string) string {
	var sub subscription
	if json.Unmarshal([]byte(address), &sub) == nil {
		if u, err := url.Parse(sub.Endpoint); err == nil {
			for suffix, name := range map[string]string{
				"fcm.googleapis.com": "Chrome", "push.services.mozilla.com": "Firefox", "push.apple.com": "Safari", "notify.windows.com": "Edge",
			} {
				if h := u.Hostname(); h == suffix || strings.HasSuffix(h, "."+suffix) {
					return name
				}
			}
		}
	}
	return "•••"
}
