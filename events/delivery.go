package events

import (
	"encoding/json"
	"strconv"
	"time"
)

// Rendition is what one channel will show. It is a pure function of the
// publication and the channel's profile: the console's preview is what is
// sent, byte for byte.
type Rendition struct {
	Channel string `json:"channel"` // channel ID
	Kind    string `json:"kind"`    // channel kind; names the shape of Body
	Hash    string `json:"hash"`    // of Body: proves what was shown
	// Body is the channel kind's own JSON value: the SMS text, sign pages,
	// post, feed entry or mail.
	Body json.RawMessage `json:"body"`
	// Text is the rendition as plain text, for people: previews, archives.
	Text          string   `json:"text"`
	Units         int      `json:"units"`                   // SMS parts, sign pages, posts of a thread; 1 otherwise
	CostMicroEUR  int64    `json:"costMicroEUR,omitempty"`  // for one recipient
	Warnings      []string `json:"warnings,omitempty"`      // what an officer should know: cut text, folded letters
	ContentLength int      `json:"contentLength,omitempty"` // in the channel's own unit: septets, graphemes, characters
}

// Action is what a delivery does on its channel.
type Action string

// The actions.
const (
	ActionPublish  Action = "publish"
	ActionUpdate   Action = "update"
	ActionWithdraw Action = "withdraw"
)

// Valid reports whether a is a known action.
func (a Action) Valid() bool {
	return a == ActionPublish || a == ActionUpdate || a == ActionWithdraw
}

// SubscriptionStream is the stream of what a resident is sent about the
// subscription itself, such as a code. No stream of an authority has its name,
// and no figure of impact counts it: nobody is informed of anything.
const SubscriptionStream = "abonnement"

// Delivery is a rendition on its way to one endpoint (a sign, an account, a
// feed) or to a batch of subscribers. It carries no contact: only opaque
// subscriber IDs. It is made by audience (batches) and publisher (endpoints).
type Delivery struct {
	ID          string    `json:"id"` // DeliveryID(...)
	Publication string    `json:"publication"`
	Revision    int       `json:"revision"`
	Authority   string    `json:"authority"`
	Stream      string    `json:"stream"`
	Channel     string    `json:"channel"` // channel ID of the authority
	Kind        string    `json:"kind"`    // channel kind
	Class       Class     `json:"class"`
	Topic       string    `json:"topic"`
	Severity    Severity  `json:"severity,omitempty"`
	Action      Action    `json:"action"`
	Batch       int       `json:"batch"`                 // number of the batch, from 0; 0 for an endpoint
	Subscribers []string  `json:"subscribers,omitempty"` // opaque IDs, in a fixed order
	Endpoint    string    `json:"endpoint,omitempty"`    // sign, account or feed
	Rendition   Rendition `json:"rendition"`
	SourceAt    time.Time `json:"sourceAt"`
	FetchedAt   time.Time `json:"fetchedAt"`
	ApprovedAt  time.Time `json:"approvedAt"`
	NotBefore   time.Time `json:"notBefore"`
	Expires     time.Time `json:"expires"`
	CreatedAt   time.Time `json:"createdAt"`
}

// DeliveryID is the identifier of one batch, or of one endpoint, of one
// revision of a publication on one channel.
func DeliveryID(publication string, revision int, channel, endpoint string, batch int) string {
	return NewID("delivery", publication, strconv.Itoa(revision), channel, endpoint, strconv.Itoa(batch))
}

// EventID implements Event.
func (d Delivery) EventID() string { return d.ID }

// EventType implements Event.
func (d Delivery) EventType() Type { return TypeDelivery }

// EventSource implements Event.
func (d Delivery) EventSource() string {
	return "/authority/" + d.Authority + "/channel/" + d.Channel
}

// EventTime implements Event.
func (d Delivery) EventTime() time.Time { return d.CreatedAt }

// Subject implements Event: delivery.<kind>.<class>.<authority>.
func (d Delivery) Subject() string {
	return subject(SubjectDelivery, d.Kind, string(d.Class), d.Authority)
}

// Recipients is how many people or endpoints the delivery is for.
func (d Delivery) Recipients() int {
	if d.Endpoint != "" {
		return 1
	}
	return len(d.Subscribers)
}

// Recipient returns the i-th recipient: a subscriber's opaque ID, or the
// endpoint.
func (d Delivery) Recipient(i int) string {
	if d.Endpoint != "" {
		return d.Endpoint
	}
	return d.Subscribers[i]
}

// Validate implements Event.
func (d Delivery) Validate() error {
	c := check{stage: "delivery"}
	c.required("id", d.ID)
	c.required("publication", d.Publication)
	c.that(d.Revision >= 1, "revision", "must be 1 or more")
	c.slug("authority", d.Authority)
	c.slug("channel", d.Channel)
	c.slug("kind", d.Kind)
	c.that(d.Class.Valid(), "class", "must be alert, service or promotional")
	c.that(d.Action.Valid(), "action", "must be publish, update or withdraw")
	c.that((d.Endpoint == "") != (len(d.Subscribers) == 0), "endpoint", "either an endpoint or subscribers, not both")
	c.time("expires", d.Expires)
	return c.err
}
