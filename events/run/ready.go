package run

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Component is one line of /readyz.
type Component struct {
	Name     string    `json:"name"`
	Ready    bool      `json:"ready"`
	State    string    `json:"state,omitempty"`    // waiting, starting, ready, unready, failed, stopped, done; of a service
	Reason   string    `json:"reason,omitempty"`   // why it is not ready
	Since    time.Time `json:"since,omitzero"`     // of the state
	Failures int       `json:"failures,omitempty"` // in a row
}

// Readiness is the body of /readyz.
type Readiness struct {
	Status     string      `json:"status"` // ready, unready or stopping
	Components []Component `json:"components"`
}

// Readiness returns the state of every component now.
func (g *Group) Readiness() Readiness {
	r := Readiness{Status: "ready", Components: []Component{}}
	for _, c := range g.checks {
		r.Components = append(r.Components, c.component())
	}
	for _, s := range g.services {
		r.Components = append(r.Components, s.status())
	}
	for _, c := range r.Components {
		if !c.Ready {
			r.Status = "unready"
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		r.Status = "stopping"
	}
	return r
}

func (c check) component() (out Component) {
	out.Name = c.name
	defer func() {
		if p := recover(); p != nil {
			out.Ready, out.Reason = false, fmt.Sprintf("its check panicked: %v", p)
		}
	}()
	err := c.ready()
	out.Ready = err == nil
	if err != nil {
		out.Reason = err.Error()
	}
	return out
}

// serveReady answers 200 when everything is ready, 503 otherwise.
func (g *Group) serveReady(w http.ResponseWriter, _ *http.Request) {
	r := g.Readiness()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.Status != "ready" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(r) // a client that went away is no error of ours
}

func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}
