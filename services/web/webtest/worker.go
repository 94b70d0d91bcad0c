package webtest

import (
	"encoding/json"
	"strings"
	"time"
)

// Grant answers yes, beforehand, to what pages of an origin ask the person for,
// such as "notifications".
func (b *Browser) Grant(origin string, permissions ...string) {
	b.t.Helper()
	b.call(nil, "Browser.grantPermissions", map[string]any{"origin": origin, "permissions": permissions})
}

// Before runs a script in every page opened from now on, before its own.
func (b *Browser) Before(script string) {
	b.t.Helper()
	b.call(nil, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script})
}

// Until waits for an expression, or its promise, to be true. Pages may follow
// one another meanwhile.
func (b *Browser) Until(condition string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		body, err := b.try("Runtime.evaluate", map[string]any{"expression": condition, "awaitPromise": true, "returnByValue": true})
		var r struct {
			Result struct{ Value json.RawMessage }
		}
		if err == nil && json.Unmarshal(body, &r) == nil && string(r.Result.Value) == "true" {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("browser: not in %s: %s", patience, condition)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Push gives the service worker of a scope what a push service would bring it.
func (b *Browser) Push(origin, scope, data string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for b.worker(scope) == "" {
		if time.Now().After(deadline) {
			b.t.Fatalf("browser: no service worker at %s in %s", scope, patience)
		}
		<-time.After(10 * time.Millisecond)
	}
	b.call(nil, "ServiceWorker.deliverPushMessage", map[string]any{"origin": origin, "registrationId": b.worker(scope), "data": data})
}

func (b *Browser) worker(scope string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for address, id := range b.workers {
		if strings.HasSuffix(address, scope) {
			return id
		}
	}
	return ""
}

// registered notes the service workers that the browser tells of. b.mu is held.
func (b *Browser) registered(params json.RawMessage) {
	var p struct {
		Registrations []struct{ RegistrationID, ScopeURL string }
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	for _, r := range p.Registrations {
		b.workers[r.ScopeURL] = r.RegistrationID
	}
}
