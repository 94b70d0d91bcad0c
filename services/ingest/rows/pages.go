package rows

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// maxPages bounds one reading, whatever next links say.
const maxPages = 200

// Pages asks for req and for the pages after it, one after the other through the
// runner's politeness. visit reads a page and gives the address of the next, ""
// at the end; an address on another host is refused, since headers may be secret.
//
// It returns source.ErrUnchanged when all pages are what they were. One page is
// asked for conditionally; where there are several, a change on the second would
// hide behind an unchanged first, so that all are asked for and compared.
func Pages(ctx context.Context, deps source.Deps, req fetch.Request, cur *source.Cursor, visit func(res *fetch.Response) (next string, err error)) error {
	before := cur.Body
	res, err := source.Get(ctx, deps, req, cur)
	if err != nil {
		return err
	}
	sum := xxhash.New()
	asked := map[string]bool{req.URL: true}
	for page := 1; ; page++ {
		_, _ = sum.Write(res.Body)
		next, err := visit(res)
		if err != nil {
			return err
		}
		if next == "" {
			if page > 1 {
				cur.ETag, cur.LastModified = "", ""
				if cur.Body = max(sum.Sum64(), 1); cur.Body == before {
					return source.ErrUnchanged
				}
			}
			return nil
		}
		if next, err = Beside(req.URL, next); err != nil {
			return source.Invalid(res, err)
		}
		if page >= maxPages || asked[next] {
			return source.Invalid(res, fmt.Errorf("page %d: its next page was read already, or is one too many", page))
		}
		asked[next] = true
		if res, err = source.GetAll(ctx, deps, next, req.Header); err != nil {
			return err
		}
	}
}

// Beside makes a link absolute, on the same host only. Portals behind a proxy write http for https.
func Beside(from, next string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", errors.New("address cannot be read")
	}
	u, err := base.Parse(strings.TrimSpace(next))
	if err != nil || !strings.EqualFold(u.Hostname(), base.Hostname()) {
		return "", errors.New("next page: is on another host")
	}
	u.Scheme, u.Host, u.User = base.Scheme, base.Host, base.User
	return u.String(), nil
}

// WithQuery adds parameters to an address; those it has already are replaced.
// A value "" removes one.
func WithQuery(raw string, pairs ...string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", events.Permanentf(events.ReasonInvalidConfig, "url: cannot be read")
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
