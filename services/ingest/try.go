package ingest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/page"
)

// A Trial is what an address would give if it were a source.
type Trial struct {
	Kind string
	// Name is what the source calls itself, "" when it does not say.
	Name string
	// URL is the address to configure: the one given, or what it leads to.
	URL     string
	Records []source.Record
	// Interval is how often it would be asked.
	Interval source.Interval

	kind source.Kind
}

const (
	// maxLeads bounds the feeds of a page that are tried.
	maxLeads = 5
	// maxTitle is the length of a source's own title, in characters.
	maxTitle = 200
	// trialName stands for the authority and the source that are none yet.
	trialName = "essai"
)

// Try guesses the kind of source at an address, reads it once and returns what
// would come. A page leads to the feeds it names; one that names none that can be
// read is itself a source, where it has an article. Nothing is published or kept.
// The error of an address that is no source has events.ReasonUnsupported.
func Try(ctx context.Context, cfg Config, address string) (*Trial, error) {
	client, err := fetch.New(cfg.Fetch)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return try(ctx, trialDeps(cfg, client, func() time.Time { return time.Now().UTC() }), address)
}

// trialDeps gives a connector nothing to remember with and nowhere to be pushed to.
func trialDeps(cfg Config, client source.Doer, now func() time.Time) source.Deps {
	return source.Deps{HTTP: client, Now: now, Secret: cfg.Secret}
}

func try(ctx context.Context, deps source.Deps, address string) (*Trial, error) {
	once := &again{Doer: deps.HTTP}
	defer once.release()
	deps.HTTP = once
	address = web(address)
	res, err := deps.HTTP.Do(ctx, fetch.Request{URL: address})
	if err != nil {
		return nil, err
	}
	if kind, ok := guess(res); ok {
		return read(ctx, deps, kind, res)
	}
	var first error
	for _, lead := range leads(res) {
		next, err := deps.HTTP.Do(ctx, fetch.Request{URL: lead})
		if err != nil {
			first = errors.Join(first, err)
			continue
		}
		if kind, ok := guess(next); ok {
			trial, err := read(ctx, deps, kind, next)
			if err == nil && trial.Name == "" {
				trial.Name = pageTitle(res)
			}
			return trial, err
		}
	}
	if isPage(res) {
		trial, err := read(ctx, deps, page.Kind(), res)
		if err == nil {
			trial.Name = pageTitle(res)
			return trial, nil
		}
		first = errors.Join(first, err)
	}
	return nil, events.Permanent(events.ReasonUnsupported, errors.Join(errors.New(fetch.Redact(address)+": no kind of source is recognised there"), first))
}

// web makes of an address as people copy it one that can be asked.
func web(address string) string {
	address = strings.TrimPrefix(strings.TrimSpace(address), "feed:")
	address = strings.TrimPrefix(address, "//")
	scheme, rest, ok := strings.Cut(address, "://")
	switch {
	case !ok:
		return "https://" + address
	case scheme == "webcal" || scheme == "webcals" || scheme == "feed":
		return "https://" + rest
	}
	return address
}

// again gives the answer that an address was guessed from to the connector that
// reads it: a trial asks no address twice.
type again struct {
	source.Doer
	last *fetch.Response
}

// Do implements source.Doer. A trial is one goroutine.
func (a *again) Do(ctx context.Context, req fetch.Request) (*fetch.Response, error) {
	plain := req.Method == "" && req.Header == nil && req.ETag == "" && req.LastModified == ""
	if last := a.last; plain && last != nil && last.FinalURL == req.URL {
		return last, nil
	}
	if a.last != nil {
		a.last.Release()
		a.last = nil
	}
	res, err := a.Doer.Do(ctx, req)
	if err == nil {
		a.last = res
	}
	return res, err
}

func (a *again) release() {
	if a.last != nil {
		a.last.Release()
	}
}

func guess(res *fetch.Response) (source.Kind, bool) {
	kinds := Kinds()
	at := slices.IndexFunc(kinds, func(k source.Kind) bool { return k.Guess != nil && k.Guess(res) })
	if at < 0 {
		return source.Kind{}, false
	}
	return kinds[at], true
}

func read(ctx context.Context, deps source.Deps, kind source.Kind, res *fetch.Response) (*Trial, error) {
	trial := &Trial{Kind: kind.Name, URL: res.FinalURL, Interval: kind.Interval, kind: kind}
	if kind.Title != nil {
		trial.Name = cutTitle(kind.Title(res))
	}
	made, err := kind.New(deps, source.Spec{Authority: trialName, ID: trialName, Kind: kind.Name, URL: res.FinalURL})
	if err != nil {
		return nil, err
	}
	src, ok := made.(source.Source)
	if !ok {
		return nil, events.Permanent(events.ReasonUnsupported, errors.New(kind.Name+": is pushed to, not read"))
	}
	trial.Records, _, err = src.Fetch(ctx, source.Cursor{})
	if err != nil {
		return nil, err
	}
	return trial, nil
}

func isPage(res *fetch.Response) bool {
	return strings.Contains(res.ContentType, "html") || strings.HasPrefix(http.DetectContentType(res.Body), "text/html")
}

// leads are the feeds that a page names in its head.
func leads(res *fetch.Response) []string {
	base, err := url.Parse(res.FinalURL)
	if err != nil {
		return nil
	}
	text, _ := fetch.UTF8(res.Body, res.ContentType)
	var found []string
	z := html.NewTokenizer(bytes.NewReader(text))
	for len(found) < maxLeads {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := z.Token()
		if token.Data != "link" {
			continue
		}
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		feed := strings.Contains(attr["type"], "rss") || strings.Contains(attr["type"], "atom") || strings.Contains(attr["type"], "feed+json") || strings.Contains(attr["type"], "cap+xml")
		if !slices.Contains(strings.Fields(attr["rel"]), "alternate") || !feed {
			continue
		}
		if u, err := base.Parse(attr["href"]); err == nil {
			found = append(found, u.String())
		}
	}
	return found
}

// pageTitle is what a page calls itself.
func pageTitle(res *fetch.Response) string {
	text, _ := fetch.UTF8(res.Body, res.ContentType)
	z := html.NewTokenizer(bytes.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken:
			if name, _ := z.TagName(); string(name) == "title" && z.Next() == html.TextToken {
				return cutTitle(string(z.Text()))
			}
		}
	}
}

func cutTitle(s string) string {
	runes := []rune(strings.Join(strings.Fields(html.UnescapeString(s)), " "))
	return string(runes[:min(len(runes), maxTitle)])
}
