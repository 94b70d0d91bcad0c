package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// Tone is the colour and icon of a notice.
type Tone string

// The tones. Each also has an icon and a word: colour never speaks alone (RGAA 3.1).
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Flash is a notice shown once, on the next page.
type Flash struct {
	Tone Tone   `json:"t"`
	Text string `json:"m"`
}

const flashCookie = "crieur_flash"

// Flash leaves a notice for the next page this browser is shown, in a signed cookie. text holds no personal data.
func (re *Renderer) Flash(w http.ResponseWriter, r *http.Request, tone Tone, text string) {
	body, _ := json.Marshal(Flash{tone, text})
	value := base64.RawURLEncoding.EncodeToString(body)
	setFlashCookie(w, r, value+"."+re.flashMAC(value), 300)
}

// takeFlash reads the notice left for this request, if any, and clears it.
func (re *Renderer) takeFlash(w http.ResponseWriter, r *http.Request) []Flash {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	setFlashCookie(w, r, "", -1)
	value, mac, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(re.flashMAC(value))) {
		return nil
	}
	body, err := base64.RawURLEncoding.DecodeString(value)
	var flash Flash
	if err != nil || json.Unmarshal(body, &flash) != nil {
		return nil
	}
	return []Flash{flash}
}

func (re *Renderer) flashMAC(value string) string {
	mac := hmac.New(sha256.New, re.options.Key)
	mac.Write([]byte("crieur flash\x00" + value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func setFlashCookie(w http.ResponseWriter, r *http.Request, value string, maxAgeSeconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: value, Path: "/", MaxAge: maxAgeSeconds,
		HttpOnly: true, Secure: IsSecure(r), SameSite: http.SameSiteLaxMode,
	})
}
