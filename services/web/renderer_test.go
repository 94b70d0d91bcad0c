package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/crieur/crieur/services/web"
)

func TestRenderEscapes(t *testing.T) {
	t.Parallel()
	body := get(t, newSite(t), "/hello/%3Cscript%3Ealert(1)%3C%2Fscript%3E").Body.String()
	if strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error("a name from outside reaches the page as markup")
	}
}

func TestRenderFragments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		whole   bool
		content bool
	}{
		{"browser", nil, true, true},
		{"htmx", []string{"HX-Request", "true"}, false, false},
		{"htmx boosted link", []string{"HX-Request", "true", "HX-Boosted", "true"}, true, true},
		{"htmx history", []string{"HX-Request", "true", "HX-History-Restore-Request", "true"}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := get(t, newSite(t), "/hello/x", c.headers...)
			body := answer.Body.String()
			if strings.Contains(body, "<!doctype") != c.whole || strings.Contains(body, "bonjours") != c.content || !strings.Contains(body, `<ul id="list">`) {
				t.Errorf("got %q", body)
			}
			if !strings.Contains(strings.Join(answer.Header().Values("Vary"), ","), "HX-Request") {
				t.Error("Vary lacks HX-Request")
			}
		})
	}
}

func TestFlashOnce(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	posted := do(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/flash", nil))
	cookie := posted.Result().Cookies()[0] //nolint:bodyclose // a recorder has no connection
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v", cookie)
	}
	shown := get(t, h, "/hello/x", "Cookie", cookie.Name+"="+cookie.Value)
	if !strings.Contains(shown.Body.String(), "C’est &lt;noté&gt;") {
		t.Error("the notice is not shown")
	}
	if cleared := shown.Header().Get("Set-Cookie"); !strings.Contains(cleared, "Max-Age=0") {
		t.Errorf("the notice is not cleared: %q", cleared)
	}
	part := get(t, h, "/hello/x", "Cookie", cookie.Name+"="+cookie.Value, "HX-Request", "true")
	if !strings.Contains(part.Body.String(), `hx-swap-oob="true"`) {
		t.Error("htmx is not given the notice")
	}
	forged := get(t, h, "/hello/x", "Cookie", cookie.Name+"=x"+cookie.Value)
	if strings.Contains(forged.Body.String(), "noté") {
		t.Error("a forged notice is shown")
	}
}

func TestNewRendererRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		templates fstest.MapFS
		phrases   fstest.MapFS
		want      string
	}{
		{"unknown text", fstest.MapFS{"a.html": {Data: []byte(`{{if .Data}}{{T "no.such"}}{{end}}`)}}, nil, `page "a": text key "no.such"`},
		{"text in an argument", fstest.MapFS{"a.html": {Data: []byte(`{{field .Form "x" (T "no.label")}}`)}}, nil, `"no.label"`},
		{"broken template", fstest.MapFS{"a.html": {Data: []byte(`{{if}}`)}}, nil, "a.html"},
		{"one language only", nil, fstest.MapFS{"fr.json": {Data: []byte(`{"x":"y"}`)}, "en.json": {Data: []byte(`{}`)}}, `en.json: key "x" is missing`},
		{"unknown plural form", nil, fstest.MapFS{"fr.json": {Data: []byte(`{"x":{"few":"y","other":"z"}}`)}, "en.json": {Data: []byte(`{"x":""}`)}}, `plural form "few"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := options()
			if c.phrases != nil {
				o.Catalogues = c.phrases
			}
			_, err := web.NewRenderer(c.templates, o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err %v, want %q", err, c.want)
			}
		})
	}
}

func TestConformityNeedsAnAudit(t *testing.T) {
	t.Parallel()
	audited := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		site web.Site
		ok   bool
	}{
		{"not audited", web.Site{Name: "x"}, true},
		{"claimed without audit", web.Site{Name: "x", Conformity: web.PartiallyConformant}, false},
		{"under half", web.Site{Name: "x", Conformity: web.PartiallyConformant, AuditedAt: audited, AuditRate: 0.49}, false},
		{"full with a gap", web.Site{Name: "x", Conformity: web.FullyConformant, AuditedAt: audited, AuditRate: 0.99}, false},
		{"partial", web.Site{Name: "x", Conformity: web.PartiallyConformant, AuditedAt: audited, AuditRate: 0.5}, true},
	} {
		o := options()
		o.Site = c.site
		if _, err := web.NewRenderer(nil, o); (err == nil) != c.ok {
			t.Errorf("%s: err %v", c.name, err)
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	page := get(t, h, "/hello/x").Body.String()
	for _, name := range []string{"crieur", "htmx.min", "htmx-ext-sse.min"} {
		_, after, found := strings.Cut(page, `"/assets/`+name+".")
		address, _, _ := strings.Cut("/assets/"+name+"."+after, `"`)
		answer := get(t, h, address)
		if !found || answer.Code != http.StatusOK || !strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", address, answer.Code, answer.Header())
		}
		if again := get(t, h, address, "If-None-Match", answer.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s again: %d, want 304", address, again.Code)
		}
	}
	if plain := get(t, h, "/assets/crieur.css"); plain.Header().Get("Cache-Control") != "no-cache" {
		t.Error("a plain name is cached for ever")
	}
	if get(t, h, "/assets/../renderer.go").Code == http.StatusOK || get(t, h, "/assets/nothing.css").Code != http.StatusNotFound {
		t.Error("serves what is not an asset")
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/console?x=1": "/console?x=1", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/", "/\t/evil": "/",
	} {
		if got := web.LocalPath(next, "/"); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", next, got, want)
		}
	}
}
