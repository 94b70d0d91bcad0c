package call

import (
	"encoding/json"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// Try asks ingest what an address would give if it were a source. Nothing is
// kept. An address that is no source is permanent, events.ReasonUnsupported.
var Try = Endpoint[TryRequest, TryReply]{Service: "ingest", Name: "try"}

// TryRequest is an address as a person pastes it, with or without https://.
type TryRequest struct {
	Authority string `json:"authority"`
	URL       string `json:"url"`
	// Limit bounds TryReply.Records; 0 is 20, 100 at most.
	Limit int `json:"limit,omitempty"`
}

// TryReply is the source to configure and what it gives today.
type TryReply struct {
	Kind     string          `json:"kind"`
	URL      string          `json:"url"`            // the address given, or the feed it leads to
	Name     string          `json:"name,omitempty"` // the source's own title
	Settings json.RawMessage `json:"settings,omitempty"`
	Every    time.Duration   `json:"every"` // the usual interval
	Total    int             `json:"total"` // records in the document
	Records  []TryRecord     `json:"records,omitempty"`
}

// TryRecord is one record as ingest would publish it, or why it is refused.
type TryRecord struct {
	Raw     events.Raw `json:"raw,omitzero"`
	Refused string     `json:"refused,omitempty"`
}

// Normalise asks normalizer for the messages that raw records would become.
// Nothing is kept.
var Normalise = Endpoint[NormaliseRequest, NormaliseReply]{Service: "normalizer", Name: "normalise"}

// NormaliseRequest is up to 100 records of one source, which need not be in
// the registry.
type NormaliseRequest struct {
	Source registry.Source `json:"source"`
	Raws   []events.Raw    `json:"raws"`
}

// NormaliseReply has one entry a record, in the order asked.
type NormaliseReply struct {
	Messages []Normalised `json:"messages"`
}

// Normalised is a message, or why the record makes none.
type Normalised struct {
	Message events.Message `json:"message,omitzero"`
	Error   string         `json:"error,omitempty"`
}

// Render asks publisher what channels would show for a publication: exactly
// what they will send. It is the console's preview and audience's rendition.
var Render = Endpoint[RenderRequest, RenderReply]{Service: "publisher", Name: "render"}

// RenderRequest names the channels of the publication's authority to render;
// none means all of Publication.Channels.
type RenderRequest struct {
	Publication events.Publication `json:"publication"`
	Channels    []string           `json:"channels,omitempty"`
}

// RenderReply has one entry a channel, in the order asked.
type RenderReply struct {
	Rendered []Rendered `json:"rendered"`
}

// Rendered is one channel's rendition, or why there is none.
type Rendered struct {
	Channel   string           `json:"channel"`
	Name      string           `json:"name"`
	Kind      string           `json:"kind"`
	Rendition events.Rendition `json:"rendition"`
	Preview   Preview          `json:"preview"`
	Error     string           `json:"error,omitempty"`
	Reason    events.Reason    `json:"reason,omitempty"`
}

// Preview is how a console shows a rendition.
type Preview struct {
	// Images are data URIs (image/png): sign pages, image cards; Alts are their
	// texts, one each. Shown, where there are several, names the endpoints that
	// show each, separated by spaces.
	Images []string `json:"images,omitempty"`
	Alts   []string `json:"alts,omitempty"`
	Shown  []string `json:"shown,omitempty"`
	// Variants are the same for those who read another language.
	Variants []PreviewVariant `json:"variants,omitempty"`
	// HTML is a sanitised fragment: mail, post.
	HTML string `json:"html,omitempty"`
	// Facts are short lines: "1 SMS, 134 septets, 0,05 €".
	Facts []string `json:"facts,omitempty"`
}

// PreviewVariant is a text in another language, or in plain words.
type PreviewVariant struct {
	Language string   `json:"language"` // BCP 47
	Text     string   `json:"text"`
	Facts    []string `json:"facts,omitempty"`
}

// Addresses asks publisher which addresses the providers of an authority's
// channels have to be told. Whoever knows one may call it: they go to who sets
// the channels up.
var Addresses = Endpoint[AddressesRequest, AddressesReply]{Service: "publisher", Name: "addresses"}

// AddressesRequest names the authority.
type AddressesRequest struct {
	Authority string `json:"authority"`
}

// AddressesReply lists the addresses by channel; one without any is left out.
type AddressesReply struct {
	Channels []ChannelAddresses `json:"channels,omitempty"`
}

// ChannelAddresses are those of one channel.
type ChannelAddresses struct {
	Channel   string    `json:"channel"`
	Addresses []Inbound `json:"addresses"`
}

// Inbound is an address that a provider calls, with a token in it.
type Inbound struct {
	What InboundKind `json:"what"`
	URL  Address     `json:"url"`
}

// InboundKind says what a provider calls an address for.
type InboundKind string

// What providers call for.
const (
	InboundBounces  InboundKind = "bounces"  // mails that came back
	InboundReceipts InboundKind = "receipts" // what became of each message
	InboundIncoming InboundKind = "incoming" // answers of residents: STOP
)

// Abbreviations asks publisher for its table of abbreviations, and whether an
// authority's own may amend it. Nothing is kept.
var Abbreviations = Endpoint[AbbreviationsRequest, AbbreviationsReply]{Service: "publisher", Name: "abbreviations"}

// AbbreviationsRequest has the authority's own.
type AbbreviationsRequest struct {
	Own []registry.Abbreviation `json:"own,omitempty"`
}

// AbbreviationsReply is the table without the authority's own, and the first of
// these that contradicts another.
type AbbreviationsReply struct {
	BuiltIn  []registry.Abbreviation `json:"builtIn"`
	Conflict *AbbreviationConflict   `json:"conflict,omitempty"`
}

// AbbreviationConflict is why an abbreviation cannot be used.
type AbbreviationConflict struct {
	Own     int                   `json:"own"` // index in AbbreviationsRequest.Own
	Problem AbbreviationProblem   `json:"problem"`
	With    registry.Abbreviation `json:"with"` // what it contradicts
}

// AbbreviationProblem says what is wrong with an abbreviation.
type AbbreviationProblem string

// The problems.
const (
	AbbreviationTwice     AbbreviationProblem = "twice"     // the word has another short form
	AbbreviationChain     AbbreviationProblem = "chain"     // the short form is a word that is itself shortened
	AbbreviationAmbiguous AbbreviationProblem = "ambiguous" // the short form stands for another word
)

// Resolve asks audience for the contacts of subscribers, for one delivery. It
// leaves out those who withdrew their consent or paused since, with a reason.
var Resolve = Endpoint[ResolveRequest, ResolveReply]{Service: "audience", Name: "resolve"}

// Tell asks publisher to say something to an authority's own people, on the
// channels that they read: that an alert waits for them.
var Tell = Endpoint[TellRequest, TellReply]{Service: "publisher", Name: "tell"}

// TellRequest is what to say.
type TellRequest struct {
	Authority string `json:"authority"`
	Text      string `json:"text"` // a line or two, plain
	Label     string `json:"label"`
	Link      string `json:"link"` // where to go; Label says so
}

// TellReply names the channels that said it.
type TellReply struct {
	Channels []string `json:"channels,omitempty"`
}

// ResolveRequest names subscribers of one authority and the kind of contact.
type ResolveRequest struct {
	Authority   string       `json:"authority"`
	Stream      string       `json:"stream"`
	Kind        string       `json:"kind"` // sms, email, push
	Class       events.Class `json:"class"`
	Subscribers []string     `json:"subscribers"`
}

// ResolveReply has one entry a subscriber, in the order asked.
type ResolveReply struct {
	Contacts []Contact `json:"contacts"`
}

// Contact is one subscriber's address on a channel. It never prints it.
type Contact struct {
	Subscriber  string        `json:"-"`                 // as asked
	Address     Address       `json:"address,omitempty"` // E.164, e-mail address or push subscription
	Language    string        `json:"language,omitempty"`
	Unsubscribe string        `json:"unsubscribe,omitempty"` // path of the page that ends it in one gesture: /d/<token>
	Reason      events.Reason `json:"reason,omitempty"`      // why there is no address: opted_out, no_consent, bad_recipient
	HoldUntil   time.Time     `json:"holdUntil,omitzero"`    // quiet hours: not before, UTC
}

// Address is a telephone number, e-mail address or push endpoint, or an address
// with a token in it. Formatting or logging it shows nothing; only JSON of a reply and Reveal give it.
type Address string

// String implements fmt.Stringer.
func (Address) String() string { return "[contact]" }

// GoString implements fmt.GoStringer.
func (Address) GoString() string { return "[contact]" }

// Reveal returns the address itself, for the provider and nobody else.
func (a Address) Reveal() string { return string(a) }

// OptOut tells audience that the owner of an address said stop on a channel,
// or that the address is dead.
var OptOut = Endpoint[OptOutRequest, OptOutReply]{Service: "audience", Name: "opt-out"}

// OptOutRequest names an address, or a subscriber where it is known.
type OptOutRequest struct {
	Authority  string        `json:"authority,omitempty"` // empty: every authority of this address
	Kind       string        `json:"kind"`
	Address    Address       `json:"address,omitempty"`
	Subscriber string        `json:"subscriber,omitempty"`
	Reason     events.Reason `json:"reason"` // opted_out or bad_recipient
	Evidence   string        `json:"evidence,omitempty"`
	At         time.Time     `json:"at"`
}

// OptOutReply tells how many subscriptions ended.
type OptOutReply struct {
	Ended int `json:"ended"`
}

// Reach asks audience how many people a publication would reach by channel.
var Reach = Endpoint[ReachRequest, ReachReply]{Service: "audience", Name: "reach"}

// ReachRequest is the publication as it would be approved.
type ReachRequest struct {
	Publication events.Publication `json:"publication"`
}

// ReachReply has one entry a subscriber channel.
type ReachReply struct {
	Channels []ChannelReach `json:"channels"`
	People   int            `json:"people"` // distinct subscribers
}

// ChannelReach is the number of subscribers one channel would reach.
type ChannelReach struct {
	Channel     string `json:"channel"`
	Subscribers int    `json:"subscribers"`
}

// Enrol registers people who gave their consent elsewhere: at a counter, on
// paper, or in the list of an earlier system. They are confirmed at once: the
// proof of their consent is the caller's statement.
var Enrol = Endpoint[EnrolRequest, EnrolReply]{Service: "audience", Name: "enrol"}

// EnrolRequest is up to 1,000 people of one authority.
type EnrolRequest struct {
	Authority string      `json:"authority"`
	By        string      `json:"by"`       // officer ID, or "import"
	Evidence  string      `json:"evidence"` // how consent was given: "guichet", "import 2026-11-23 fichier X"
	People    []Enrolment `json:"people"`
}

// Enrolment is one contact and what it is subscribed to.
type Enrolment struct {
	Kind     string   `json:"kind"` // sms, email
	Address  Address  `json:"address"`
	Streams  []string `json:"streams"`
	Topics   []string `json:"topics,omitempty"` // none is all of the stream's
	Areas    []string `json:"areas,omitempty"`  // none is the whole authority
	Language string   `json:"language,omitempty"`
}

// EnrolReply tells what became of each.
type EnrolReply struct {
	Enrolled int       `json:"enrolled"`
	Known    int       `json:"known"` // already had these subscriptions
	Refused  []Refusal `json:"refused,omitempty"`
}

// Refusal is one enrolment that cannot be used.
type Refusal struct {
	Index  int           `json:"index"` // in EnrolRequest.People
	Field  string        `json:"field"`
	Reason events.Reason `json:"reason"`
	Text   string        `json:"text"` // without the address
}
