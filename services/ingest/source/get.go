package source

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/cespare/xxhash/v2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
)

// Get asks for req on condition that it changed since cur, and notes in cur what
// to remember. It returns [ErrUnchanged] for a 304 and for a body equal to the
// last one, before anything is parsed.
//
// A permanent redirect is remembered; where the new address fails with 404 or
// 410, the one of the configuration is asked again. One to another origin is not
// where the request has headers beside Accept: they may be secret, and without
// them the configured address alone knows where to go.
func Get(ctx context.Context, deps Deps, req fetch.Request, cur *Cursor) (*fetch.Response, error) {
	req.ETag, req.LastModified = cur.ETag, cur.LastModified
	configured := req.URL
	if cur.MovedTo != "" && !mayMove(req, cur.MovedTo) {
		cur.MovedTo = ""
	}
	req.URL = cmp.Or(cur.MovedTo, configured)
	res, err := deps.HTTP.Do(ctx, req)
	if err != nil && cur.MovedTo != "" && events.OutcomeOf(err).Reason == events.ReasonNotFound {
		req.URL, cur.MovedTo = configured, ""
		res, err = deps.HTTP.Do(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	if res.PermanentURL != "" && mayMove(req, res.PermanentURL) {
		cur.MovedTo = res.PermanentURL
	}
	cur.ETag, cur.LastModified = res.ETag, res.LastModified
	if res.NotModified {
		return nil, ErrUnchanged
	}
	sum := max(xxhash.Sum64(res.Body), 1)
	if sum == cur.Body {
		return nil, ErrUnchanged
	}
	cur.Body = sum
	return res, nil
}

// mayMove reports whether req may be sent to another address as it is.
func mayMove(req fetch.Request, to string) bool {
	if len(req.Header) == 0 || len(req.Header) == 1 && req.Header.Get("Accept") != "" {
		return true
	}
	a, err := url.Parse(req.URL)
	b, err2 := url.Parse(to)
	return err == nil && err2 == nil && a.Scheme == b.Scheme && a.Host == b.Host
}

// GetAll asks without condition, for a document that is part of another.
func GetAll(ctx context.Context, deps Deps, url string, header http.Header) (*fetch.Response, error) {
	res, err := deps.HTTP.Do(ctx, fetch.Request{URL: url, Header: header})
	if err != nil {
		return nil, err
	}
	if res.NotModified {
		return nil, events.Transient(events.ReasonInvalidContent, errors.New(fetch.Redact(url)+": answered 304 to an unconditional request"), 0)
	}
	return res, nil
}
