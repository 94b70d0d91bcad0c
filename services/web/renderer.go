package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // dates are Paris's even where the system has no zones
)

//go:embed templates
var sharedTemplates embed.FS

//go:embed i18n
var sharedPhrases embed.FS

// Options of a Renderer. Key, Logger and Site.Name are required.
type Options struct {
	Surface    Surface // of pages that do not say; Portal by default
	Site       Site
	Key        []byte  // 32 random bytes or more, signs the flash cookie; the same on every replica
	Catalogues fs.FS   // the service's fr.json and en.json, added to the shared ones; optional
	Assets     *Assets // the service's own files for {{asset}}; optional
	Styles     []string
	Base       func(*http.Request) Page // chrome of the pages web draws itself (errors, statements); optional
	Funcs      template.FuncMap         // the service's own template functions; optional
	Location   *time.Location           // Europe/Paris by default
	Now        func() time.Time         // time.Now by default
	Logger     *slog.Logger
}

// Renderer draws pages. Immutable after NewRenderer, safe for concurrent use.
type Renderer struct {
	options   Options
	shared    *Assets
	styles    []string
	catalogue *Catalogue
	languages map[string]*languageSet
}

type languageSet struct {
	translator *Translator
	components *template.Template
	pages      map[string]lazyPage
}

// lazyPage makes a page at its first use: each has a copy of all that pages
// share, and most installations never show most of them.
type lazyPage func() (*template.Template, error)

// NewRenderer parses every *.html of templates: "queue.html" is page "queue", "alerts/new.html" is "alerts/new", and a
// file whose name begins with _ is a partial that every page may use. It refuses a template or a text key
// that is wrong, so that a test which only calls NewRenderer proves them.
func NewRenderer(templates fs.FS, o Options) (*Renderer, error) {
	if len(o.Key) < 32 || o.Logger == nil || o.Site.Name == "" {
		return nil, errors.New("web: renderer: want a key of 32 bytes, a logger and a site name")
	}
	if err := o.Site.check(); err != nil {
		return nil, err
	}
	if o.Surface == "" {
		o.Surface = Portal
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			return nil, fmt.Errorf("web: renderer: %w", err)
		}
		o.Location = paris
	}
	re := &Renderer{options: o, languages: map[string]*languageSet{}}
	if err := re.load(); err != nil {
		return nil, err
	}
	own, err := fs.Sub(sharedTemplates, "templates/pages")
	if err != nil {
		return nil, fmt.Errorf("web: renderer: %w", err)
	}
	for _, lang := range Languages() {
		set, err := re.parse(lang, own, templates)
		if err != nil {
			return nil, err
		}
		re.languages[lang] = set
	}
	return re, nil
}

func (re *Renderer) load() error {
	files, err := fs.Sub(sharedAssets, "assets")
	if err != nil {
		return fmt.Errorf("web: renderer: %w", err)
	}
	if re.shared, err = NewAssets(assetsPrefix, files); err != nil {
		return err
	}
	for _, name := range re.options.Styles {
		address, err := re.assetPath(name)
		if err != nil {
			return err
		}
		re.styles = append(re.styles, address)
	}
	phrases, err := fs.Sub(sharedPhrases, "i18n")
	if err != nil {
		return fmt.Errorf("web: renderer: %w", err)
	}
	sources := []fs.FS{phrases}
	if re.options.Catalogues != nil {
		sources = append(sources, re.options.Catalogues)
	}
	re.catalogue, err = NewCatalogue(sources...)
	return err
}

// assetPath looks in the service's files first.
func (re *Renderer) assetPath(name string) (string, error) {
	if re.options.Assets != nil {
		if address, err := re.options.Assets.Path(name); err == nil {
			return address, nil
		}
	}
	return re.shared.Path(name)
}

func (re *Renderer) parse(lang string, sources ...fs.FS) (*languageSet, error) {
	set := &languageSet{
		translator: &Translator{lang, re.catalogue, re.options.Location, re.options.Now},
		pages:      map[string]lazyPage{},
	}
	funcs := re.funcs(set)
	base, err := template.New("web").Funcs(funcs).Funcs(re.options.Funcs).ParseFS(sharedTemplates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	if set.components, err = base.Clone(); err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	var problems []error
	for _, source := range sources {
		if source == nil {
			continue
		}
		problems = append(problems, re.parsePages(base, source, set.pages, lang == Languages()[0]))
	}
	return set, errors.Join(problems...)
}

// parsePages adds one template set a page, the source's partials included. To
// tell what is wrong with them each is made once, in one language: the text is the
// same in all.
func (re *Renderer) parsePages(base *template.Template, source fs.FS, pages map[string]lazyPage, check bool) error {
	contents := map[string]string{}
	err := fs.WalkDir(source, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".html" {
			return err
		}
		content, err := fs.ReadFile(source, file)
		contents[file] = string(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("web: templates: %w", err)
	}
	withPartials, err := base.Clone()
	if err != nil {
		return fmt.Errorf("web: templates: %w", err)
	}
	for file, content := range contents {
		if isPartial(file) {
			if _, err := withPartials.New(file).Parse(content); err != nil {
				return fmt.Errorf("web: templates: %w", err)
			}
		}
	}
	var problems []error
	for file, content := range contents {
		if isPartial(file) {
			continue
		}
		name := strings.TrimSuffix(file, ".html")
		made := func() (*template.Template, error) {
			page, err := withPartials.Clone()
			if err == nil {
				_, err = page.New("content").Parse(content)
			}
			if err != nil {
				return nil, fmt.Errorf("web: template %s: %w", file, err)
			}
			return page, nil
		}
		pages[name] = sync.OnceValues(made)
		if !check {
			continue
		}
		if page, err := made(); err != nil {
			problems = append(problems, err)
		} else {
			problems = append(problems, checkKeys(name, page, re.catalogue))
		}
	}
	return errors.Join(problems...)
}

func isPartial(file string) bool { return strings.HasPrefix(path.Base(file), "_") }

// Render answers with a page. name may be "page#block": an htmx request then gets that block alone, anybody else the
// whole page. Without #block, htmx gets the page's content without the chrome. An error is logged and becomes page 500.
func (re *Renderer) Render(w http.ResponseWriter, r *http.Request, status int, name string, page Page) {
	page.Flash = append(re.takeFlash(w, r), page.Flash...)
	body, err := re.execute(r, name, page)
	if err != nil {
		re.options.Logger.ErrorContext(r.Context(), "render", "request", RequestID(r), "page", name, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	rememberLanguage(w, r)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Add("Vary", "HX-Request, Accept-Language, Cookie")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "private, no-cache")
		if page.User != nil {
			header.Set("Cache-Control", "no-store")
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the browser may be gone
}

func (re *Renderer) execute(r *http.Request, name string, page Page) ([]byte, error) {
	v := re.view(r, page)
	name, block, hasBlock := strings.Cut(name, "#")
	set := re.languages[v.Lang]
	made, ok := set.pages[name]
	if !ok {
		return nil, fmt.Errorf("web: page %q: no such template", name)
	}
	tmpl, err := made()
	if err != nil {
		return nil, err
	}
	entry := "layout"
	if v.Fragment {
		entry = "fragment"
	}
	if !v.Form.OK() && !(v.Fragment && hasBlock) {
		// The summary of errors precedes the fields whose labels it says.
		if err := tmpl.ExecuteTemplate(io.Discard, "content", v); err != nil {
			return nil, fmt.Errorf("web: page %q: %w", name, err)
		}
	}
	var b bytes.Buffer
	if v.Fragment && hasBlock {
		if err := tmpl.ExecuteTemplate(&b, block, v); err != nil {
			return nil, fmt.Errorf("web: page %q: %w", name, err)
		}
		entry = "flashes-out-of-band"
	}
	if err := tmpl.ExecuteTemplate(&b, entry, v); err != nil {
		return nil, fmt.Errorf("web: page %q: %w", name, err)
	}
	return b.Bytes(), nil
}

// Block draws one block of a page ("queue#row") in the request's language, for an event stream.
func (re *Renderer) Block(r *http.Request, name string, data any) (string, error) {
	name, block, ok := strings.Cut(name, "#")
	made, known := re.languages[requestLanguage(r)].pages[name]
	if !ok || !known {
		return "", fmt.Errorf("web: block %q: want page#block of a known page", name)
	}
	page, err := made()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := page.ExecuteTemplate(&b, block, data); err != nil {
		return "", fmt.Errorf("web: block %q: %w", name, err)
	}
	return b.String(), nil
}

// Translator speaks the language of a request.
func (re *Renderer) Translator(r *http.Request) *Translator {
	return re.languages[requestLanguage(r)].translator
}

// In speaks a given language, French when it is not one of Languages.
func (re *Renderer) In(lang string) *Translator {
	if set, ok := re.languages[lang]; ok {
		return set.translator
	}
	return re.languages[Languages()[0]].translator
}

// Base is the chrome of a page that a service has not described: Options.Base, or the bare site.
func (re *Renderer) Base(r *http.Request) Page {
	if re.options.Base == nil {
		return Page{}
	}
	return re.options.Base(r)
}
