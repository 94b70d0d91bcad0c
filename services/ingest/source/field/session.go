package field

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const cookieName = "crieur_terrain"

const (
	triesEach = 10 // of one client, then one each
	tryEvery  = 15 * time.Second
	// triesAll bounds all clients together: who has many addresses guesses no faster
	// than a code withstands, and locks no one out for long.
	triesAll    = 200
	tryAllEvery = time.Second
	maxClients  = 4096
)

// limiter lets burst tries pass, then one each so often.
type limiter struct {
	burst int
	every time.Duration
	used  float64
	last  time.Time
}

// usedAt is how much of the burst is used at a time.
func (l *limiter) usedAt(now time.Time) float64 {
	return max(0, l.used-float64(now.Sub(l.last))/float64(l.every))
}

func (l *limiter) allow(now time.Time) bool {
	l.used, l.last = l.usedAt(now), now
	if l.used+1 > float64(l.burst) {
		return false
	}
	l.used++
	return true
}

// tries bounds the codes that are tried, by client and altogether. A telephone that
// is signed in tries none.
type tries struct {
	mu      sync.Mutex
	all     limiter
	clients map[string]*limiter
}

func newTries() *tries {
	return &tries{all: limiter{burst: triesAll, every: tryAllEvery}, clients: map[string]*limiter{}}
}

func (t *tries) allow(client string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.clients) >= maxClients {
		maps.DeleteFunc(t.clients, func(_ string, l *limiter) bool { return l.usedAt(now) == 0 })
	}
	l := t.clients[client]
	if l == nil {
		l = &limiter{burst: triesEach, every: tryEvery}
		if len(t.clients) < maxClients {
			t.clients[client] = l
		}
	}
	return l.allow(now) && t.all.allow(now)
}

// forgive gives a client's try back: it was right.
func (t *tries) forgive(client string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.used = max(0, t.all.used-1)
	if l := t.clients[client]; l != nil {
		l.used = max(0, l.used-1)
	}
}

// client names who asks.
func (f *Form) client(r *http.Request) string {
	if f.deps.Client != nil {
		return f.deps.Client(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// code is an agent's secret, "" where it cannot be read or is too short.
func (f *Form) code(a Agent) string {
	code, err := f.deps.Secret(a.Code)
	if err != nil || utf8.RuneCountInString(code) < leastCode {
		return ""
	}
	return code
}

func (f *Form) byCode(given string) (Agent, bool) {
	sum := sha256.Sum256([]byte(given))
	var found Agent
	ok := false
	for _, a := range f.cfg.Agents { // all of them, so that time tells nothing
		code := f.code(a)
		want := sha256.Sum256([]byte(code))
		if code != "" && subtle.ConstantTimeCompare(sum[:], want[:]) == 1 && !ok {
			found, ok = a, true
		}
	}
	return found, ok
}

// seal signs a session with the code itself: a new code ends it.
func (f *Form) seal(a Agent, text string) string {
	key := sha256.Sum256([]byte("crieur terrain\n" + f.key + "\n" + f.code(a)))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (f *Form) remember(w http.ResponseWriter, r *http.Request, a Agent) {
	text := a.ID + "." + strconv.FormatInt(f.deps.Now().Add(f.cfg.Session).Unix(), 10)
	f.cookie(w, r, text+"."+f.seal(a, text), int(f.cfg.Session.Seconds()))
}

func (f *Form) forget(w http.ResponseWriter, r *http.Request) { f.cookie(w, r, "", -1) }

func (f *Form) cookie(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: f.base, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: f.secure(r),
	})
}

func (f *Form) secure(r *http.Request) bool {
	if f.deps.Secure != nil {
		return f.deps.Secure(r)
	}
	return r.TLS != nil
}

// agent is who is signed in.
func (f *Form) agent(r *http.Request) (Agent, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return Agent{}, false
	}
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 {
		return Agent{}, false
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || f.deps.Now().Unix() > until {
		return Agent{}, false
	}
	for _, a := range f.cfg.Agents {
		if a.ID == parts[0] && f.code(a) != "" && hmac.Equal([]byte(parts[2]), []byte(f.seal(a, parts[0]+"."+parts[1]))) {
			return a, true
		}
	}
	return Agent{}, false
}

func newID() string { return strings.ToLower(rand.Text()) }
