package cap

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the host may lack the table

	"github.com/cespare/xxhash/v2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/xmltext"
)

// Name is the kind's name.
const Name = "cap"

// maxFollowed bounds the alerts fetched at one turn.
const maxFollowed = 100

// Config is the connector's configuration; see example.yaml.
type Config struct {
	URL      string `yaml:"url"`
	TimeZone string `yaml:"time_zone"`
	// Certificates are those, in PEM, that sign the alerts, or issue those that do.
	Certificates string `yaml:"certificates"`
	// Signed refuses an alert without a valid signature.
	Signed bool `yaml:"signed"`
}

// Alerts is an alert or an index of alerts at an address.
type Alerts struct {
	url  string
	zone *time.Location
	deps source.Deps

	trusted []*x509.Certificate
	signed  bool
}

var _ source.Source = (*Alerts)(nil)

// Kind describes the connector. Alerts are asked for often.
func Kind() source.Kind {
	return source.Kind{
		Name:     Name,
		New:      func(deps source.Deps, spec source.Spec) (any, error) { return New(deps, spec) },
		Interval: source.Interval{Least: time.Minute, Usual: 2 * time.Minute, Most: 5 * time.Minute},
		Guess:    func(res *fetch.Response) bool { return Looks(res.Body, res.ContentType) },
		Title:    func(res *fetch.Response) string { return xmltext.Title(res.Body, res.ContentType) },
	}
}

// New validates the configuration.
func New(deps source.Deps, spec source.Spec) (*Alerts, error) {
	cfg := Config{TimeZone: "Europe/Paris"}
	if err := source.Decode(Name, spec.Settings, &cfg); err != nil {
		return nil, err
	}
	cfg.URL = cmp.Or(cfg.URL, spec.URL)
	if err := source.CheckURL("cap: url", cfg.URL); err != nil {
		return nil, err
	}
	zone, err := deps.Zones.Load(cfg.TimeZone)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "cap: time_zone: %q is not a time zone", cfg.TimeZone)
	}
	a := &Alerts{url: cfg.URL, zone: zone, deps: deps, signed: cfg.Signed}
	if cfg.Certificates != "" {
		if a.trusted, err = trustOf(cfg.Certificates); err != nil {
			return nil, err
		}
	}
	if a.signed && len(a.trusted) == 0 {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "cap: signed: needs certificates")
	}
	return a, nil
}

// errCut is why the rest of a document is not read.
var errCut = errors.New("cap: the document breaks off: what follows its last whole alert is missing")

// Fetch implements source.Source.
func (a *Alerts) Fetch(ctx context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
	next := cur
	res, err := source.Get(ctx, a.deps, fetch.Request{URL: a.url}, &next)
	if err != nil {
		return nil, next, err
	}
	doc, err := a.parse(res)
	if err != nil {
		return nil, cur, source.Invalid(res, err)
	}
	before, err := memoryOf(cur)
	if err != nil {
		return nil, cur, err
	}
	records, seen, missed, err := a.follow(ctx, doc.Links, before.Followed)
	if err != nil {
		return nil, cur, err
	}
	if doc.Cut {
		records = append(records, source.Record{Refused: events.Permanent(events.ReasonInvalidContent, errCut)})
	}
	if missed || doc.Cut {
		next.ReadAgain()
	}
	after := memory{Followed: seen, Chains: before.Chains}
	records = after.settle(append(doc.Records, records...))
	if next.State, err = json.Marshal(after); err != nil {
		return nil, cur, fmt.Errorf("cap: cursor: %w", err)
	}
	return records, next, nil
}

// parse reads an answer; alerts that must be signed and are not are refused.
func (a *Alerts) parse(res *fetch.Response) (*Document, error) {
	opt := Options{ContentType: res.ContentType, URL: res.FinalURL, Zone: a.zone, Trusted: a.trusted}
	if len(a.trusted) > 0 {
		opt.Now = a.deps.Now()
	}
	doc, err := Parse(res.Body, opt)
	if err != nil || !a.signed {
		return doc, err
	}
	for i, r := range doc.Records {
		if alert, ok := r.Value.(record.Alert); ok && alert.Signature != signatureValid {
			doc.Records[i].Refused = errSignature(alert.Signature)
		}
	}
	return doc, nil
}

// follow fetches the alerts of new entries. What fails for good is refused and
// done with; what may come later is missed. When nothing at all comes, the error
// is that of the first.
func (a *Alerts) follow(ctx context.Context, links []Link, before []uint64) (records []source.Record, seen []uint64, missed bool, _ error) {
	seen = []uint64{}
	var first error
	fetched := 0
	for _, link := range links {
		mark := xxhash.Sum64String(link.URL + "\n" + link.Version)
		if slices.Contains(before, mark) {
			seen = append(seen, mark)
			continue
		}
		if fetched == maxFollowed {
			missed = true
			break
		}
		fetched++
		found, err := a.one(ctx, link)
		switch {
		case ctx.Err() != nil:
			return nil, nil, false, err
		case err == nil:
			records, seen = append(records, found...), append(seen, mark)
		case final(err):
			records = append(records, source.Record{Item: link.ID, URL: link.URL, Refused: err})
			seen = append(seen, mark)
		default:
			missed = true
			first = cmp.Or(first, err)
		}
	}
	if first != nil && len(records) == 0 {
		return nil, nil, false, first
	}
	return records, seen, missed, nil
}

// final tells what asking again does not cure: the alert is gone, or is none.
func final(err error) bool {
	switch events.OutcomeOf(err).Reason {
	case events.ReasonNotFound, events.ReasonInvalidContent, events.ReasonTooLarge, events.ReasonForbidden, events.ReasonInvalidConfig:
		return true
	}
	return false
}

func (a *Alerts) one(ctx context.Context, link Link) ([]source.Record, error) {
	res, err := source.GetAll(ctx, a.deps, link.URL, nil)
	if err != nil {
		return nil, err
	}
	doc, err := a.parse(res)
	if err == nil && len(doc.Records) == 0 {
		err = errors.New("cap: the index links to no alert")
	}
	if err != nil {
		return nil, source.Invalid(res, err)
	}
	return doc.Records, nil
}
