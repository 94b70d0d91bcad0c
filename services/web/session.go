package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrNoSession means that nobody is signed in: no cookie, or a session unknown, idle too long or over.
var ErrNoSession = errors.New("web: no session")

// ErrSessionChanged is a SessionStore's: what was to be written over is no longer there.
var ErrSessionChanged = errors.New("web: session: changed since it was read")

// Session is what the server remembers of somebody signed in. Times are UTC.
type Session struct {
	Subject   string            `json:"subject"` // the officer's or subscriber's ID; never a name or an address
	Values    map[string]string `json:"values,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	SeenAt    time.Time         `json:"seen_at"`
	ExpiresAt time.Time         `json:"expires_at"`

	key      string
	revision uint64 // of what the store has; 0 for a new one
}

// SessionStore keeps sessions. Keys are "<subject hash>.<token hash>", so that a copy of the store opens no session.
// Get returns ErrNoSession for an unknown key. Put keeps a new session, or one that Get returned: ErrSessionChanged
// where that was written or deleted since. A Delete key may end in ".*": all the sessions of a subject.
type SessionStore interface {
	Get(ctx context.Context, key string) (Session, error)
	Put(ctx context.Context, key string, s Session) error
	Delete(ctx context.Context, key string) error
}

// SessionOptions are those of one surface.
type SessionOptions struct {
	Cookie   string        // name, "crieur_console"
	Path     string        // where the cookie is sent, "/console"; "/" by default
	Lifetime time.Duration // from sign-in, whatever the activity; 12 h by default
	Idle     time.Duration // without a request; 1 h by default
}

// Sessions signs people in and out. Safe for concurrent use.
type Sessions struct {
	store   SessionStore
	options SessionOptions
}

// touchEvery bounds the writes that activity alone costs.
const touchEvery = time.Minute

// NewSessions validates and does no I/O.
func NewSessions(store SessionStore, o SessionOptions) (*Sessions, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Lifetime == 0 {
		o.Lifetime = 12 * time.Hour
	}
	if o.Idle == 0 {
		o.Idle = time.Hour
	}
	if store == nil || o.Cookie == "" || o.Lifetime < 0 || o.Idle < 0 {
		return nil, errors.New("web: sessions: want a store, a cookie name and positive durations")
	}
	return &Sessions{store, o}, nil
}

// Get returns the session of a request, or ErrNoSession.
func (s *Sessions) Get(r *http.Request) (Session, error) {
	key, ok := s.key(r)
	if !ok {
		return Session{}, ErrNoSession
	}
	session, err := s.store.Get(r.Context(), key)
	if err != nil {
		return Session{}, err
	}
	now := time.Now().UTC()
	if !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) >= s.options.Idle {
		return Session{}, errors.Join(ErrNoSession, s.store.Delete(r.Context(), key))
	}
	session.key = key
	if now.Sub(session.SeenAt) >= touchEvery {
		session.SeenAt = now
		err = s.store.Put(r.Context(), key, session)
		if errors.Is(err, ErrSessionChanged) { // by another request of its own, or it was ended
			session, err = s.store.Get(r.Context(), key)
			session.key = key
		}
		return session, err
	}
	return session, nil
}

// SignIn opens a new session for subject under a new token, and ends the one the request came with: a token
// known before sign-in is worth nothing after it (session fixation, OWASP ASVS 3.2.1).
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, subject string, values map[string]string) (Session, error) {
	if subject == "" {
		return Session{}, errors.New("web: sign in: subject is empty")
	}
	if old, ok := s.key(r); ok {
		if err := s.store.Delete(r.Context(), old); err != nil {
			return Session{}, fmt.Errorf("web: sign in: %w", err)
		}
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand aborts the program instead
	token := subjectHash(subject) + "." + base64.RawURLEncoding.EncodeToString(secret)
	key, _ := sessionKey(token)
	now := time.Now().UTC()
	session := Session{
		Subject: subject, Values: values,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.options.Lifetime), key: key,
	}
	if err := s.store.Put(r.Context(), key, session); err != nil {
		return Session{}, fmt.Errorf("web: sign in: %w", err)
	}
	s.setCookie(w, r, token, int(s.options.Lifetime.Seconds()))
	return session, nil
}

// SignOut ends the session of the request; nothing to end is no error.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	s.setCookie(w, r, "", -1)
	if key, ok := s.key(r); ok {
		return s.store.Delete(r.Context(), key)
	}
	return nil
}

// Revoke ends every session of a subject: role withdrawn, password changed, person erased.
func (s *Sessions) Revoke(ctx context.Context, subject string) error {
	return s.store.Delete(ctx, subjectHash(subject)+".*")
}

func (s *Sessions) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAgeSeconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.options.Cookie, Value: value, Path: s.options.Path, MaxAge: maxAgeSeconds,
		HttpOnly: true, Secure: IsSecure(r), SameSite: http.SameSiteLaxMode,
	})
}

func (s *Sessions) key(r *http.Request) (string, bool) {
	cookie, err := r.Cookie(s.options.Cookie)
	if err != nil {
		return "", false
	}
	return sessionKey(cookie.Value)
}

// sessionKey turns a cookie into a store key; a malformed cookie is refused before it reaches the store.
func sessionKey(token string) (string, bool) {
	subject, secret, ok := strings.Cut(token, ".")
	if _, err := hex.DecodeString(subject); !ok || err != nil || len(subject) != 32 || len(secret) != 43 {
		return "", false
	}
	sum := sha256.Sum256([]byte(token))
	return subject + "." + hex.EncodeToString(sum[:]), true
}

func subjectHash(subject string) string {
	sum := sha256.Sum256([]byte("crieur session " + subject))
	return hex.EncodeToString(sum[:16])
}
