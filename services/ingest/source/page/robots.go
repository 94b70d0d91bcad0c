package page

import (
	"context"
	"net/http"
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
)

type verdict struct {
	allowed bool
	until   time.Time
}

// ask reads the robots.txt of a page's host. One that is not there allows all;
// one that cannot be reached is an error: it may forbid all (RFC 9309 §2.3.1).
func ask(ctx context.Context, client source.Doer, page string) (verdict, error) {
	host, path, err := hostOf(page)
	if err != nil {
		return verdict{}, events.Permanent(events.ReasonInvalidConfig, err)
	}
	res, err := client.Do(ctx, fetch.Request{URL: host + "/robots.txt", MaxBytes: robotsBytes, Header: http.Header{"Accept": {"text/plain, */*;q=0.1"}}})
	if err != nil {
		switch events.OutcomeOf(err).Reason {
		case events.ReasonNotFound, events.ReasonUnauthorized, events.ReasonRejected, events.ReasonTooLarge:
			return verdict{allowed: true}, nil
		}
		return verdict{}, err
	}
	rules, err := robotstxt.FromBytes(res.Body)
	if err != nil { // a page of error, most often
		return verdict{allowed: true}, nil
	}
	return verdict{allowed: rules.TestAgent(path, agent)}, nil
}
