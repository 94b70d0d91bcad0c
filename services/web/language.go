package web

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"
)

const languageCookie = "crieur_lang"

// requestLanguage is ?lang=, then the cookie, then Accept-Language, then French.
func requestLanguage(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(Languages(), lang) {
		return lang
	}
	if cookie, err := r.Cookie(languageCookie); err == nil && slices.Contains(Languages(), cookie.Value) {
		return cookie.Value
	}
	preferred, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(preferred) == 0 {
		return Languages()[0]
	}
	_, index, confidence := language.NewMatcher([]language.Tag{language.French, language.English}).Match(preferred...)
	if confidence == language.No {
		return Languages()[0]
	}
	return Languages()[index]
}

// rememberLanguage keeps a choice made by ?lang= for a year: a preference, not a trace, so no consent is asked.
func rememberLanguage(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if !slices.Contains(Languages(), lang) {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: IsSecure(r), SameSite: http.SameSiteLaxMode,
	})
}

// languageLink is the present address with another language.
func languageLink(r *http.Request, lang string) string {
	query := r.URL.Query()
	query.Set("lang", lang)
	link := *r.URL
	link.Scheme, link.Host, link.RawQuery = "", "", query.Encode()
	return link.String()
}

// RightToLeft tells that a language, a BCP 47 tag, is written from the right.
func RightToLeft(tag string) bool {
	script, _ := language.Make(tag).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo":
		return true
	}
	return false
}
