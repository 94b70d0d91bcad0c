package events

import "time"

// ReceiptStatus is what became of a delivery for one recipient.
type ReceiptStatus string

// The statuses. Accepted is ours (the delivery is planned), sent is the
// provider's acceptance, the others follow or end it.
const (
	StatusAccepted     ReceiptStatus = "accepted"
	StatusSent         ReceiptStatus = "sent"
	StatusDelivered    ReceiptStatus = "delivered"
	StatusFailed       ReceiptStatus = "failed"
	StatusUnknown      ReceiptStatus = "unknown"
	StatusDisplayed    ReceiptStatus = "displayed"
	StatusClicked      ReceiptStatus = "clicked"
	StatusUseful       ReceiptStatus = "useful"
	StatusNotUseful    ReceiptStatus = "not_useful"
	StatusAcknowledged ReceiptStatus = "acknowledged"
	StatusOptedOut     ReceiptStatus = "opted_out"
)

// ReceiptStatuses returns the closed list of statuses.
func ReceiptStatuses() []ReceiptStatus {
	return []ReceiptStatus{
		StatusAccepted, StatusSent, StatusDelivered, StatusFailed, StatusUnknown, StatusDisplayed,
		StatusClicked, StatusUseful, StatusNotUseful, StatusAcknowledged, StatusOptedOut,
	}
}

// Valid reports whether s is a known status. It is called once a recipient,
// so it is a switch and not a search.
func (s ReceiptStatus) Valid() bool {
	switch s {
	case StatusAccepted, StatusSent, StatusDelivered, StatusFailed, StatusUnknown, StatusDisplayed,
		StatusClicked, StatusUseful, StatusNotUseful, StatusAcknowledged, StatusOptedOut:
		return true
	}
	return false
}

// Terminal reports whether no delivery work is left after s: the provider's
// acceptance is terminal where it gives no further receipt.
func (s ReceiptStatus) Terminal() bool {
	return s != StatusAccepted && s != StatusUnknown
}

// Recipient is the outcome for one recipient of a delivery.
type Recipient struct {
	ID           string        `json:"id,omitempty"` // opaque subscriber ID, or the endpoint
	Status       ReceiptStatus `json:"status"`
	Reason       Reason        `json:"reason,omitempty"` // for failed and unknown
	At           time.Time     `json:"at"`               // when it happened, as the provider says where it does
	Units        int           `json:"units,omitempty"`  // parts or pages counted
	CostMicroEUR int64         `json:"costMicroEUR,omitempty"`
	Duplicates   int           `json:"duplicates,omitempty"` // how often it may have been sent again after ambiguous crashes (alerts only)
	Via          string        `json:"via,omitempty"`        // the channel that took over from the delivery's own, whose provider failed
}

// Receipt tells what became of a delivery, for the recipients of one batch
// whose outcome is known. One event carries many recipients, so that a send to
// a million is some thousands of events. It is made by publisher and audience.
type Receipt struct {
	ID          string     `json:"id"` // ReceiptID(Delivery, Step)
	Delivery    string     `json:"delivery"`
	Step        string     `json:"step"` // what produced it: submit, dlr-<n>, click-<id>…: unique within a delivery
	Publication string     `json:"publication"`
	Revision    int        `json:"revision"`
	Authority   string     `json:"authority"`
	Stream      string     `json:"stream"`
	Channel     string     `json:"channel"`
	Kind        string     `json:"kind"`
	Class       Class      `json:"class"`
	Topic       string     `json:"topic"`
	Batch       int        `json:"batch"`
	SourceAt    time.Time  `json:"sourceAt"`
	FetchedAt   time.Time  `json:"fetchedAt"`
	ApprovedAt  time.Time  `json:"approvedAt"`
	CreatedAt   time.Time  `json:"createdAt"`
	Recipients  Recipients `json:"recipients"`
}

// ReceiptID is the identifier of one step of one delivery.
func ReceiptID(delivery, step string) string { return NewID("receipt", delivery, step) }

// NewReceipt makes the receipt of a step of d for recipients at a time.
func NewReceipt(d Delivery, step string, at time.Time, recipients []Recipient) Receipt {
	return Receipt{
		ID: ReceiptID(d.ID, step), Delivery: d.ID, Step: step,
		Publication: d.Publication, Revision: d.Revision, Authority: d.Authority, Stream: d.Stream,
		Channel: d.Channel, Kind: d.Kind, Class: d.Class, Topic: d.Topic, Batch: d.Batch,
		SourceAt: d.SourceAt, FetchedAt: d.FetchedAt, ApprovedAt: d.ApprovedAt,
		CreatedAt: at.UTC(), Recipients: recipients,
	}
}

// EventID implements Event.
func (r Receipt) EventID() string { return r.ID }

// EventType implements Event.
func (r Receipt) EventType() Type { return TypeReceipt }

// EventSource implements Event.
func (r Receipt) EventSource() string { return "/authority/" + r.Authority + "/channel/" + r.Channel }

// EventTime implements Event.
func (r Receipt) EventTime() time.Time { return r.CreatedAt }

// Subject implements Event: receipt.<kind>.<authority>.
func (r Receipt) Subject() string { return subject(SubjectReceipt, r.Kind, r.Authority) }

// Validate implements Event.
func (r Receipt) Validate() error {
	c := check{stage: "receipt"}
	c.required("id", r.ID)
	c.required("delivery", r.Delivery)
	c.required("publication", r.Publication)
	c.slug("authority", r.Authority)
	c.slug("channel", r.Channel)
	c.slug("kind", r.Kind)
	c.that(r.Class.Valid(), "class", "must be alert, service or promotional")
	c.that(len(r.Recipients) > 0, "recipients", "at least one is required")
	for _, to := range r.Recipients {
		c.required("recipients.ids", to.ID)
		c.that(to.Status.Valid(), "recipients.status", "not a receipt status")
	}
	return c.err
}
