package field

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/picture/picturetest"
	"github.com/crieur/crieur/services/ingest/source"
)

const code = "bleu-loutre-42"

// policy is the site's: nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// office serves a form and keeps what agents send.
type office struct {
	*httptest.Server
	form *Form

	mu      sync.Mutex
	now     time.Time
	code    string
	records []source.Record
	media   map[string][]byte
	refuse  bool   // the bus is away
	stuck   string // the title of an entry that is never taken
	down    bool   // no network
}

// Keep implements source.Media.
func (o *office) Keep(_ context.Context, f source.File) (record.Media, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := fmt.Sprintf("/media/%d.jpg", len(o.media))
	o.media[name] = f.Body
	if f.Type != "image/jpeg" {
		return record.Media{}, errors.New("not a JPEG")
	}
	return record.Media{URL: name, Type: f.Type, Bytes: int64(len(f.Body))}, nil
}

func (o *office) got() []source.Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]source.Record(nil), o.records...)
}

func newOffice(t *testing.T, settings string) *office {
	t.Helper()
	o := &office{now: time.Now().UTC(), code: code, media: map[string][]byte{}}
	form, err := New(source.Deps{
		Now: func() time.Time { o.mu.Lock(); defer o.mu.Unlock(); return o.now },
		Secret: func(reference string) (string, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			switch reference {
			case "voirie":
				return o.code, nil
			case "court":
				return "1234", nil
			}
			return "", errors.New("not set")
		},
		Media: o,
	}, source.Spec{Authority: "saint-aubin", ID: "terrain", Settings: []byte("authority: Ville de Saint-Aubin\ntopic: voirie\nagents:\n  - {id: sans, name: Sans code, code: absent}\n  - {id: court, name: Trop court, code: court}\n  - {id: voirie-1, name: Équipe voirie, code: voirie}\n" + settings)})
	if err != nil {
		t.Fatal(err)
	}
	o.form = form
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form.Serve(w, r, func(_ context.Context, records []source.Record) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.refuse || o.stuck != "" && records[0].Value.(record.Entry).Title == o.stuck {
				return errors.New("the bus is away")
			}
			o.records = append(o.records, records...)
			return nil
		})
	})
	mux := http.NewServeMux()
	mux.Handle("/terrain/{authority}/{source}", serve)
	mux.Handle("/terrain/{authority}/{source}/{file}", serve)
	mux.Handle("/hooks/{authority}/{source}", serve)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(os.DirFS("../../../web/assets"))))
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		down := o.down
		o.mu.Unlock()
		if down {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	}))
	o.Config.ErrorLog = nil
	t.Cleanup(o.Close)
	return o
}

// phone is an agent's, with its cookies.
type phone struct {
	*http.Client
	t    *testing.T
	base string
}

func (o *office) phone(t *testing.T) phone {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return phone{&http.Client{Jar: jar}, t, o.URL + o.form.base}
}

func (p phone) do(req *http.Request) (int, string) {
	p.t.Helper()
	res, err := p.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (p phone) get(path string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(req)
}

func (p phone) sign(values url.Values) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base, strings.NewReader(values.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

func (p phone) signIn() {
	p.t.Helper()
	if status, body := p.sign(url.Values{"code": {code}, "action": {"signin"}}); status != 200 || !strings.Contains(body, "Équipe voirie") {
		p.t.Fatalf("sign in: %d", status)
	}
}

// send posts the form, as the page does or as the queue does.
func (p phone) send(fields map[string]string, photo []byte, queue bool) (int, string) {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			p.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("photo", "IMG_0001.JPG")
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := part.Write(photo); err != nil {
		p.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base, &body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	if queue {
		req.Header.Set("Accept", "application/json")
	}
	return p.do(req)
}

func fields(change ...string) map[string]string {
	f := map[string]string{"id": "0123456789abcdef", "title": "Fuite d’eau", "place": "Rue des Érables", "lat": "44.8378", "lon": "-0.5792", "urgency": "Immediate"}
	for i := 0; i+1 < len(change); i += 2 {
		f[change[i]] = change[i+1]
	}
	return f
}

func TestAnEntryWithoutAScript(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	if status, body := p.get(""); status != 200 || !strings.Contains(body, `name="code"`) || strings.Contains(body, `name="title"`) {
		t.Errorf("before signing in: %d", status)
	}
	if status, _ := p.send(fields(), nil, false); status != 401 || len(o.got()) > 0 {
		t.Errorf("sent before signing in: %d", status)
	}
	p.signIn()
	status, body := p.send(fields("moment", "before", "text", "Trottoir inondé."), picturetest.Camera(t, 6), false)
	if status != 200 || !strings.Contains(body, "C’est envoyé.") {
		t.Errorf("%d %s", status, body)
	}
	records := o.got()
	if len(records) != 1 || records[0].Item != "voirie-1.0123456789abcdef" {
		t.Fatalf("%+v", records)
	}
	e := records[0].Value.(record.Entry)
	if e.Title != "Fuite d’eau" || e.Class != "service" || e.Urgency != "Immediate" || e.Topic != "voirie" || *e.Place.Lat != 44.8378 || e.Place.Name != "Rue des Érables" || e.Extra["agent"] != "voirie-1" || e.Extra["photo"] != "before" || len(e.Media) != 1 || e.Media[0].URL != "/media/0.jpg" || e.Media[0].Alt != "Fuite d’eau" || time.Since(e.Published) > time.Minute {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsWrongIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	p.signIn()
	for name, c := range map[string]struct {
		fields map[string]string
		photo  []byte
		field  string
		status int
	}{
		"no title":      {fields("title", " "), nil, "title", 422},
		"long title":    {fields("title", strings.Repeat("é", 161)), nil, "title", 422},
		"long text":     {fields("text", strings.Repeat("é", 5001)), nil, "text", 422},
		"no urgency":    {fields("urgency", ""), nil, "urgency", 422},
		"other urgency": {fields("urgency", "Now"), nil, "urgency", 422},
		"nowhere":       {fields("lat", "0", "lon", "0"), nil, "place", 422},
		"half a place":  {fields("lon", ""), nil, "place", 422},
		"no number":     {fields("lat", "NaN"), nil, "place", 422},
		"bad id":        {fields("id", "a b"), nil, "title", 422},
		"not a photo":   {fields(), []byte("GIF89a..."), "photo", 422},
		"cut photo":     {fields(), picturetest.Camera(t, 1)[:400], "photo", 422},
		"heavy photo":   {fields(), make([]byte, 8<<20+1), "photo", 422},
		"heavier photo": {fields(), make([]byte, 12<<20), "photo", 413},
	} {
		status, body := p.send(c.fields, c.photo, false)
		if status != c.status || !strings.Contains(body, `href="#f-`+c.field+`"`) || !strings.Contains(body, `id="f-`+c.field+`-error"`) || !strings.Contains(body, "role=\"alert\"") {
			t.Errorf("%s: %d\n%s", name, status, body)
		}
		if status == 422 && name != "no title" && name != "long title" && !strings.Contains(body, `value="Fuite d’eau"`) {
			t.Errorf("%s: what was typed is lost", name)
		}
		status, body = p.send(c.fields, c.photo, true)
		var answer struct{ Errors []problem }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != c.status || len(answer.Errors) == 0 || answer.Errors[0].Field != c.field {
			t.Errorf("%s: queue: %d %s", name, status, body)
		}
	}
	if len(o.got()) > 0 || len(o.media) > 0 {
		t.Errorf("published %+v", o.got())
	}
	o.mu.Lock()
	o.refuse = true
	o.mu.Unlock()
	if status, body := p.send(fields(), nil, false); status != 503 || !strings.Contains(body, "Réessayez") || !strings.Contains(body, `value="0123456789abcdef"`) {
		t.Errorf("the bus is away: %d", status)
	}
}

func TestTheQueueIsAnsweredInJSON(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	if status, body := p.send(fields(), nil, true); status != 401 || !strings.Contains(body, "session est finie") {
		t.Errorf("signed out: %d %s", status, body)
	}
	p.signIn()
	seen := o.now.Add(-3 * time.Hour).Truncate(time.Second)
	if status, body := p.send(fields("at", seen.Format(time.RFC3339)), nil, true); status != 201 || !strings.Contains(body, "0123456789abcdef") {
		t.Errorf("%d %s", status, body)
	}
	for _, at := range []string{o.now.Add(-60 * 24 * time.Hour).Format(time.RFC3339), o.now.Add(time.Hour).Format(time.RFC3339), "hier"} {
		if status, _ := p.send(fields("at", at), nil, true); status != 201 {
			t.Error(status)
		}
	}
	for i, r := range o.got() {
		if got := r.Value.(record.Entry).Published; i == 0 && !got.Equal(seen) || i > 0 && !got.Equal(o.now) {
			t.Errorf("entry %d at %s", i, got)
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "session: 24h")
	p := o.phone(t)
	signed := func() bool { _, body := p.get(""); return strings.Contains(body, `name="title"`) }
	for _, wrong := range []string{"", "bleu", "1234", code + "x"} {
		if status, _ := p.sign(url.Values{"code": {wrong}}); status != 422 || signed() {
			t.Errorf("%q: %d", wrong, status)
		}
	}
	p.signIn()
	if !signed() {
		t.Error("signed out at once")
	}
	home, err := url.Parse(p.base)
	if err != nil {
		t.Fatal(err)
	}
	good := p.Jar.Cookies(home)[0].Value
	if strings.Contains(good, code) {
		t.Error("the code is in the cookie")
	}
	for name, value := range map[string]string{
		"longer":        strings.Replace(good, ".", ".9", 1),
		"another agent": strings.Replace(good, "voirie-1", "court", 1),
		"no code":       strings.Replace(good, "voirie-1", "sans", 1),
		"cut":           good[:len(good)-3],
		"nonsense":      "x",
	} {
		p.Jar.SetCookies(home, []*http.Cookie{{Name: cookieName, Value: value, Path: home.Path}})
		if signed() {
			t.Errorf("%s: a forged session is taken", name)
		}
	}
	p.Jar.SetCookies(home, []*http.Cookie{{Name: cookieName, Value: good, Path: home.Path}})
	o.mu.Lock()
	o.code = "another-code-77"
	o.mu.Unlock()
	if signed() {
		t.Error("a new code does not end the session")
	}
	o.mu.Lock()
	o.code, o.now = code, o.now.Add(25*time.Hour)
	o.mu.Unlock()
	if signed() {
		t.Error("a session lasts longer than it should")
	}
	p.signIn()
	if status, _ := p.sign(url.Values{"action": {"signout"}}); status != 200 || signed() {
		t.Errorf("sign out: %d", status)
	}
}

// TestTheCookieIsSecure: by the connection, or as whoever looks through proxies
// says, never by a header that anybody may send.
func TestTheCookieIsSecure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		header string
		secure func(*http.Request) bool
		want   bool
	}{
		{"plain", "", nil, false},
		{"a header", "https", nil, false},
		{"a header that is not believed", "https", func(*http.Request) bool { return false }, false},
		{"behind a proxy", "", func(*http.Request) bool { return true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, "")
			o.form.deps.Secure = c.secure
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, o.form.base, strings.NewReader(url.Values{"code": {code}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.header != "" {
				r.Header.Set("X-Forwarded-Proto", c.header)
			}
			w := httptest.NewRecorder()
			o.form.Serve(w, r, nil)
			res := w.Result()
			_ = res.Body.Close()
			cookies := res.Cookies()
			if len(cookies) != 1 || cookies[0].Secure != c.want {
				t.Errorf("%v, Secure %v wanted", cookies, c.want)
			}
		})
	}
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	for range 10 {
		if status, _ := p.sign(url.Values{"code": {"faux-faux"}}); status != 422 {
			t.Errorf("%d", status)
		}
	}
	if status, _ := p.sign(url.Values{"code": {code}}); status != 429 {
		t.Errorf("the eleventh: %d", status)
	}
	o.mu.Lock()
	o.now = o.now.Add(16 * time.Second)
	o.mu.Unlock()
	p.signIn()
}

// TestOneGuesserLocksNoOneOut: tries are counted by client, and altogether only where
// they are many.
func TestOneGuesserLocksNoOneOut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	all := newTries()
	for n := range 50 {
		if got := all.allow("192.0.2.1", now); got != (n < triesEach) {
			t.Fatalf("try %d: %t", n+1, got)
		}
	}
	if !all.allow("192.0.2.2", now) {
		t.Error("another client is locked out")
	}
	passed := 0
	for n := range 2 * maxClients {
		if all.allow(fmt.Sprint("2001:db8::", n), now) {
			passed++
		}
	}
	if passed > triesAll || len(all.clients) > maxClients {
		t.Errorf("%d tries of many clients pass, %d are remembered", passed, len(all.clients))
	}
	if now = now.Add(time.Hour); !all.allow("192.0.2.1", now) || len(all.clients) > 1 {
		t.Errorf("an hour later, %d are remembered", len(all.clients))
	}
}

// TestPagesKeepThePolicy: no inline script or style, a label for every control,
// both languages whole.
func TestPagesKeepThePolicy(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	_, signin := p.get("")
	p.signIn()
	_, form := p.get("")
	_, english := p.get("?lang=en")
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\sstyle=|\son[a-z]+=`)
	controls := regexp.MustCompile(`<(?:input|select|textarea)[^>]*\sid="([^"]+)"`)
	for name, page := range map[string]string{"signin": signin, "form": form, "english": english} {
		if found := inline.FindString(page); found != "" {
			t.Errorf("%s: inline: %s", name, found)
		}
		for _, c := range controls.FindAllStringSubmatch(page, -1) {
			if !strings.Contains(page, `for="`+c[1]+`"`) {
				t.Errorf("%s: %s has no label", name, c[1])
			}
		}
		for _, need := range []string{`<html lang="`, "<h1>", `<main id="main"`, `class="skip"`, "<title>"} {
			if !strings.Contains(page, need) {
				t.Errorf("%s: lacks %s", name, need)
			}
		}
	}
	if !strings.Contains(english, "Is it urgent?") || strings.Contains(english, "Est-ce urgent") {
		t.Error("the English page is not English")
	}
	for key := range phrases["fr"] {
		if phrases["en"][key] == "" {
			t.Errorf("en.json lacks %s", key)
		}
	}
	if len(phrases["fr"]) != len(phrases["en"]) {
		t.Error("the catalogues differ")
	}
	used := regexp.MustCompile(`\.T "([a-z.]+)"|reject\("[a-z]+", "([a-z.]+)"\)|return nil, "([a-z.]+)"`)
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		names, err := fs.Glob(os.DirFS("."), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range used.FindAllStringSubmatch(string(text), -1) {
				if key := m[1] + m[2] + m[3]; phrases["fr"][key] == "" {
					t.Errorf("%s: no phrase %s", name, key)
				}
			}
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	p := o.phone(t)
	for path, want := range map[string]int{"/sw.js": 200, "/queue.js": 200, "/terrain.js": 200, "/terrain.css": 200, "/manifest.json": 200, "/fr.json": 404, "/..%2fi18n%2ffr.json": 404, "/layout.html": 404} {
		if status, body := p.get(path); status != want || status == 200 && body == "" {
			t.Errorf("%s: %d", path, status)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.URL+"/hooks/saint-aubin/terrain", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := p.do(req); status != 404 {
		t.Errorf("as a hook: %d", status)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"": "agents: required", "agents: [{id: A b, name: x, code: y}]": "agents: id: not a slug", "agents: [{id: a, name: x}]": "agents: a: name and code",
		"agents: [{id: a, name: x, code: y}, {id: a, name: z, code: y}]": "given twice", "agents: [{id: a, name: x, code: y}]\nsession: 1m": "session: is between",
		"agents: [{id: a, name: x, code: y}]\ntopic: A B": "topic: not a slug",
	} {
		if _, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", settings, err)
		}
	}
}
