package enrol

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
)

// Stream is the stream that codes are sent on; no stream of an authority has
// its name.
const Stream = events.SubscriptionStream

// The bounds of a code.
const (
	CodeLife    = 10 * time.Minute
	MaxTries    = 5
	codesAnHour = 3
	codesADay   = 10
)

// The errors that a resident is told.
var (
	ErrTooMany  = errors.New("enrol: too many codes were asked for this contact")
	ErrExpired  = errors.New("enrol: the code is no longer valid")
	ErrWrong    = errors.New("enrol: not the code")
	ErrTries    = errors.New("enrol: too many wrong codes")
	ErrTaken    = errors.New("enrol: the contact is another subscriber's")
	ErrChannel  = errors.New("enrol: the authority has no such channel")
	ErrNotThere = errors.New("enrol: no such subscriber")
)

// Deps is what a Desk works with.
type Deps struct {
	Vault  *vault.Vault
	Master *vault.Master
	Emit   func(context.Context, ...events.Event) error
	Render func(context.Context, call.RenderRequest) (call.RenderReply, error)
	// Channel finds the authority's channel to a kind of contact.
	Channel func(authority, kind string) (registry.Channel, bool)
	Now     func() time.Time
}

// Desk carries out what residents ask. It is safe for concurrent use.
type Desk struct{ deps Deps }

// New returns a Desk.
func New(deps Deps) *Desk { return &Desk{deps} }

// Request is what a resident asks for.
type Request struct {
	Authority registry.Authority
	Kind      string // of contact
	Address   string // as typed
	Language  string
	TimeZone  string // IANA; empty: the authority's
	Text      string // version of the consent text shown
	Origin    consent.Origin
	Choices   []Choice
	// Subscriber is set by someone who is known already and adds a contact.
	Subscriber string
}

// Choice is one stream, with some of its topics and areas, or all.
type Choice struct {
	Stream        string
	Topics, Areas []string
}

// Ask seals the contact and sends it a code. It returns the subscriber, not yet
// confirmed. Errors: vault.ErrNumber, vault.ErrEmail, vault.ErrPush, ErrTooMany, ErrTaken,
// ErrChannel, or an outcome.
func (d *Desk) Ask(ctx context.Context, q Request) (vault.Record, error) {
	address, err := vault.Normalise(q.Kind, q.Address, vault.Region(q.Authority.INSEE))
	if err != nil {
		return vault.Record{}, err
	}
	ch, ok := d.deps.Channel(q.Authority.ID, q.Kind)
	if !ok {
		return vault.Record{}, ErrChannel
	}
	r, err := d.subscriber(ctx, q, address)
	if err != nil {
		return r, err
	}
	now := d.deps.Now().UTC()
	code, nonce := newCode(), rand.Text()
	r, err = d.deps.Vault.Modify(ctx, r.ID, func(r *vault.Record) error {
		sent := recent(r.Pending, now)
		if len(sent) >= codesADay || len(sent) >= codesAnHour && sent[len(sent)-codesAnHour].After(now.Add(-time.Hour)) {
			return ErrTooMany
		}
		r.Pending = &vault.Pending{
			Kind: q.Kind, Nonce: nonce, Publication: codeID(r.ID, nonce), Code: d.digest(r.ID, nonce, code), Expires: now.Add(CodeLife),
			Asked: asked(q, now), Sent: append(sent, now), TimeZone: q.TimeZone,
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, d.send(ctx, q, r, ch, code, now)
}

// subscriber finds or makes who the address belongs to.
func (d *Desk) subscriber(ctx context.Context, q Request, address string) (vault.Record, error) {
	if q.Subscriber == "" {
		r, err := d.deps.Vault.Enrol(ctx, q.Authority.ID, q.Kind, address, q.Language, d.deps.Now())
		if err != nil {
			return r, err
		}
		return d.deps.Vault.Return(ctx, r, q.Kind, address)
	}
	r, err := d.deps.Vault.AddContact(ctx, q.Subscriber, q.Kind, address)
	if errors.Is(err, jetstream.ErrKeyExists) {
		err = ErrTaken
	}
	return r, err
}

func recent(p *vault.Pending, now time.Time) []time.Time {
	if p == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.Sent), func(t time.Time) bool { return t.Before(now.Add(-24 * time.Hour)) })
}

func asked(q Request, now time.Time) []consent.Subscription {
	list := make([]consent.Subscription, 0, len(q.Choices))
	for _, c := range q.Choices {
		list = append(list, consent.Subscription{
			Stream: c.Stream, Kind: q.Kind, Topics: c.Topics, Areas: c.Areas, Status: consent.Pending,
			Proof: consent.Proof{Text: q.Text, Purpose: consent.PurposeNews, Channel: q.Kind, Origin: q.Origin, GivenAt: now},
		})
	}
	return list
}

func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil { // crypto/rand never fails
		panic(err)
	}
	return fmt.Sprintf("%06d", n.Int64())
}

// codeID is the ID of the message that carries a code: its page is where the
// code is entered.
func codeID(id, nonce string) string { return events.NewID("code", id, nonce) }

func (d *Desk) digest(id, nonce, code string) []byte {
	return d.deps.Master.Digest("code", id, nonce, code)
}

// send publishes the code as a delivery to one subscriber: the same path, the
// same proof, the same retries as everything.
func (d *Desk) send(ctx context.Context, q Request, r vault.Record, ch registry.Channel, code string, now time.Time) error {
	p := codeMessage(q, r, ch, code, now)
	reply, err := d.deps.Render(ctx, call.RenderRequest{Publication: p, Channels: []string{ch.ID}})
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	if len(reply.Rendered) != 1 || reply.Rendered[0].Error != "" {
		return events.Permanentf(events.ReasonRejected, "enrol: channel %s cannot show a code", ch.ID)
	}
	return d.deps.Emit(ctx, events.Delivery{
		ID:          events.DeliveryID(p.ID, p.Revision, ch.ID, "", 0),
		Publication: p.ID, Revision: 1, Authority: p.Authority, Stream: Stream, Channel: ch.ID, Kind: ch.Kind,
		Class: p.Class, Topic: p.Topic, Severity: p.Severity, Action: events.ActionPublish,
		Subscribers: []string{r.ID}, Rendition: reply.Rendered[0].Rendition,
		SourceAt: now, FetchedAt: now, ApprovedAt: now, NotBefore: now, Expires: p.Expires, CreatedAt: now,
	})
}

func codeMessage(q Request, r vault.Record, ch registry.Channel, code string, now time.Time) events.Publication {
	title := fmt.Sprintf("%s : votre code est %s", q.Authority.Name, code)
	text := "Il est valable 10 minutes. Si vous n’avez rien demandé, ignorez ce message."
	if strings.HasPrefix(q.Language, "en") {
		title = fmt.Sprintf("%s: your code is %s", q.Authority.Name, code)
		text = "It is valid for 10 minutes. If you asked for nothing, ignore this message."
	}
	id := r.Pending.Publication
	return events.Publication{
		ID: id, Revision: 1, Authority: q.Authority.ID, Stream: Stream, Message: id, Seq: id,
		Status: events.StatusActual, MsgType: events.MsgAlert, Class: events.ClassService, Topic: Stream,
		Severity: events.SeverityMinor, Urgency: events.UrgencyImmediate, Certainty: events.CertaintyObserved,
		Content:   events.Content{Language: "fr", Title: title, Text: text},
		Overrides: overrides(ch, title+". "+text),
		Channels:  []string{ch.ID}, NotBefore: now, Expires: now.Add(CodeLife),
		Origin:   []events.Provenance{{Authority: q.Authority.ID, Source: "portail", Kind: "portal", RawID: id, FetchedAt: now}},
		By:       []string{"system"},
		SourceAt: now, FetchedAt: now, At: now,
	}
}

// overrides writes an SMS whole, so that nothing is added to it.
func overrides(ch registry.Channel, text string) []events.Override {
	if to, _ := consent.ContactOf(ch.Kind); to != consent.SMS {
		return nil
	}
	return []events.Override{{Channel: ch.ID, Text: text}}
}

// Refuse drops what a code was asked for, by who received it without having
// asked: no other is sent to him for a day, after which nothing is left of who
// was never confirmed.
func (d *Desk) Refuse(ctx context.Context, id string) error {
	now := d.deps.Now().UTC()
	_, err := d.deps.Vault.Modify(ctx, id, func(r *vault.Record) error {
		if p := r.Pending; p != nil {
			p.Code, p.Asked, p.Publication = nil, nil, ""
			p.Sent = slices.Repeat([]time.Time{now}, codesADay)
		}
		return nil
	})
	if errors.Is(err, vault.ErrNotFound) {
		err = nil
	}
	return err
}

// Confirm proves what was asked, by the code. A contact that leads to another
// subscriber makes one of both: the same person has proven them. Errors:
// ErrWrong, ErrTries, ErrExpired, ErrNotThere, ErrTaken (both have another
// contact of one kind), or an outcome.
func (d *Desk) Confirm(ctx context.Context, id, code string) (vault.Record, error) {
	code = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
	r, err := d.confirm(ctx, id, code)
	if errors.Is(err, jetstream.ErrKeyExists) {
		if err = d.merge(ctx, r); err == nil {
			r, err = d.confirm(ctx, id, code)
		}
	}
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return r, ErrNotThere
	case errors.Is(err, jetstream.ErrKeyExists):
		return r, ErrTaken
	}
	return r, err
}

// confirm is one try: jetstream.ErrKeyExists when the code is right and the
// contact leads to another subscriber.
func (d *Desk) confirm(ctx context.Context, id, code string) (vault.Record, error) {
	now := d.deps.Now().UTC()
	var verdict error
	r, err := d.deps.Vault.Modify(ctx, id, func(r *vault.Record) error {
		p := r.Pending
		switch {
		case p == nil || len(p.Code) == 0 || !now.Before(p.Expires):
			return ErrExpired
		case p.Tries >= MaxTries:
			return ErrTries
		}
		verdict = nil
		if !hmac.Equal(p.Code, d.digest(r.ID, p.Nonce, code)) {
			if p.Tries++; p.Tries >= MaxTries {
				verdict = ErrTries
			} else {
				verdict = ErrWrong
			}
			return nil
		}
		if err := d.deps.Vault.Claim(ctx, *r, p.Kind); err != nil {
			return err
		}
		list, err := consent.Confirm(r.Subscriptions, p.Asked, now)
		if err != nil && !errors.Is(err, consent.ErrNothing) {
			return err
		}
		r.Subscriptions = list
		r.Confirmed(p.Kind, now)
		if p.TimeZone != "" {
			r.TimeZone = p.TimeZone
		}
		// The times of the codes stay: confirming gives no right to more.
		p.Code, p.Asked, p.Publication = nil, nil, ""
		return nil
	})
	if err == nil {
		err = verdict
	}
	return r, err
}

// merge takes in who the contact that r has just proven leads to.
func (d *Desk) merge(ctx context.Context, r vault.Record) error {
	address, err := d.deps.Vault.Address(r, r.Pending.Kind)
	if err != nil {
		return err
	}
	other, err := d.deps.Vault.Find(ctx, r.Authority, r.Pending.Kind, address)
	if errors.Is(err, vault.ErrNotFound) || err == nil && other.ID == r.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return d.deps.Vault.Merge(ctx, r.ID, other)
}

// Unproven reports whether a record is to be forgotten: its code was never
// given.
func Unproven(r vault.Record, now time.Time) bool {
	return r.ConfirmedAt.IsZero() && now.Sub(r.CreatedAt) > vault.UnprovenLife
}
