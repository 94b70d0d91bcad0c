package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/crieur/crieur/events/record"
)

// site serves the recorded input as the town and the State's services would, and posts
// the technical services' notices.
type site struct {
	listener net.Listener
	base     string
	started  time.Time
	hook     string // where notices are posted
	secret   string
	agenda   []event
	news     []article
	notices  []notice
}

func newSite(listener net.Listener, started time.Time, hook, secret string) (*site, error) {
	s := &site{listener: listener, base: "http://" + listener.Addr().String(), started: started, hook: hook, secret: secret}
	var err error
	if s.agenda, err = load[event]("agenda-albi.json"); err != nil {
		return nil, err
	}
	if s.news, err = load[article]("incubateur.json"); err != nil {
		return nil, err
	}
	if s.notices, err = load[notice]("voirie.json"); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	give := func(path, kind string, body func(r *http.Request) ([]byte, error)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			b, err := body(r)
			s.serve(w, r, kind, b, err)
		})
	}
	give("/v2/agendas/"+agendaUID+"/events", "application/json", func(r *http.Request) ([]byte, error) {
		// Without it, from the beginning.
		since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("updatedAt[gte]"))
		return agenda(s.agenda, s.started, since, time.Now())
	})
	give("/vigilance.xml", "application/cap+xml; charset=utf-8", func(*http.Request) ([]byte, error) { return alert(s.started) })
	give("/cartevigilance/encours", "application/json", func(*http.Request) ([]byte, error) { return vigilance(s.started) })
	give("/regulations.xml", "application/xml; charset=utf-8", func(*http.Request) ([]byte, error) { return order(s.started) })
	give("/jours-feries.ics", "text/calendar; charset=utf-8", func(*http.Request) ([]byte, error) { return holidays(time.Now()) })
	give("/actualites.json", "application/feed+json; charset=utf-8", func(*http.Request) ([]byte, error) { return news(s.news, s.base, s.started) })
	mux.HandleFunc("GET /actualites/{id}", s.page)
	return mux
}

// serve answers with an ETag, as a good site does.
func (s *site) serve(w http.ResponseWriter, r *http.Request, kind string, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(body)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	for _, a := range s.news {
		if a.ID == r.PathValue("id") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><html lang=fr><title>%[1]s</title><h1>%[1]s</h1>%[2]s", html.EscapeString(a.Title), a.HTML)
			return
		}
	}
	http.NotFound(w, r)
}

// Name implements run.Service.
func (s *site) Name() string { return "demo-site" }

// Run serves, and posts each notice at its moment, again at each start: the
// web hook knows them by their identifiers.
func (s *site) Run(ctx context.Context) error {
	srv := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	var posting sync.WaitGroup
	posting.Go(func() { s.post(ctx) })
	err := srv.Serve(s.listener)
	cancel()
	posting.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("demo: %w", err)
}

func (s *site) post(ctx context.Context) {
	from := time.Now()
	for _, n := range s.notices {
		due := from.Add(time.Duration(n.AfterSeconds) * time.Second)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(max(time.Until(due), 0)):
			}
			if s.send(ctx, n) == nil {
				break
			}
			// The listener may not be there yet.
			due = time.Now().Add(time.Second)
		}
	}
}

// send signs and posts one notice.
func (s *site) send(ctx context.Context, n notice) error {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	day := s.started.In(paris).AddDate(0, 0, n.StartsInDays)
	starts := time.Date(day.Year(), day.Month(), day.Day(), n.StartsAtHour, 0, 0, 0, paris)
	item := struct {
		ID string `json:"id"`
		record.Entry
	}{ID: n.ID, Entry: record.Entry{
		Title: n.Title, Body: n.Body, Published: s.started, Starts: starts, Ends: starts.Add(time.Duration(n.LastsHours) * time.Hour), Language: "fr",
		AllDay: n.AllDay, Place: n.Place, Variants: n.Variants,
	}}
	body, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("demo: notice %s: %w", n.ID, err)
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.hook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("demo: notice %s: %w", n.ID, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Crieur-Timestamp", stamp)
	req.Header.Set("Crieur-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("demo: notice %s: %w", n.ID, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("demo: notice %s: %s", n.ID, resp.Status)
	}
	return nil
}
