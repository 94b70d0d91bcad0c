package curator_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/crypto/argon2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/events/run/clocktest"
	"github.com/crieur/crieur/services/curator"
	"github.com/crieur/crieur/services/curator/openid"
	"github.com/crieur/crieur/services/web"
)

const within = 30 * time.Second

// town is a curator at work for two authorities, on a bus of its own.
type town struct {
	t       *testing.T
	nc      *nats.Conn
	js      jetstream.JetStream
	reg     *registry.Registry
	emitter *bus.Emitter
	server  *httptest.Server
	service *curator.Service
	now     time.Time
	undo    time.Duration
	full    atomic.Bool // the disk
	openid  *openid.Config
	clock   *clocktest.Clock // of the service; nil: the system's
	log     io.Writer        // all of it; nil: the test's, warnings only
}

// room is what the bus would say of its disk.
func (w *town) room() error {
	if w.full.Load() {
		return errors.New("no space left on device")
	}
	return nil
}

const password = "le tambour du garde champêtre"

// passwordHash is password's at the least cost: most tests are about what comes
// after a sign-in.
var passwordHash = sync.OnceValue(func() string {
	salt := []byte("a salt of tests!")
	digest := argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=64,t=1,p=1$%s$%s", argon2.Version, encode(salt), encode(digest))
})

func newTown(t *testing.T, changes ...func(*town)) *town {
	t.Helper()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, bus.Ensure(t.Context(), js, bus.Options{}))
	reg, err := registry.Open(t.Context(), js)
	must(t, err)
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{})
	must(t, err)
	t.Cleanup(func() { _ = pub.Close() })
	w := &town{t: t, nc: nc, js: js, reg: reg, emitter: bus.NewEmitter(pub), now: time.Now().UTC().Truncate(time.Second), undo: -1}
	for _, change := range changes {
		change(w)
	}
	w.declare()
	w.start()
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *town) declare() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	for _, a := range []registry.Authority{
		{ID: "metropole", Name: "Bordeaux Métropole", Kind: registry.Intercommunity, INSEE: []string{"33039", "33063"}},
		{ID: "begles", Name: "Ville de Bègles", Kind: registry.Municipality, INSEE: []string{"33039"}, Parent: "metropole"},
	} {
		_, err := w.reg.Authorities.Put(ctx, a)
		must(t, err)
	}
	for _, s := range []registry.Source{
		{Authority: "begles", ID: "site", Name: "Site de la ville", Kind: "feed", URL: "https://begles.example/feed"},
		{Authority: "begles", ID: "pref", Name: "Préfecture", Kind: "cap", URL: "https://pref.example/cap", Trust: registry.TrustState},
		{Authority: "metropole", ID: "travaux", Name: "Travaux de la métropole", Kind: "feed", URL: "https://metropole.example/feed"},
	} {
		_, err := w.reg.Sources.Put(ctx, s)
		must(t, err)
	}
	for _, s := range []registry.Stream{
		{Authority: "begles", ID: "infos", Name: "Infos de Bègles", Channels: []string{"sms", "panneaux"}},
		{Authority: "begles", ID: "collecte", Name: "Collecte", Policy: registry.Automatic, Rule: registry.Rule{Topics: []string{"dechets"}}, Channels: []string{"sms"}},
	} {
		_, err := w.reg.Streams.Put(ctx, s)
		must(t, err)
	}
	for _, c := range []registry.Channel{{Authority: "begles", ID: "sms", Name: "SMS", Kind: "sms"}, {Authority: "begles", ID: "panneaux", Name: "Panneaux", Kind: "sign"}} {
		_, err := w.reg.Channels.Put(ctx, c)
		must(t, err)
	}
	all := []registry.Role{registry.OfficerRole, registry.Approver}
	for _, o := range []registry.Officer{
		{ID: "ana", Name: "Ana Lopez", Email: "ana@begles.example", Roles: map[string][]registry.Role{"begles": all}},
		{ID: "bob", Name: "Bob Martin", Email: "bob@begles.example", Roles: map[string][]registry.Role{"begles": all}},
		{ID: "com", Name: "Com Officer", Email: "com@begles.example", Roles: map[string][]registry.Role{"begles": {registry.OfficerRole}}},
		{ID: "stagiaire", Name: "Sam Stage", Email: "sam@begles.example", Roles: map[string][]registry.Role{"begles": {registry.Contributor}}},
		{ID: "eve", Name: "Eve Ailleurs", Email: "eve@metropole.example", Roles: map[string][]registry.Role{"metropole": all}},
	} {
		o.PasswordHash = passwordHash()
		must(t, curator.DeclareOfficer(ctx, w.reg, o, ""))
	}
}

// start runs the service and its listener; both stop with the test.
func (w *town) start() {
	t := w.t
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if w.log != nil {
		log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	var clock run.Clock
	if w.clock != nil {
		clock = w.clock
	}
	s, err := curator.New(run.Deps{NATS: w.nc, JetStream: w.js, Logger: log, Clock: clock}, curator.Config{KeysDir: filepath.Join(t.TempDir(), "keys"), PublicURL: "https://crieur.example", UndoWithin: w.undo, Room: w.room, OpenID: w.openid})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	eventstest.Eventually(t, func() bool { return s.Ready() == nil }, within, "the service is ready")
	mux := http.NewServeMux()
	for _, r := range s.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	errorPages, err := web.NewRenderer(nil, web.Options{Site: web.Site{Name: "Crieur"}, Key: make([]byte, 32), Logger: log})
	must(t, err)
	errorPages.Mount(mux)
	protected, err := web.Protect(mux, web.Protection{Logger: log, Errors: errorPages})
	must(t, err)
	w.server, w.service = httptest.NewServer(protected), s
	t.Cleanup(w.server.Close)
}

// message is a source's, valid, with what a test changes.
func (w *town) message(id string, change func(*events.Message)) events.Message {
	m := events.Message{
		ID: events.MessageID("begles", "site", id), Revision: 1, Authority: "begles", Source: "site", Status: events.StatusActual,
		MsgType: events.MsgAlert, Class: events.ClassService, Topic: "eau", Severity: events.SeverityMinor,
		Urgency: events.UrgencyExpected, Certainty: events.CertaintyLikely,
		Content: events.Content{Language: "fr", Title: "Coupure d’eau rue du Port", Text: "Mardi de 8 h à 12 h.", Instruction: "Faites une réserve d’eau."},
		Sent:    w.now, Expires: w.now.Add(24 * time.Hour), FetchedAt: w.now, CreatedAt: w.now,
		Origin: []events.Provenance{{Authority: "begles", Source: "site", Kind: "feed", RawID: "r"}},
	}
	m.Incident = m.ID
	if change != nil {
		change(&m)
	}
	m.Seq = events.MessageSeq(m.ID, fmt.Sprint(m.Revision))
	return m
}

func (w *town) emit(m events.Message) events.Message {
	w.t.Helper()
	must(w.t, w.emitter.Publish(w.t.Context(), m))
	return m
}

func pathOf(stream string, m events.Message) string {
	return "/console/begles/items/" + stream + "/" + events.PublicationID("begles", stream, m.ID)
}

// publications reads what is stored of a stream.
func (w *town) publications(stream string) []events.Publication {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), bus.StreamPublications)
	must(w.t, err)
	info, err := s.Info(w.t.Context())
	must(w.t, err)
	var list []events.Publication
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && info.State.Msgs > 0; seq++ {
		msg, err := s.GetMsg(w.t.Context(), seq)
		must(w.t, err)
		var p events.Publication
		must(w.t, json.Unmarshal(msg.Data, &p))
		if p.Stream == stream {
			list = append(list, p)
		}
	}
	return list
}

func (w *town) awaitPublications(stream string, n int) []events.Publication {
	w.t.Helper()
	eventstest.Eventually(w.t, func() bool { return len(w.publications(stream)) >= n }, within, fmt.Sprintf("%d publications on %s", n, stream))
	return w.publications(stream)
}

// browser is one person's, with cookies, that does not follow redirects.
type browser struct {
	w      *town
	client *http.Client
}

func (w *town) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser signed in.
func (w *town) as(officer string) *browser {
	w.t.Helper()
	b := w.browser()
	o, _, err := w.reg.Officers.Get(w.t.Context(), officer)
	must(w.t, err)
	if r := b.post("/console/signin", url.Values{"email": {o.Email}, "password": {password}}); r.status != http.StatusSeeOther {
		w.t.Fatalf("sign in of %s: %d", officer, r.status)
	}
	return b
}

type answer struct {
	status   int
	body     string
	location string
	header   http.Header
}

func (b *browser) do(r *http.Request) answer {
	b.w.t.Helper()
	res, err := b.client.Do(r)
	must(b.w.t, err)
	defer res.Body.Close() //nolint:errcheck // a test's
	body, err := io.ReadAll(res.Body)
	must(b.w.t, err)
	return answer{res.StatusCode, string(body), res.Header.Get("Location"), res.Header}
}

func (b *browser) get(path string) answer {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.w.server.URL+path, nil)
	must(b.w.t, err)
	return b.do(r)
}

func (b *browser) post(path string, values url.Values, header ...string) answer {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.server.URL+path, strings.NewReader(values.Encode()))
	must(b.w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.do(r)
}

// see waits until a page holds a text, and returns it.
func (b *browser) see(path, text string) string {
	b.w.t.Helper()
	var page string
	eventstest.Eventually(b.w.t, func() bool { page = b.get(path).body; return strings.Contains(page, text) }, within, path+" shows "+text)
	return page
}

var (
	inputRe    = regexp.MustCompile(`<input[^>]*\bname="([^"]+)"[^>]*>`)
	valueRe    = regexp.MustCompile(`\bvalue="([^"]*)"`)
	textareaRe = regexp.MustCompile(`(?s)<textarea[^>]*\bname="([^"]+)"[^>]*>(.*?)</textarea>`)
)

// form reads the fields of the page of an item as a browser would send them.
func (b *browser) form(path string) url.Values {
	b.w.t.Helper()
	r := b.get(path)
	if r.status != http.StatusOK {
		b.w.t.Fatalf("%s: %d", path, r.status)
	}
	values := url.Values{}
	for _, m := range inputRe.FindAllStringSubmatch(r.body, -1) {
		if strings.Contains(m[0], `type="checkbox"`) && !strings.Contains(m[0], " checked") {
			continue
		}
		value := ""
		if v := valueRe.FindStringSubmatch(m[0]); v != nil {
			value = unescape(v[1])
		}
		values.Add(m[1], value)
	}
	for _, m := range textareaRe.FindAllStringSubmatch(r.body, -1) {
		values.Add(m[1], unescape(m[2]))
	}
	return values
}

func unescape(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&#43;", "+").Replace(s)
}

// press sends the form of an item's page by one of its buttons.
func (b *browser) press(path, do string, change ...string) answer {
	b.w.t.Helper()
	values := b.form(path)
	values.Set("do", do)
	for i := 0; i+1 < len(change); i += 2 {
		values.Set(change[i], change[i+1])
	}
	return b.post(path, values)
}
