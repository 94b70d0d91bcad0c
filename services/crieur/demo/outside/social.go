package outside

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// social answers as Mastodon's /api/v1/statuses and Slack's chat.* methods
// do, for what Crieur's channels ask of them.
type social struct {
	inbox *Inbox
	base  string // http://host:port, without a slash
	push  *devices

	mu   sync.Mutex
	next int64
	done map[string]string // Idempotency-Key → status id
}

func (s *social) routes() http.Handler {
	mux := http.NewServeMux()
	for _, version := range []string{"v1", "v2"} {
		mux.HandleFunc("GET /api/"+version+"/instance", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{"title": "outside", "configuration": map[string]any{"statuses": map[string]any{"max_characters": 500, "characters_reserved_per_url": 23}}})
		})
	}
	mux.HandleFunc("GET /api/v1/accounts/verify_credentials", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"id": "1", "username": "ville", "acct": "ville", "url": s.base + "/@ville"})
	})
	mux.HandleFunc("GET /api/v1/accounts/{id}/statuses", s.statuses)
	mux.HandleFunc("POST /api/v1/statuses", s.toot)
	mux.HandleFunc("PUT /api/v1/statuses/{id}", s.edit)
	mux.HandleFunc("DELETE /api/v1/statuses/{id}", s.remove)
	mux.HandleFunc("POST /slack/chat.postMessage", s.slackPost)
	mux.HandleFunc("POST /slack/chat.update", s.slackUpdate)
	mux.HandleFunc("POST /slack/chat.delete", s.slackDelete)
	mux.HandleFunc("POST /push/{device}", s.push.take)
	mux.HandleFunc("POST /slack/auth.test", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"ok": true, "team": "ville", "user": "crieur", "user_id": "U1", "team_id": "T1"})
	})
	return http.MaxBytesHandler(mux, 1<<20)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// The client that is gone does not read the rest.
	_ = json.NewEncoder(w).Encode(v)
}

// fields reads a JSON or a form body.
func fields(r *http.Request) map[string]string {
	out := map[string]string{}
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" || r.ParseForm() == nil && len(r.PostForm) > 0 {
		if r.ParseForm() == nil {
			for k := range r.PostForm {
				out[k] = r.PostForm.Get(k)
			}
		}
		return out
	}
	var doc map[string]any
	if json.NewDecoder(r.Body).Decode(&doc) == nil {
		for k, v := range doc {
			if text, ok := v.(string); ok {
				out[k] = text
			}
		}
	}
	return out
}

func (s *social) status(id, text string) map[string]any {
	return map[string]any{"id": id, "content": text, "text": text, "url": s.base + "/@ville/" + id, "uri": s.base + "/@ville/" + id, "created_at": time.Now().UTC().Format(time.RFC3339)}
}

func (s *social) toot(w http.ResponseWriter, r *http.Request) {
	f := fields(r)
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	id, again := s.done[key]
	if !again || key == "" {
		s.next++
		id = strconv.FormatInt(s.next, 10)
		s.done[key] = id
	}
	s.mu.Unlock()
	if !again || key == "" {
		s.inbox.add(Received{Kind: "mastodon", To: "@ville", Text: f["status"], Link: s.base + "/@ville/" + id, Key: id})
	}
	answer(w, s.status(id, f["status"]))
}

func (s *social) statuses(w http.ResponseWriter, _ *http.Request) {
	list := []map[string]any{}
	for _, got := range s.inbox.List("mastodon", 40) {
		if got.State != "deleted" {
			list = append(list, s.status(got.Key, got.Text))
		}
	}
	answer(w, list)
}

func (s *social) edit(w http.ResponseWriter, r *http.Request) {
	id, f := r.PathValue("id"), fields(r)
	if !s.inbox.change("mastodon", id, func(got *Received) { got.Text, got.State = f["status"], "edited" }) {
		http.Error(w, `{"error":"Record not found"}`, http.StatusNotFound)
		return
	}
	answer(w, s.status(id, f["status"]))
}

func (s *social) remove(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !s.inbox.change("mastodon", id, func(got *Received) { got.State = "deleted" }) {
		http.Error(w, `{"error":"Record not found"}`, http.StatusNotFound)
		return
	}
	answer(w, s.status(id, ""))
}

func (s *social) slackPost(w http.ResponseWriter, r *http.Request) {
	f := fields(r)
	s.mu.Lock()
	s.next++
	ts := fmt.Sprintf("%d.%06d", time.Now().Unix(), s.next)
	s.mu.Unlock()
	s.inbox.add(Received{Kind: "slack", To: f["channel"], Text: f["text"], Key: ts})
	answer(w, map[string]any{"ok": true, "channel": f["channel"], "ts": ts, "message": map[string]any{"text": f["text"]}})
}

func (s *social) slackUpdate(w http.ResponseWriter, r *http.Request) {
	f := fields(r)
	ok := s.inbox.change("slack", f["ts"], func(got *Received) { got.Text, got.State = f["text"], "edited" })
	answer(w, slackReply(ok, f))
}

func (s *social) slackDelete(w http.ResponseWriter, r *http.Request) {
	f := fields(r)
	ok := s.inbox.change("slack", f["ts"], func(got *Received) { got.State = "deleted" })
	answer(w, slackReply(ok, f))
}

func slackReply(ok bool, f map[string]string) map[string]any {
	if !ok {
		return map[string]any{"ok": false, "error": "message_not_found"}
	}
	return map[string]any{"ok": true, "channel": f["channel"], "ts": f["ts"], "text": f["text"]}
}
