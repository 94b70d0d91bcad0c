package field

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed templates assets i18n
var files embed.FS

// pages and phrases are read once and never change.
var (
	pages   = template.Must(template.ParseFS(files, "templates/*.html"))
	phrases = map[string]map[string]string{"fr": mustPhrases("i18n/fr.json"), "en": mustPhrases("i18n/en.json")}
	matcher = language.NewMatcher([]language.Tag{language.French, language.English})
)

// mustPhrases reads a catalogue that is part of the program.
func mustPhrases(name string) map[string]string {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err)
	}
	var catalogue map[string]string
	if err := json.Unmarshal(text, &catalogue); err != nil {
		panic(err)
	}
	return catalogue
}

// view is what a page is drawn with.
type view struct {
	Lang, Title, Authority, Base, Agent string

	Values map[string]string
	Errors []problem
	Sent   bool
	json   bool
}

// problem says what to do about a field.
type problem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (f *Form) view(r *http.Request) view {
	return view{
		Lang: languageOf(r), Title: f.cfg.Title, Authority: f.cfg.Authority, Base: f.base,
		json: strings.Contains(r.Header.Get("Accept"), "application/json"),
	}
}

// languageOf is ?lang=, then the site's cookie, then the telephone's own, then French.
func languageOf(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); phrases[lang] != nil {
		return lang
	}
	if cookie, err := r.Cookie("crieur_lang"); err == nil && phrases[cookie.Value] != nil {
		return cookie.Value
	}
	preferred, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(preferred) == 0 {
		return "fr"
	}
	if _, index, sure := matcher.Match(preferred...); sure != language.No && index == 1 {
		return "en"
	}
	return "fr"
}

// T is a phrase in the page's language.
func (v view) T(key string) string {
	if text, ok := phrases[v.Lang][key]; ok {
		return text
	}
	return key
}

// Other is the other language.
func (v view) Other() string {
	if v.Lang == "fr" {
		return "en"
	}
	return "fr"
}

// Problem is the message beside a field, "" where it is right.
func (v view) Problem(field string) string {
	at := slices.IndexFunc(v.Errors, func(p problem) bool { return p.Field == field })
	if at < 0 {
		return ""
	}
	return v.Errors[at].Message
}

// Urgencies and Moments are the choices of the form.
func (v view) Urgencies() []string { return urgencies[:] }

// Moments are what a photo may show.
func (v view) Moments() []string { return moments[:] }

func (v *view) reject(field, key string) {
	v.Errors = append(v.Errors, problem{Field: field, Message: v.T(key)})
}

// answer draws a page, or says the same to the telephone's queue.
func (v view) answer(w http.ResponseWriter, page string, status int) {
	if !v.json {
		v.draw(w, page, status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": v.Errors}) // or the telephone asks again
}

func (v view) draw(w http.ResponseWriter, page string, status int) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, page+".html", v); err != nil {
		http.Error(w, "page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// asset serves a script or the style sheet.
func (f *Form) asset(w http.ResponseWriter, r *http.Request, name string) {
	body, err := fs.ReadFile(files, path.Join("assets", path.Base(name)))
	if err != nil || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		kind = "text/javascript; charset=utf-8"
		w.Header().Set("Service-Worker-Allowed", f.base)
	}
	w.Header().Set("Content-Type", kind)
	if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body)
}
