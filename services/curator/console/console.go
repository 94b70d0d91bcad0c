package console

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/curator/account"
	"github.com/crieur/crieur/services/curator/desk"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/journal"
	"github.com/crieur/crieur/services/curator/openid"
	"github.com/crieur/crieur/services/curator/tally"
	"github.com/crieur/crieur/services/web"
)

//go:embed all:templates
var templateFiles embed.FS

//go:embed i18n
var phraseFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// AssetsPrefix is where the console's own files are.
const AssetsPrefix = "/assets/curator/"

// Config is what a Console is made with.
type Config struct {
	Key       []byte // 32 bytes: seals second factors, signs notices
	PublicURL string
	Site      web.Site
	Logger    *slog.Logger
	Clock     run.Clock
	// UndoWithin is how long what one officer approves can be taken back before
	// it leaves; 0: at once. Alerts and withdrawals never wait.
	UndoWithin time.Duration
	// OpenID is the issuer where officers may sign in too; nil: at none.
	OpenID *openid.Client
}

// Back is what the pages read and act on.
type Back struct {
	Registry    *registry.Registry
	NATS        *nats.Conn
	JetStream   jetstream.JetStream
	Emitter     *bus.Emitter
	Sessions    web.SessionStore
	Journal     *journal.Journal
	Desk        *desk.Desk
	Tally       *tally.Counter
	Authorities *registry.View[registry.Authority]
	Streams     *registry.View[registry.Stream]
	Sources     *registry.View[registry.Source]
	Health      *registry.View[registry.SourceHealth]
	Channels    *registry.View[registry.Channel]
	Officers    *registry.View[registry.Officer]
	Signs       *registry.View[registry.Sign]
	SignHealth  *registry.View[registry.SignHealth]
	AlertModels *registry.View[registry.AlertModel] // the authorities' own
	// Room tells why nothing is kept now: the disk is full. Letters are the
	// events that nobody could handle.
	Room    func() error
	Letters func() []bus.LetterCount
	// Abbreviations are the authorities' own.
	Abbreviations *registry.View[registry.Abbreviations]
	// ChannelHealth tells of providers that fail.
	ChannelHealth *registry.View[registry.ChannelHealth]
}

// Console is the officers' pages. It is safe for concurrent use.
type Console struct {
	cfg      Config
	renderer *web.Renderer
	assets   *web.Assets
	box      account.Box
	policy   *bluemonday.Policy
	back     atomic.Pointer[Back]
	live     broker
	byClient *web.Limiter
	byEmail  *web.Limiter
	trials   *web.Limiter
	hashing  chan struct{}
}

// The pace of sign-in attempts: ten at once, then one each half minute. That of
// an officer's trials of addresses: twelve at once, then one each ten seconds.
const (
	attempts      = 10
	attemptEvery  = 30 * time.Second
	attemptKeys   = 20_000
	hashesAtOnce  = 2
	trialsAtOnce  = 12
	trialEvery    = 10 * time.Second
	sessionCookie = "crieur_console"
)

// New parses the templates. Handler answers 503 until Open.
func New(cfg Config) (*Console, error) {
	c := &Console{
		cfg: cfg, policy: bluemonday.UGCPolicy(), hashing: make(chan struct{}, hashesAtOnce),
		byClient: web.NewLimiter(attempts, attemptEvery, attemptKeys), byEmail: web.NewLimiter(attempts, attemptEvery, attemptKeys),
		trials: web.NewLimiter(trialsAtOnce, trialEvery, attemptKeys),
	}
	c.live.listeners = map[string]map[chan struct{}]bool{}
	var err error
	if c.box, err = account.NewBox(cfg.Key); err != nil {
		return nil, err
	}
	sub := func(files fs.FS, dir string) fs.FS {
		f, subErr := fs.Sub(files, dir)
		if subErr != nil { // the folders are embedded above
			err = subErr
		}
		return f
	}
	templates, phrases, files := sub(templateFiles, "templates"), sub(phraseFiles, "i18n"), sub(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if c.assets, err = web.NewAssets(AssetsPrefix, files); err != nil {
		return nil, err
	}
	c.renderer, err = web.NewRenderer(templates, web.Options{
		Surface: web.Console, Site: cfg.Site, Key: cfg.Key, Catalogues: phrases, Assets: c.assets, Styles: []string{"console.css"},
		Now: cfg.Clock.Now, Logger: cfg.Logger, Funcs: template.FuncMap{
			"fields": func(form *web.Form, f sourceFields) formFields { return formFields{form, f} },
			"upper":  web.Capital,
			"takesIcon": func(n int) string {
				if n > 0 {
					return "check"
				}
				return "circle"
			},
		},
	})
	return c, err
}

// Open gives the pages what they read; until then, and after Close, they
// answer 503.
func (c *Console) Open(b *Back) { c.back.Store(b) }

// Close takes it back.
func (c *Console) Close() { c.back.Store(nil) }

// Watch tells the open pages of each item that changes.
func (c *Console) Watch() registry.ViewOption[item.Item] {
	return registry.OnChange(func(ch registry.Change[item.Item]) { c.Changed(ch.Key[0]) })
}

// Handler serves /console and the console's assets.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	c.assets.Mount(mux)
	mux.HandleFunc("GET /console/signin", c.open(c.signInPage))
	mux.HandleFunc("POST /console/signin", c.open(c.signIn))
	mux.HandleFunc("GET /console/signin/code", c.open(c.codePage))
	mux.HandleFunc("POST /console/signin/code", c.open(c.code))
	c.openIDRoutes(mux)
	mux.HandleFunc("GET "+linkPath+"{officer}/{token}", c.open(c.linkPage))
	mux.HandleFunc("POST "+linkPath+"{officer}/{token}", c.open(c.useLink))
	mux.HandleFunc("POST /console/signout", c.open(c.signOut))
	mux.HandleFunc("GET /console", c.open(c.home))
	mux.HandleFunc("GET /console/{$}", c.open(c.home))
	mux.HandleFunc("GET /console/account", c.open(c.personal(c.accountPage)))
	mux.HandleFunc("POST /console/account", c.open(c.personal(c.account)))
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request, *desktop){
		"GET /console/{authority}":                              c.queue,
		"GET /console/{authority}/live":                         c.events,
		"GET /console/{authority}/new":                          c.entryPage,
		"POST /console/{authority}/new":                         c.entry,
		"GET /console/{authority}/alert":                        c.crisisPage,
		"GET /console/{authority}/alert/{model}":                c.modelPage,
		"POST /console/{authority}/alert/{model}":               c.fromModel,
		"GET /console/{authority}/alert/{model}/edit":           c.modelEditPage,
		"POST /console/{authority}/alert/{model}/edit":          c.editModel,
		"GET /console/{authority}/calendar":                     c.calendar,
		"GET /console/{authority}/sources":                      c.sources,
		"GET /console/{authority}/sources/new":                  c.settingUp(c.addSourcePage),
		"POST /console/{authority}/sources/new":                 c.settingUp(c.addSource),
		"GET /console/{authority}/sources/{source}":             c.sourcePage,
		"POST /console/{authority}/sources/{source}":            c.settingUp(c.sourceAct),
		"GET /console/{authority}/sources/{source}/first":       c.firstPart,
		"GET /console/{authority}/streams":                      c.streams,
		"POST /console/{authority}/streams":                     c.settingUp(c.allStreams),
		"GET /console/{authority}/streams/new":                  c.settingUp(c.newStreamPage),
		"POST /console/{authority}/streams/new":                 c.settingUp(c.newStream),
		"GET /console/{authority}/streams/{stream}":             c.streamPage,
		"POST /console/{authority}/streams/{stream}":            c.settingUp(c.streamAct),
		"GET /console/{authority}/alarms":                       c.alarmsPage,
		"GET /console/{authority}/abbreviations":                c.settingUp(c.abbreviationsPage),
		"POST /console/{authority}/abbreviations":               c.settingUp(c.saveAbbreviations),
		"GET /console/{authority}/team":                         c.governing(c.team),
		"GET /console/{authority}/team/new":                     c.governing(c.invitePage),
		"POST /console/{authority}/team/new":                    c.governing(c.invite),
		"GET /console/{authority}/team/{officer}":               c.governing(c.memberPage),
		"POST /console/{authority}/team/{officer}":              c.governing(c.memberAct),
		"GET /console/{authority}/counter":                      c.counterPage,
		"POST /console/{authority}/counter":                     c.enrolResident,
		"GET /console/{authority}/journal":                      c.journal,
		"GET /console/{authority}/journal.csv":                  c.journalCSV,
		"GET /console/{authority}/items/{stream}/{id}":          c.itemPage,
		"POST /console/{authority}/items/{stream}/{id}":         c.itemAct,
		"GET /console/{authority}/items/{stream}/{id}/delivery": c.deliveryPart,
	} {
		mux.HandleFunc(pattern, c.open(c.within(h)))
	}
	mux.HandleFunc("/console/", func(w http.ResponseWriter, r *http.Request) { c.renderer.Error(w, r, http.StatusNotFound) })
	return mux
}

// request is a request with what its page works with.
type request struct {
	*Back
	t        *web.Translator
	sessions *web.Sessions
	clock    run.Clock
}

// open refuses politely before the service runs.
func (c *Console) open(h func(http.ResponseWriter, *http.Request, *request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		back := c.back.Load()
		if back == nil {
			w.Header().Set("Retry-After", "2")
			c.renderer.Error(w, r, http.StatusServiceUnavailable)
			return
		}
		sessions, err := web.NewSessions(back.Sessions, web.SessionOptions{Cookie: sessionCookie, Path: "/"})
		if err != nil {
			c.fail(w, r, err)
			return
		}
		h(w, r, &request{Back: back, t: c.renderer.Translator(r), sessions: sessions, clock: c.cfg.Clock})
	}
}

// part answers htmx with a block of a page.
func (c *Console) part(w http.ResponseWriter, r *http.Request, block string, data any) {
	html, err := c.renderer.Block(r, block, data)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(html)) // the browser may be gone
}

// fail logs what is wrong with us and says so.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	c.cfg.Logger.ErrorContext(r.Context(), "console", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	c.renderer.Error(w, r, http.StatusInternalServerError)
}
