package page

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/temoto/robotstxt"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// robotsAge is how long a robots.txt is trusted (RFC 9309 §2.4).
	robotsAge = 24 * time.Hour
	// robotsBytes is what must be read of it at least (§2.5).
	robotsBytes = 500 << 10
	// agent is our name in it, as at the head of our User-Agent.
	agent = "Crieur"
	// maxHosts bounds those remembered of one page.
	maxHosts = 4
)

// robots are the rules of the hosts that a page is on: of its own, and of one that
// it leads to.
type robots struct {
	sync.Mutex
	hosts map[string]rulesOf
}

type rulesOf struct {
	group *robotstxt.Group // nil allows all
	until time.Time
}

// allow reports whether an address may be read.
func (r *robots) allow(ctx context.Context, client source.Doer, page string, now time.Time) (bool, error) {
	host, path, err := hostOf(page)
	if err != nil {
		return false, events.Permanent(events.ReasonInvalidConfig, err)
	}
	r.Lock()
	defer r.Unlock()
	rules, known := r.hosts[host]
	if !known || now.After(rules.until) {
		group, err := ask(ctx, client, host)
		if err != nil {
			return false, err
		}
		rules = rulesOf{group, now.Add(robotsAge)}
		if r.hosts == nil || len(r.hosts) >= maxHosts {
			r.hosts = map[string]rulesOf{}
		}
		r.hosts[host] = rules
	}
	return rules.group == nil || rules.group.Test(path), nil
}

// ask reads the robots.txt of a host. One that is not there allows all; one that
// cannot be reached is an error: it may forbid all (RFC 9309 §2.3.1).
func ask(ctx context.Context, client source.Doer, host string) (*robotstxt.Group, error) {
	res, err := client.Do(ctx, fetch.Request{URL: host + "/robots.txt", MaxBytes: robotsBytes, Header: http.Header{"Accept": {"text/plain, */*;q=0.1"}}})
	if err != nil {
		switch events.OutcomeOf(err).Reason {
		case events.ReasonNotFound, events.ReasonUnauthorized, events.ReasonRejected, events.ReasonTooLarge:
			return nil, nil
		}
		return nil, err
	}
	rules, err := robotstxt.FromBytes(res.Body)
	if err != nil { // a page of error, most often
		return nil, nil
	}
	return rules.FindGroup(agent), nil
}
